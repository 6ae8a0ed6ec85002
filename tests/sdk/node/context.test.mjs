// A pack attached by the header `jeton-context`: the same answer as with the same text pasted by hand, on every face, streamed or not.
import assert from "node:assert/strict";
import { test } from "node:test";
import { EXTRACT, STEADY, anthropic, api, openai } from "./support.mjs";

const QUESTION = "Within how many days is a refund of a kettle possible?";
const HEADERS = { "jeton-context": "refunds" };
const oai = openai();
const ant = anthropic();

/** What Jeton compiles for the question, as one would paste it. */
async function compiled() {
  const { segments } = await api("/context/compile", { task: QUESTION, pack: "refunds" });
  return segments.map((segment) => segment.text).join("");
}

async function collected(stream) {
  const seen = [];
  for await (const one of stream) seen.push(one);
  return seen;
}

async function chat(pasted, headers, stream) {
  const messages = [...(pasted ? [{ role: "system", content: pasted }] : []), { role: "user", content: QUESTION }];
  const answer = await oai.chat.completions.create({ model: EXTRACT, messages, stream }, { headers });
  if (!stream) return answer.choices[0].message.content;
  return (await collected(answer)).map((chunk) => chunk.choices[0]?.delta.content ?? "").join("");
}

async function messages(pasted, headers, stream) {
  const asked = { model: EXTRACT, max_tokens: 200, messages: [{ role: "user", content: QUESTION }], ...(pasted ? { system: pasted } : {}) };
  if (stream) return ant.messages.stream(asked, { headers }).finalText();
  return (await ant.messages.create(asked, { headers })).content[0].text;
}

/** The tokens that a provider of the Responses face counted as input. */
async function responseInput(pasted, headers, stream) {
  const asked = { model: STEADY, input: QUESTION, stream, ...(pasted ? { instructions: pasted } : {}) };
  const answer = await oai.responses.create(asked, { headers });
  if (!stream) return answer.usage.input_tokens;
  return (await collected(answer)).find((event) => event.type === "response.completed").response.usage.input_tokens;
}

for (const stream of [false, true]) {
  const how = stream ? ", streamed" : "";
  for (const face of [chat, messages]) {
    test(`a pack answers as the same text pasted by hand: ${face.name}${how}`, async () => {
      const pasted = await face(await compiled(), {}, stream);
      const attached = await face(null, HEADERS, stream);
      assert.match(attached, /30 days/);
      assert.equal(attached, pasted);
    });
  }

  test(`a pack is taken in as the same text pasted by hand: responses${how}`, async () => {
    const alone = await responseInput(null, {}, stream);
    const pasted = await responseInput(await compiled(), {}, stream);
    const attached = await responseInput(null, HEADERS, stream);
    assert.ok(alone < pasted, `${alone} < ${pasted}`);
    assert.equal(attached, pasted);
  });
}
