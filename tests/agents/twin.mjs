// A provider that plays a script in whichever vendor's dialect it is asked, as its public reference writes it, and keeps what it was asked.
import { createServer } from "node:http";

const USAGE = { fresh: 100, cached: 20, out: 30 };

/** The proof of a thought: Messages signs it, Responses encrypts it, and both want it back byte for byte. */
export const PROOF = "EqQBCkYIBxgCKkDd/w==";

/** The results of tools that a request tells, as [id of the call, text], in order. */
export function resultsIn(dialect, body) {
  if (dialect === "messages") {
    const blocks = body.messages.flatMap((message) => (Array.isArray(message.content) ? message.content : []));
    return blocks.filter((block) => block.type === "tool_result").map((block) => [block.tool_use_id, textOf(block.content)]);
  }
  if (dialect === "responses") {
    return (Array.isArray(body.input) ? body.input : []).filter((item) => item.type === "function_call_output").map((item) => [item.call_id, textOf(item.output)]);
  }
  return body.messages.filter((message) => message.role === "tool").map((message) => [message.tool_call_id, textOf(message.content)]);
}

/** What a request brings back of the proofs with which the provider signed or encrypted its thoughts, in order. */
export function proofsIn(dialect, body) {
  if (dialect === "messages") {
    const blocks = body.messages.flatMap((message) => (Array.isArray(message.content) ? message.content : []));
    return blocks.filter((block) => block.type === "thinking").map((block) => block.signature);
  }
  return dialect === "responses" ? body.input.filter((item) => item.type === "reasoning").map((item) => item.encrypted_content) : [];
}

const textOf = (content) => (Array.isArray(content) ? content.map((part) => part.text ?? "").join("") : (content ?? ""));

/** Starts it. `script(turn, request)` gives what is said in a turn: `{ thought, text, calls: [{ id, name, arguments }] }`; turns are counted by results. */
export async function twin(script) {
  const requests = [];
  const server = createServer(async (request, response) => {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    const body = JSON.parse(Buffer.concat(pieces).toString());
    const dialect = { messages: "messages", responses: "responses" }[new URL(request.url, "http://twin").pathname.split("/").pop()] ?? "chat";
    const results = resultsIn(dialect, body);
    const asked = { dialect, body, results, proofs: proofsIn(dialect, body) };
    requests.push(asked);
    let said;
    try {
      said = script(results.length, asked);
    } catch (error) {
      response.writeHead(400, { "content-type": "application/json" });
      return response.end(JSON.stringify({ type: "error", error: { type: "invalid_request_error", message: String(error) } }));
    }
    const events = { messages, responses, chat }[dialect]({ calls: [], ...said }, body.model);
    response.writeHead(200, { "content-type": "text/event-stream" });
    return response.end(events.join(""));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, requests, close: () => server.close().closeAllConnections() };
}

const event = (data) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
const halves = (text) => [text.slice(0, text.length >> 1), text.slice(text.length >> 1)];

function messages({ thought, text, calls }, model) {
  const usage = { input_tokens: USAGE.fresh, cache_creation_input_tokens: 0, cache_read_input_tokens: USAGE.cached, output_tokens: 1 };
  const message = { id: "msg_1", type: "message", role: "assistant", model, content: [], stop_reason: null, stop_sequence: null, usage };
  const events = [{ type: "message_start", message }];
  const blocks = [];
  if (thought) {
    const deltas = halves(thought).map((half) => ({ type: "thinking_delta", thinking: half }));
    blocks.push([{ type: "thinking", thinking: "", signature: "" }, [...deltas, { type: "signature_delta", signature: PROOF }]]);
  }
  if (text) blocks.push([{ type: "text", text: "" }, halves(text).map((half) => ({ type: "text_delta", text: half }))]);
  for (const call of calls) {
    const deltas = halves(JSON.stringify(call.arguments)).map((half) => ({ type: "input_json_delta", partial_json: half }));
    blocks.push([{ type: "tool_use", id: call.id, name: call.name, input: {} }, deltas]);
  }
  for (const [index, [content_block, deltas]] of blocks.entries()) {
    events.push({ type: "content_block_start", index, content_block });
    events.push(...deltas.map((delta) => ({ type: "content_block_delta", index, delta })));
    events.push({ type: "content_block_stop", index });
  }
  const stop_reason = calls.length ? "tool_use" : "end_turn";
  events.push({ type: "message_delta", delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: USAGE.out } }, { type: "message_stop" });
  return events.map(event);
}

