// What the documentation says of the agents is what runs here.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

test("docs/clients.md names the versions that were tried", () => {
  const { dependencies } = JSON.parse(readFileSync(join(import.meta.dirname, "package.json"), "utf8"));
  const page = readFileSync(join(import.meta.dirname, "../../docs/clients.md"), "utf8");
  for (const [name, version] of [["Claude Code", dependencies["@anthropic-ai/claude-code"]], ["Codex CLI", dependencies["@openai/codex"]]]) {
    assert.ok(page.includes(`${name} ${version}`), `docs/clients.md does not say "${name} ${version}"`);
  }
});
