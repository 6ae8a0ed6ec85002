// What every suite of an agent needs: a running Jeton between the agent and a scripted provider, a piece of work, and what must hold of it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { PROOF, twin } from "./twin.mjs";

const { JETON_BINARY, JETON_SCRATCH, UPDATE_GOLDEN, PATH } = process.env;
export const PACKAGES = join(import.meta.dirname, "node_modules");
const LOSSES = join(import.meta.dirname, "losses");

/** How long an agent may take for its piece of work. Measured on two cores: 3 s. */
const LIMIT_MS = 120_000;

/** The piece of work: one word of a file changes, and a question is answered. */
export const FILE = "note.txt";
const BEFORE = "The harbour light is red.\nShips steer by it.\n";
const AFTER = "The harbour light is green.\nShips steer by it.\n";
export const ASKED = "In note.txt, make the harbour light green, then say who steers by it.";
export const THOUGHT = "First I have to see what it says.";
export const ANSWER = "Ships steer by the light, which is green — são e salvo.";

/** Providers by the dialect in which they are asked; each has prices of its own, so a charge tells whose it is. US$ per million tokens. */
const PROVIDERS = {
  chat: { api: "openai", base: "/v1", endpoints: ["chat"], price: { input: 1, output: 4, cache_read: 0.1 } },
  responses: { api: "openai", base: "/v1", endpoints: ["responses"], price: { input: 2, output: 8, cache_read: 0.2 } },
  messages: { api: "anthropic", base: "", endpoints: [], price: { input: 3, output: 12, cache_read: 0.3 } },
};

/** What the twin's usage costs at a provider, in nano-dollars: 100 tokens in, 20 from the cache, 30 out. */
const chargeOf = ({ price }) => Math.round((100 * price.input + 20 * price.cache_read + 30 * price.output) * 1000);

function config(url) {
  const parts = Object.entries(PROVIDERS).map(([name, { api, base, endpoints, price }]) => {
    const narrowed = endpoints.length ? `endpoints = ${JSON.stringify(endpoints)}\n` : "";
    const prices = Object.entries(price).map(([kind, value]) => `${kind} = ${value.toFixed(2)}`).join(", ");
    return `[providers.${name}]\napi = "${api}"\nbase_url = "${url}${base}"\n${narrowed}\n[models."${name}/m"]\nprice = { ${prices} }\n`;
  });
  return parts.join("\n");
}

/** Ends a process and all that it started. */
function endGroup(child) {
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // The group is gone already.
  }
}

