// Two hundred streams at a time, each whole and each accounted.
import assert from "node:assert/strict";
import { test } from "node:test";
import { STEADY, anthropic, callsWith, inputTotal, openai, tag } from "./support.mjs";

const STREAMS = 200;
const numbers = Array.from({ length: STREAMS }, (_, number) => number);
const question = (number) => [{ role: "user", content: `Question number ${number}: say hello.` }];

async function checkAll(label, results) {
  const recorded = new Map((await callsWith(label)).map((call) => [call.id, call]));
  assert.equal(recorded.size, STREAMS);
  assert.equal(new Set(results.map(({ call }) => call)).size, STREAMS);
  for (const { call, input, output, text } of results) {
    const { status, usage } = recorded.get(call);
    assert.ok(text);
    assert.deepEqual([status, inputTotal(usage), usage.output], ["ok", input, output]);
  }
}

test("openai", async () => {
  const { name: label, headers } = tag();
  const client = openai();
  const one = async (number) => {
    const body = { model: STEADY, messages: question(number), max_tokens: 100, stream: true, stream_options: { include_usage: true } };
    const { data, response } = await client.chat.completions.create(body, { headers }).withResponse();
    let text = "";
    let usage;
    for await (const chunk of data) {
      text += chunk.choices[0]?.delta.content ?? "";
      usage = chunk.usage ?? usage;
    }
    return { call: response.headers.get("jeton-call"), input: usage.prompt_tokens, output: usage.completion_tokens, text };
  };
  await checkAll(label, await Promise.all(numbers.map(one)));
});

test("anthropic", async () => {
  const { name: label, headers } = tag();
  const client = anthropic();
  const one = async (number) => {
    const stream = client.messages.stream({ model: STEADY, messages: question(number), max_tokens: 100 }, { headers });
    const text = await stream.finalText();
    const { usage } = await stream.finalMessage();
    return { call: stream.response.headers.get("jeton-call"), input: usage.input_tokens, output: usage.output_tokens, text };
  };
  await checkAll(label, await Promise.all(numbers.map(one)));
});
