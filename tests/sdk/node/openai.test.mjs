// The official OpenAI SDK for Node against the built-in and simulated models.
import assert from "node:assert/strict";
import { test } from "node:test";
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";
import { EXTRACT, HELLO, STEADY, TOOLS, api, callsWith, checkRecord, inputTotal, openai, receipt, tag } from "./support.mjs";

const client = openai();
const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false };
const weather = { type: "function", function: { name: "get_weather", description: "The weather in a city.", parameters } };

const checkUsage = (record, usage) =>
  assert.deepEqual([usage.prompt_tokens, usage.completion_tokens], [inputTotal(record.usage), record.usage.output]);

test("chat", async () => {
  const { data, response } = await client.chat.completions.create({ model: STEADY, messages: HELLO, max_tokens: 200 }).withResponse();
  const record = await receipt(response);
  assert.ok(data.choices[0].message.content);
  checkRecord(record, { model: STEADY, endpoint: "chat", finish: data.choices[0].finish_reason });
  checkUsage(record, data.usage);
});

for (const include_usage of [true, false]) {
  test(`chat, streamed, ${include_usage ? "with" : "without"} usage`, async () => {
    const asked = include_usage ? { stream_options: { include_usage } } : {};
    const { data, response } = await client.chat.completions.create({ model: STEADY, messages: HELLO, max_tokens: 200, stream: true, ...asked }).withResponse();
    const chunks = [];
    for await (const chunk of data) chunks.push(chunk);
    const record = await receipt(response);
    const finishes = chunks.map((chunk) => chunk.choices[0]?.finish_reason).filter(Boolean);
    assert.equal(finishes.length, 1);
    checkRecord(record, { model: STEADY, endpoint: "chat", finish: finishes[0], stream: true });
    const usages = chunks.filter((chunk) => chunk.usage);
    assert.equal(usages.length, include_usage ? 1 : 0);
    if (include_usage) {
      assert.equal(usages[0], chunks.at(-1));
      assert.deepEqual(usages[0].choices, []);
      checkUsage(record, usages[0].usage);
    } else {
      assert.ok(chunks.every((chunk) => chunk.choices.length > 0));
      assert.ok(record.usage.output > 0);
    }
  });
}

test("tools, streamed, through the SDK's helper", async () => {
  const { name, headers } = tag();
  const answer = await client.chat.completions.stream({ model: TOOLS, messages: HELLO, tools: [weather], max_tokens: 200 }, { headers }).finalChatCompletion();
  const calls = answer.choices[0].message.tool_calls;
  assert.equal(answer.choices[0].finish_reason, "tool_calls");
  assert.equal(new Set(calls.map((call) => call.id)).size, 2);
  for (const call of calls) assert.ok(JSON.parse(call.function.arguments).city);
  const [{ id }] = await callsWith(name);
  const record = await api(`/calls/${id}`);
  checkRecord(record, { model: TOOLS, endpoint: "chat", finish: "tool_calls", stream: true });
  assert.equal(record.tool_calls, 2);
});

test("structured output", async () => {
  const Person = z.object({ name: z.string(), age: z.number().int() });
  const messages = [{ role: "user", content: "name: Ada Lovelace\nage: 36\n\nWho is this?" }];
  const answer = await client.chat.completions.parse({ model: EXTRACT, messages, response_format: zodResponseFormat(Person, "person") });
  assert.deepEqual(answer.choices[0].message.parsed, { name: "Ada Lovelace", age: 36 });
});

test("responses", async () => {
  const { data, response } = await client.responses.create({ model: STEADY, input: "Say hello.", max_output_tokens: 200 }).withResponse();
  const record = await receipt(response);
  assert.equal(data.status, "completed");
  assert.ok(data.output_text);
  checkRecord(record, { model: STEADY, endpoint: "responses" });
  assert.deepEqual([data.usage.input_tokens, data.usage.output_tokens], [inputTotal(record.usage), record.usage.output]);
});

test("responses, streamed", async () => {
  const { data, response } = await client.responses.create({ model: STEADY, input: "Say hello.", max_output_tokens: 200, stream: true }).withResponse();
  const events = [];
  for await (const event of data) events.push(event);
  const record = await receipt(response);
  assert.ok(events.every((event, at) => at === 0 || event.sequence_number > events[at - 1].sequence_number));
  assert.equal(events[0].type, "response.created");
  assert.equal(events.at(-1).type, "response.completed");
  const text = events.filter((event) => event.type === "response.output_text.delta").map((event) => event.delta).join("");
  const done = events.filter((event) => event.type === "response.output_text.done").map((event) => event.text).join("");
  assert.equal(text, done);
  checkRecord(record, { model: STEADY, endpoint: "responses", stream: true });
  assert.equal(events.at(-1).response.usage.output_tokens, record.usage.output);
});

test("embeddings", async () => {
  const { data, response } = await client.embeddings.create({ model: STEADY, input: ["a lighthouse", "a tool"] }).withResponse();
  const record = await receipt(response);
  assert.equal(data.data.length, 2);
  assert.ok(data.data[0].embedding.every(Number.isFinite));
  assert.notDeepEqual(data.data[0].embedding, data.data[1].embedding);
  checkRecord(record, { model: STEADY, endpoint: "embeddings" });
  assert.equal(data.usage.prompt_tokens, inputTotal(record.usage));
});

test("models", async () => {
  const names = [];
  for await (const model of client.models.list()) names.push(model.id);
  assert.ok(names.includes(STEADY) && names.includes(EXTRACT));
});
