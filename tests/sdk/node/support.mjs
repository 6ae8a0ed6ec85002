// What every suite needs: the vendors' clients pointed at Jeton, and the ledger's own account of a call.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";

const { JETON_URL: URL_, JETON_KEY: KEY, JETON_KEY_POOR, JETON_KEY_ADMIN } = process.env;

export const KEY_POOR = JETON_KEY_POOR;
export const STEADY = "twin/steady"; // answers at once, and well
export const SLOW = "slow/steady"; // a long answer in many small pieces, with time between them
export const STALLED = "stalled/steady"; // takes the request and says nothing
export const LIMITED = "limited/steady"; // 429 with retry-after, always
export const TOOLS = "tooluser/steady"; // calls the weather tool twice, in pieces
export const EXTRACT = "local/extract";

export const HELLO = [{ role: "user", content: "Say hello." }];

// How long the ledger may take to show a call whose client has gone: nothing tells that client when it is settled.
const SETTLED_WITHIN_MS = 10_000;

export const openai = (changes = {}) => new OpenAI({ baseURL: `${URL_}/v1`, apiKey: KEY, maxRetries: 0, timeout: 30_000, ...changes });

export const anthropic = (changes = {}) => new Anthropic({ baseURL: URL_, apiKey: KEY, maxRetries: 0, timeout: 30_000, ...changes });

/** A label of one test alone, and the header that puts it on its calls. */
export function tag() {
  const name = `test-${randomUUID().slice(0, 12)}`;
  return { name, headers: { "jeton-tags": name } };
}

/** The answer of Jeton's own API, asked with `body` where there is one; null where it is not found. */
export async function api(path, body) {
  const headers = { authorization: `Bearer ${JETON_KEY_ADMIN}` };
  const asked = body ? { method: "POST", headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(body) } : { headers };
  const response = await fetch(`${URL_}/api${path}`, asked);
  if (response.status === 404) return null;
  assert.equal(response.status, 200, path);
  return response.json();
}

/** The ledger's record of the call that the headers of a response name. It is there as soon as the end of the response is. */
export const receipt = (response) => api(`/calls/${response.headers.get("jeton-call")}`);

export const callsWith = async (name) => (await api(`/calls?tag=${name}&limit=1000`)).calls;

/** What `ask` gives, as soon as it gives something. Each question is a request, so this asks no faster than the server answers. */
async function askedUntil(ask) {
  const deadline = Date.now() + SETTLED_WITHIN_MS;
  while (Date.now() < deadline) {
    const answer = await ask();
    if (answer) return answer;
  }
  return assert.fail(`no answer within ${SETTLED_WITHIN_MS} ms`);
}

/** The record of a call whose client left, once it has the status. */
export const settled = (id, status) =>
  askedUntil(async () => {
    const record = await api(`/calls/${id}`);
    return record?.status === status ? record : null;
  });

/** The first call of a tag whose client did not wait for its end. */
export const firstWith = (name) => askedUntil(async () => (await callsWith(name)).at(-1));

/** OpenAI counts cached tokens as input; the ledger keeps them apart. */
export const inputTotal = (usage) => ["input", "cache_read", "cache_write", "cache_write_1h"].reduce((sum, kind) => sum + (usage[kind] ?? 0), 0);

/** What holds of every call that went well. */
export function checkRecord(record, { model, endpoint, finish, stream = false }) {
  assert.equal(record.status, "ok");
  assert.equal(record.http_status, 200);
  assert.deepEqual([record.model, record.endpoint, record.stream], [model, endpoint, stream]);
  assert.equal(record.usage_certainty, "reported");
  assert.equal(record.key, "suite");
  assert.equal(record.tries.length, 1);
  if (finish !== undefined) assert.equal(record.finish_reason, finish);
}
