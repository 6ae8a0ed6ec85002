// Claude Code, which speaks Messages, does a piece of work with models that are asked in OpenAI's dialects.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { ANSWER, ASKED, checkWork, PACKAGES, run, THOUGHT, workplace } from "./support.mjs";

const PROGRAM = join(PACKAGES, "@anthropic-ai/claude-code/cli-wrapper.cjs");

const turns = (file) => (turn) => [
  { thought: THOUGHT, text: "I read it.", calls: [{ id: "call_0", name: "Read", arguments: { file_path: file } }] },
  { calls: [{ id: "call_1", name: "Edit", arguments: { file_path: file, old_string: "light is red", new_string: "light is green" } }] },
  { text: ANSWER },
][turn];

for (const dialect of ["chat", "responses"]) {
  test(`Claude Code with a model that is asked through ${dialect}`, async (t) => {
    const place = await workplace(t, `claude-${dialect}`, turns);
    const env = {
      ...place.env,
      ANTHROPIC_BASE_URL: place.jeton.url,
      ANTHROPIC_AUTH_TOKEN: "none",
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
      DISABLE_AUTOUPDATER: "1",
      DISABLE_ERROR_REPORTING: "1",
      DISABLE_TELEMETRY: "1",
    };
    const asked = ["--print", ASKED, "--output-format", "json", "--model", `${dialect}/m`, "--allowedTools", "Read,Edit"];
    const { code, signal, stdout, stderr } = await run(process.execPath, [PROGRAM, ...asked], { cwd: place.work, env });
    assert.deepEqual([code, signal], [0, null], `${stdout}${stderr}`);
    const said = JSON.parse(stdout);
    assert.deepEqual([said.subtype, said.is_error, said.result, said.num_turns], ["success", false, ANSWER, 3]);
    assert.deepEqual(said.permission_denials, []);
    const { input_tokens, cache_read_input_tokens, output_tokens } = said.usage;
    assert.deepEqual([input_tokens, cache_read_input_tokens, output_tokens], [300, 60, 90]);
    const seen = [/The harbour light is red\.\n.*Ships steer by it\./, /has been updated/];
    await checkWork(place, { dialect, face: "messages", agent: "claude", seen });
  });
}