/** Runs a program in a process group of its own, of which nothing is left when the program ends or its time is over. */
export async function run(program, args, { cwd, env }) {
  const child = spawn(program, args, { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const printed = { stdout: "", stderr: "" };
  for (const pipe of ["stdout", "stderr"]) child[pipe].setEncoding("utf8").on("data", (text) => (printed[pipe] += text));
  const limit = setTimeout(() => endGroup(child), LIMIT_MS);
  try {
    const [code, signal] = await new Promise((resolve, reject) => child.on("error", reject).on("exit", (...how) => resolve(how)));
    const closed = ["stdout", "stderr"].map((pipe) => new Promise((resolve) => (child[pipe].closed ? resolve() : child[pipe].on("close", resolve))));
    endGroup(child);
    await Promise.all(closed);
    return { code, signal, ...printed };
  } finally {
    clearTimeout(limit);
  }
}

/** A way out of the machine that leads nowhere and tells where one wanted to go. */
async function wayOut(t) {
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    response.writeHead(403).end();
  });
  server.on("connect", (request, socket) => {
    asked.push(request.url);
    socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const url = `http://127.0.0.1:${server.address().port}`;
  const own = "127.0.0.1,localhost";
  return { asked, env: { HTTP_PROXY: url, HTTPS_PROXY: url, http_proxy: url, https_proxy: url, NO_PROXY: own, no_proxy: own } };
}

/** Starts Jeton in `project`; what it is asked for by command is asked in the same environment. */
async function jeton(t, project, env) {
  const child = spawn(JETON_BINARY, ["up"], { cwd: project, env: { ...env, JETON_LISTEN: "127.0.0.1:0" }, stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
  t.after(() => child.kill("SIGKILL"));
  const log = [];
  const listening = new Promise((resolve) => {
    for (const pipe of [child.stdout, child.stderr]) {
      createInterface({ input: pipe }).on("line", (line) => {
        log.push(line);
        const address = line.match(/listening on (\S+)/);
        if (address) resolve(address[1].replace(/\/$/, ""));
      });
    }
  });
  const url = await Promise.race([listening, ended.then(() => assert.fail(`Jeton does not start:\n${log.join("\n")}`))]);
  const command = async (...args) => {
    const { code, stdout, stderr } = await run(JETON_BINARY, args, { cwd: project, env });
    assert.equal(code, 0, `jeton ${args.join(" ")}: ${stderr}`);
    return stdout;
  };
  const stop = async () => {
    child.kill("SIGTERM");
    assert.equal(await ended, 0, log.join("\n"));
    await command("ledger", "verify");
  };
  return { url, command, stop };
}

/** A home, a directory with the file, a Jeton and a twin behind it that plays `turns(file)`. */
export async function workplace(t, name, turns) {
  const root = mkdtempSync(join(JETON_SCRATCH, `${name}-`));
  const [home, work, project, temporary] = ["home", "work", "project", "tmp"].map((part) => join(root, part));
  for (const directory of [home, work, project, temporary]) mkdirSync(directory);
  const file = join(work, FILE);
  writeFileSync(file, BEFORE);
  const provider = await twin(turns(file));
  t.after(provider.close);
  writeFileSync(join(project, "jeton.toml"), config(provider.url));
  const out = await wayOut(t);
  // Nothing of the person's own environment, so no credential of theirs.
  const env = { PATH, HOME: home, TMPDIR: temporary, LANG: "C.UTF-8", TERM: "dumb", ...out.env };
  return { home, work, file, env, provider, wentOut: out.asked, jeton: await jeton(t, project, env) };
}

/** What must hold once the work is done: the file, the results that the provider saw, and the ledger; `seen` is a passage of each result. */
export async function checkWork({ file, provider, wentOut, jeton }, { dialect, face, agent, seen }) {
  assert.equal(readFileSync(file, "utf8"), AFTER);
  assert.deepEqual(wentOut, []);

  // Every turn but the first brings the result of the one before, in the provider's own dialect and under the id that it gave.
  const told = provider.requests.map((request) => request.results);
  assert.deepEqual(provider.requests.map((request) => request.dialect), [dialect, ...seen.map(() => dialect)]);
  assert.deepEqual(told.map((results) => results.map(([id]) => id)), [...seen.keys(), seen.length].map((turn) => [...seen.keys()].slice(0, turn).map((at) => `call_${at}`)));
  for (const [at, passage] of seen.entries()) assert.match(told.at(-1)[at][1], passage);

  // What the provider has signed comes back byte for byte in every later turn; Chat has no such thing.
  assert.deepEqual(provider.requests.map((request) => request.proofs), [[], ...seen.map(() => (dialect === "chat" ? [] : [PROOF]))]);

  const calls = JSON.parse(await jeton.command("call", "list", "--json"));
  const receipts = await Promise.all((calls.calls ?? calls).map(async ({ id }) => JSON.parse(await jeton.command("call", "show", id, "--json")).record));
  receipts.sort((a, b) => a.started - b.started || (a.id < b.id ? -1 : 1));
  assert.equal(receipts.length, provider.requests.length);
  for (const record of receipts) {
    assert.deepEqual([record.status, record.http_status, record.endpoint, record.stream], ["ok", 200, face, true]);
    assert.deepEqual([record.model_asked, record.model, record.usage_certainty], [`${dialect}/m`, `${dialect}/m`, "reported"]);
    assert.deepEqual([record.charged, record.cost], [chargeOf(PROVIDERS[dialect]), { known: chargeOf(PROVIDERS[dialect]) }]);
    assert.equal(record.tries.length, 1);
  }
  checkLosses(`${agent}-${dialect}`, receipts);
  await jeton.stop();
}

/** What of the agent's requests and of the answers did not come across: read the difference before you accept it (`UPDATE_GOLDEN=1`). */
function checkLosses(name, receipts) {
  const told = receipts.map(({ decisions }, at) => {
    const lines = decisions.map(({ what }) => what).filter((what) => / (dropped|approximated) /.test(what));
    return [`call ${at}`, ...lines.map((line) => `  ${line}`)].join("\n");
  });
  const text = `${told.join("\n")}\n`;
  const golden = join(LOSSES, `${name}.txt`);
  if (UPDATE_GOLDEN) writeFileSync(golden, text);
  assert.equal(text, readFileSync(golden, "utf8"));
}
