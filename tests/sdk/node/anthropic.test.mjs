// The official Anthropic SDK for Node against the built-in and simulated models.
import assert from "node:assert/strict";
import { test } from "node:test";
import { zodOutputFormat } from "@anthropic-ai/sdk/helpers/zod";
import { z } from "zod";
import { EXTRACT, HELLO, STEADY, TOOLS, anthropic, checkRecord, receipt } from "./support.mjs";

const client = anthropic();
const input_schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const weather = { name: "get_weather", description: "The weather in a city.", input_schema };

const textOf = (message) => message.content.filter((block) => block.type === "text").map((block) => block.text).join("");
const checkUsage = (record, usage) => assert.deepEqual([usage.input_tokens, usage.output_tokens], [record.usage.input, record.usage.output]);

test("messages", async () => {
  const { data, response } = await client.messages.create({ model: STEADY, system: "Be brief.", messages: HELLO, max_tokens: 200 }).withResponse();
  const record = await receipt(response);
  assert.ok(textOf(data));
  checkRecord(record, { model: STEADY, endpoint: "messages", finish: data.stop_reason });
  checkUsage(record, data.usage);
});

test("messages, streamed", async () => {
  const { data, response } = await client.messages.create({ model: STEADY, messages: HELLO, max_tokens: 200, stream: true }).withResponse();
  const events = [];
  for await (const event of data) events.push(event);
  const record = await receipt(response);
  assert.equal(events[0].type, "message_start");
  assert.deepEqual(events.slice(-2).map((event) => event.type), ["message_delta", "message_stop"]);
  checkRecord(record, { model: STEADY, endpoint: "messages", finish: events.at(-2).delta.stop_reason, stream: true });
  assert.equal(events.at(-2).usage.output_tokens, record.usage.output);
});

test("tools, streamed, through the SDK's helper", async () => {
  const stream = client.messages.stream({ model: TOOLS, messages: HELLO, tools: [weather], max_tokens: 200 });
  const answer = await stream.finalMessage();
  const uses = answer.content.filter((block) => block.type === "tool_use");
  assert.equal(answer.stop_reason, "tool_use");
  assert.equal(new Set(uses.map((use) => use.id)).size, 2);
  for (const use of uses) assert.ok(use.input.city);
  const record = await receipt(stream.response);
  checkRecord(record, { model: TOOLS, endpoint: "messages", finish: "tool_use", stream: true });
  checkUsage(record, answer.usage);
  assert.equal(record.tool_calls, 2);
});

test("structured output", async () => {
  const Person = z.object({ name: z.string(), age: z.number().int() });
  const messages = [{ role: "user", content: "name: Ada Lovelace\nage: 36\n\nWho is this?" }];
  const answer = await client.messages.parse({ model: EXTRACT, messages, max_tokens: 200, output_config: { format: zodOutputFormat(Person) } });
  assert.deepEqual(answer.parsed_output, { name: "Ada Lovelace", age: 36 });
});

test("count_tokens", async () => {
  const count = async (content) => (await client.messages.countTokens({ model: STEADY, messages: [{ role: "user", content }] })).input_tokens;
  const [short, long] = [await count("Say hello."), await count("Say hello. ".repeat(100))];
  assert.ok(0 < short && short < long);
});

test("models", async () => {
  const names = [];
  for await (const model of client.models.list()) names.push(model.id);
  assert.ok(names.includes(STEADY) && names.includes(EXTRACT));
});
