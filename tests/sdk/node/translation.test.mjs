// A conversation with tools, a picture and signed thinking, held by each vendor's client with a model of every other dialect.
import assert from "node:assert/strict";
import { test } from "node:test";
import { anthropic, openai } from "./support.mjs";

const PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const SCHEMA = { type: "object", properties: { path: { type: "string" } } };
const RESULTS = { call_a: "hello", call_b: "a.txt b.txt", call_c: "hello again" };
const TURNS = [
  { calls: [["call_a", "read", { path: "a.txt" }], ["call_b", "list", {}]], text: "Let me look." },
  { calls: [["call_c", "read", { path: "b.txt" }]], text: "" },
  { calls: [], text: "Both files say hello." },
];
const ASKED = "What do the files say?";
const CLOUDS = ["agent-gemini/m", "agent-bedrock/anthropic.claude-m"];

for (const stream of [false, true]) {
  const how = stream ? "streamed" : "whole";

  for (const model of ["agent-chat/m", "agent-responses/m", ...CLOUDS]) {
    test(`the Anthropic client with ${model}, ${how}`, async () => {
      const client = anthropic();
      const tools = ["read", "list"].map((name) => ({ name, description: "d", input_schema: SCHEMA }));
      const image = { type: "image", source: { type: "base64", media_type: "image/png", data: PICTURE } };
      const messages = [{ role: "user", content: [image, { type: "text", text: ASKED }] }];
      for (const { calls, text } of TURNS) {
        const asked = { model, max_tokens: 4000, tools, messages, thinking: { type: "enabled", budget_tokens: 2000 } };
        const message = stream ? await client.messages.stream(asked).finalMessage() : await client.messages.create(asked);
        const uses = message.content.filter((block) => block.type === "tool_use");
        assert.deepEqual(uses.map((use) => [use.id, use.name, use.input]), calls);
        assert.equal(message.content.filter((block) => block.type === "text").map((block) => block.text).join(""), text);
        assert.equal(message.stop_reason, calls.length ? "tool_use" : "end_turn");
        assert.deepEqual([message.usage.input_tokens, message.usage.cache_read_input_tokens, message.usage.output_tokens], [100, 20, 30]);
        messages.push({ role: "assistant", content: message.content });
        if (calls.length) {
          messages.push({ role: "user", content: calls.map(([id]) => ({ type: "tool_result", tool_use_id: id, content: RESULTS[id] })) });
        }
      }
    });
  }

  for (const model of ["agent-messages/m", ...CLOUDS]) {
    test(`the OpenAI client through Chat with ${model}, ${how}`, async () => {
      const client = openai();
      const tools = ["read", "list"].map((name) => ({ type: "function", function: { name, parameters: SCHEMA } }));
      const image = { type: "image_url", image_url: { url: `data:image/png;base64,${PICTURE}` } };
      const messages = [{ role: "user", content: [image, { type: "text", text: ASKED }] }];
      for (const { calls, text } of TURNS) {
        const asked = { model, max_completion_tokens: 4000, tools, messages, reasoning_effort: "medium" };
        const completion = stream
          ? await client.chat.completions.stream({ ...asked, stream_options: { include_usage: true } }).finalChatCompletion()
          : await client.chat.completions.create(asked);
        const [{ message, finish_reason }] = completion.choices;
        const made = (message.tool_calls ?? []).map((call) => [call.id, call.function.name, JSON.parse(call.function.arguments)]);
        assert.deepEqual([made, message.content ?? "", finish_reason], [calls, text, calls.length ? "tool_calls" : "stop"]);
        const { prompt_tokens, prompt_tokens_details, completion_tokens } = completion.usage;
        assert.deepEqual([prompt_tokens, prompt_tokens_details.cached_tokens, completion_tokens], [120, 20, 30]);
        // Only what this client knows goes back: the signature is none of it, and comes back all the same.
        const tool_calls = (message.tool_calls ?? []).map(({ id, function: { name, arguments: text } }) => ({ id, type: "function", function: { name, arguments: text } }));
        messages.push({ role: "assistant", content: message.content, ...(tool_calls.length ? { tool_calls } : {}) });
        for (const [id] of calls) messages.push({ role: "tool", tool_call_id: id, content: RESULTS[id] });
      }
    });
  }

  for (const model of ["agent-messages/m", "agent-chat/m", ...CLOUDS]) {
    test(`the OpenAI client through Responses with ${model}, ${how}`, async () => {
      const client = openai();
      const tools = ["read", "list"].map((name) => ({ type: "function", name, parameters: SCHEMA, strict: false }));
      const image = { type: "input_image", image_url: `data:image/png;base64,${PICTURE}`, detail: "auto" };
      const input = [{ role: "user", content: [image, { type: "input_text", text: ASKED }] }];
      for (const { calls, text } of TURNS) {
        const asked = { model, max_output_tokens: 4000, tools, input, reasoning: { effort: "medium", summary: "auto" }, store: false };
        const response = stream ? await client.responses.stream(asked).finalResponse() : await client.responses.create(asked);
        const made = response.output.filter((item) => item.type === "function_call").map((item) => [item.call_id, item.name, JSON.parse(item.arguments)]);
        assert.deepEqual([made, response.output_text, response.status], [calls, text, "completed"]);
        const { input_tokens, input_tokens_details, output_tokens } = response.usage;
        assert.deepEqual([input_tokens, input_tokens_details.cached_tokens, output_tokens], [120, 20, 30]);
        input.push(...response.output.map(({ parsed_arguments: _, ...item }) => item));
        for (const [id] of calls) input.push({ type: "function_call_output", call_id: id, output: RESULTS[id] });
      }
    });
  }
}
