// Codex, which speaks Responses, does a piece of work with models that are asked through Messages and Chat.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ANSWER, ASKED, checkWork, FILE, PACKAGES, run, THOUGHT, workplace } from "./support.mjs";

const PROGRAM = join(PACKAGES, "@openai/codex/bin/codex.js");

const PATCH = `apply_patch <<'END'
*** Begin Patch
*** Update File: ${FILE}
@@
-The harbour light is red.
+The harbour light is green.
*** End Patch
END`;

/** The name under which the provider got a tool of the namespace in which Codex keeps those for further agents. */
const namespaced = ({ body }, name) => body.tools.map((tool) => (tool.function ?? tool).name).find((sent) => sent.startsWith(`multi_agent_v1__${name}_`));

const turns = () => (turn, asked) => [
  { thought: THOUGHT, text: "I read it.", calls: [{ id: "call_0", name: "exec_command", arguments: { cmd: `cat ${FILE}` } }] },
  { calls: [{ id: "call_1", name: "exec_command", arguments: { cmd: PATCH } }] },
  { calls: [{ id: "call_2", name: namespaced(asked, "close_agent"), arguments: { target: "nobody" } }] },
  { text: ANSWER },
][turn];

// The provider's own search is refused by models of other vendors, so it is off.
const config = (url, model) => `model = "${model}"
model_provider = "jeton"
web_search = "disabled"

[model_providers.jeton]
name = "Jeton"
base_url = "${url}/v1"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0

[features]
plugins = false

[analytics]
enabled = false
`;

for (const dialect of ["messages", "chat"]) {
  test(`Codex with a model that is asked through ${dialect}`, async (t) => {
    const place = await workplace(t, `codex-${dialect}`, turns);
    const settings = join(place.home, ".codex");
    mkdirSync(settings);
    writeFileSync(join(settings, "config.toml"), config(place.jeton.url, `${dialect}/m`));
    // The commands are those of the script above, so no sandbox has to hold them.
    const asked = ["exec", "--json", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", ASKED];
    const { code, signal, stdout, stderr } = await run(process.execPath, [PROGRAM, ...asked], { cwd: place.work, env: place.env });
    assert.deepEqual([code, signal], [0, null], `${stdout}${stderr}`);
    const events = stdout.trim().split("\n").map((line) => JSON.parse(line));
    const said = events.filter(({ type, item }) => type === "item.completed" && item.type === "agent_message").map(({ item }) => item.text);
    assert.deepEqual(said, ["I read it.", ANSWER]);
    const { type, usage } = events.at(-1);
    assert.deepEqual([type, usage.input_tokens, usage.cached_input_tokens, usage.output_tokens], ["turn.completed", 480, 80, 120]);
    const seen = [/The harbour light is red\.\nShips steer by it\./, /Updated the following files:\nM note\.txt/, /invalid agent id nobody/];
    await checkWork(place, { dialect, face: "responses", agent: "codex", seen });
  });
}
