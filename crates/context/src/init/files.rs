//! The texts of the proposed files.

use super::ClassGuess;

/// Where the workflow stands.
pub(super) const WORKFLOW_PATH: &str = ".github/workflows/jeton-context.yml";

/// The commands that a CI runs.
pub(super) const COMMANDS: &str = "jeton config check\njeton context lock --check\njeton audit --gate error\n";

/// The workflow for GitHub. It takes for granted that the runner has `jeton`; how it gets there is the team's choice.
pub(super) const WORKFLOW: &str = "# Looks at what models are given to work with, for each proposed change. The runner needs `jeton` on its path.
name: context
on: pull_request
permissions:
  contents: read
jobs:
  context:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          fetch-depth: 0
      - run: jeton config check
      - run: jeton context lock --check
      - run: jeton audit --gate error
";

/// `jeton.toml` with a table for each class.
pub(super) fn configuration(classes: &[ClassGuess]) -> String {
    let mut text = "# The project. `jeton config reference` explains every setting; every one may be left out.\n".to_owned();
    if classes.is_empty() {
        text.push_str("\n# Nothing here suggested a class of work. A class is the kind of work a call does, for example:\n#\n# [classes.\"code.review\"]\n# pack = \"code-review\"\n");
        return text;
    }
    text.push_str("# The classes are guesses. No rule says which calls are theirs: a call names its class in the header `jeton-class`,\n# or by its path, `/c/CLASS/v1/…`; `match` finds it by key, header, path, tag or system prompt.\n");
    for class in classes {
        let evidence = class.evidence.replace(['\n', '\r'], " ");
        text.push_str(&format!("\n# {}. Suggested by: {evidence}\n[classes.\"{}\"]\npack = \"{}\"\n", capital(&class.what), class.name, class.pack));
    }
    text
}

/// The pack of a class.
pub(super) fn pack(class: &ClassGuess) -> String {
    let kinds: Vec<String> = class.kinds.iter().map(|kind| format!("\"{kind}\"")).collect();
    format!(
        "# What calls of the class `{}` are given: the units that serve the last message of the user best, within the budget.\nkinds = [{}]\nquery = \"last_user\"\nbudget_tokens = {}\nplace = \"system\"\n",
        class.name,
        kinds.join(", "),
        class.budget_tokens
    )
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}