function chat({ thought, text, calls }, model) {
  const deltas = [{ role: "assistant", content: "" }];
  if (thought) deltas.push(...halves(thought).map((half) => ({ reasoning_content: half })));
  if (text) deltas.push(...halves(text).map((half) => ({ content: half })));
  for (const [index, call] of calls.entries()) {
    deltas.push({ tool_calls: [{ index, id: call.id, type: "function", function: { name: call.name, arguments: "" } }] });
    deltas.push(...halves(JSON.stringify(call.arguments)).map((half) => ({ tool_calls: [{ index, function: { arguments: half } }] })));
  }
  const prompt_tokens = USAGE.fresh + USAGE.cached;
  const usage = { prompt_tokens, completion_tokens: USAGE.out, total_tokens: prompt_tokens + USAGE.out, prompt_tokens_details: { cached_tokens: USAGE.cached } };
  const choices = deltas.map((delta) => [{ index: 0, delta, finish_reason: null }]);
  choices.push([{ index: 0, delta: {}, finish_reason: calls.length ? "tool_calls" : "stop" }], []);
  const head = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1_700_000_000, model };
  const chunks = choices.map((choice) => ({ ...head, choices: choice, usage: choice.length ? null : usage }));
  return [...chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`), "data: [DONE]\n\n"];
}

function responses({ thought, text, calls }, model) {
  const items = calls.map((call) => ({ id: `fc_${call.id}`, type: "function_call", status: "completed", call_id: call.id, name: call.name, arguments: JSON.stringify(call.arguments) }));
  if (text) items.unshift({ id: "msg_1", type: "message", status: "completed", role: "assistant", content: [{ type: "output_text", text, annotations: [] }] });
  if (thought) items.unshift({ id: "rs_1", type: "reasoning", summary: [{ type: "summary_text", text: thought }], encrypted_content: PROOF });
  const input_tokens = USAGE.fresh + USAGE.cached;
  const usage = { input_tokens, input_tokens_details: { cached_tokens: USAGE.cached }, output_tokens: USAGE.out, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: input_tokens + USAGE.out };
  const response = { id: "resp_1", object: "response", created_at: 1_700_000_000, model };
  const events = [{ type: "response.created", response: { ...response, status: "in_progress", output: [] } }];
  for (const [index, item] of items.entries()) events.push(...itemEvents(index, item));
  events.push({ type: "response.completed", response: { ...response, status: "completed", output: items, usage } });
  return events.map((data, sequence_number) => event({ ...data, sequence_number }));
}

function itemEvents(output_index, item) {
  const at = { output_index, item_id: item.id };
  const begun = { ...item, ...{ message: { status: "in_progress", content: [] }, reasoning: { summary: [], encrypted_content: null } }[item.type] };
  const events = [];
  if (item.type === "message") {
    const [part] = item.content;
    const place = { ...at, content_index: 0 };
    events.push({ type: "response.content_part.added", ...place, part: { ...part, text: "" } });
    events.push(...halves(part.text).map((delta) => ({ type: "response.output_text.delta", ...place, delta })));
    events.push({ type: "response.output_text.done", ...place, text: part.text }, { type: "response.content_part.done", ...place, part });
  } else if (item.type === "reasoning") {
    const [part] = item.summary;
    const place = { ...at, summary_index: 0 };
    events.push({ type: "response.reasoning_summary_part.added", ...place, part: { ...part, text: "" } });
    events.push(...halves(part.text).map((delta) => ({ type: "response.reasoning_summary_text.delta", ...place, delta })));
    events.push({ type: "response.reasoning_summary_text.done", ...place, text: part.text }, { type: "response.reasoning_summary_part.done", ...place, part });
  } else {
    Object.assign(begun, { status: "in_progress", arguments: "" });
    events.push(...halves(item.arguments).map((delta) => ({ type: "response.function_call_arguments.delta", ...at, delta })));
    events.push({ type: "response.function_call_arguments.done", ...at, name: item.name, arguments: item.arguments });
  }
  return [{ type: "response.output_item.added", output_index, item: begun }, ...events, { type: "response.output_item.done", output_index, item }];
}
