// Errors reach the SDKs as their own types, retries happen where they help, and every attempt is on the ledger.
import assert from "node:assert/strict";
import { test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { HELLO, KEY_POOR, LIMITED, SLOW, STALLED, STEADY, anthropic, callsWith, firstWith, openai, settled, tag } from "./support.mjs";

const vendors = [
  {
    name: "openai",
    errors: OpenAI,
    ask: (options, body, request) => openai(options).chat.completions.create({ messages: HELLO, max_tokens: 100, ...body }, request),
    hasContent: (event) => Boolean(event.choices[0]?.delta.content),
    code: (error) => error.code,
  },
  {
    name: "anthropic",
    errors: Anthropic,
    ask: (options, body, request) => anthropic(options).messages.create({ messages: HELLO, max_tokens: 100, ...body }, request),
    hasContent: (event) => event.type === "content_block_delta",
    code: (error) => error.error.error.code,
  },
];

for (const { name, errors, ask, hasContent, code } of vendors) {
  const caught = async (kind, ...request) => {
    const error = await ask(...request).then(() => assert.fail("it did not fail"), (error) => error);
    assert.ok(error instanceof errors[kind], `${error.constructor.name}: ${error.message}`);
    return error;
  };

  test(`${name}: a limited provider is tried again by the SDK and then raised`, async () => {
    const { name: label, headers } = tag();
    const error = await caught("RateLimitError", { maxRetries: 2 }, { model: LIMITED }, { headers });
    assert.ok(error.headers.get("retry-after"));
    assert.deepEqual((await callsWith(label)).map((call) => call.http_status), [429, 429, 429]);
  });

  test(`${name}: a refusal for money is not tried again`, async () => {
    const { name: label, headers } = tag();
    const error = await caught("BadRequestError", { maxRetries: 2, apiKey: KEY_POOR }, { model: STEADY }, { headers });
    assert.equal(code(error), "budget_exhausted");
    assert.deepEqual((await callsWith(label)).map((call) => [call.status, call.charged_nanousd]), [["refused", 0]]);
  });

  test(`${name}: an unknown model is not found and its neighbours are named`, async () => {
    assert.match((await caught("NotFoundError", {}, { model: "twin/stedy" })).message, /twin\/steady/);
  });

  test(`${name}: a key that nobody made is refused`, async () => {
    await caught("AuthenticationError", { apiKey: "nobody" }, { model: STEADY });
  });

  test(`${name}: the SDK's own timeout ends the call upstream too`, async () => {
    const { name: label, headers } = tag();
    await caught("APIConnectionTimeoutError", { timeout: 500 }, { model: STALLED }, { headers });
    await settled((await firstWith(label)).id, "cancelled");
  });

  test(`${name}: a stream that the client leaves is charged for what it got`, async () => {
    const { data, response } = await ask({}, { model: SLOW, max_tokens: 2000, stream: true }).withResponse();
    let got = 0;
    for await (const event of data) {
      if (hasContent(event) && ++got === 3) break;
    }
    data.controller.abort();
    const record = await settled(response.headers.get("jeton-call"), "cancelled");
    assert.equal(record.usage_certainty, "estimated");
    assert.ok(record.usage.output > 0 && record.usage.output < 2000);
    assert.equal(record.entries.filter((entry) => entry.kind === "charge").length, 1);
  });
}
