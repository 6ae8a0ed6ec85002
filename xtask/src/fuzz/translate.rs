//! Translation between dialects under strangers' bytes.

use super::targets::{is_json, kind_of, need, outcome, pieces};
use bytes::Bytes;
use jeton_core::Usage;
use jeton_wire::canonical::{Answering, Loss, Request, StreamTranslator, Target, ToolNames, encode_request, read_request, translate_document};
use jeton_wire::{Endpoint, read_document};

const DIALECTS: [Endpoint; 5] = [Endpoint::Chat, Endpoint::Responses, Endpoint::Messages, Endpoint::Generate, Endpoint::Converse];

pub(super) fn request(from: Endpoint, input: &[u8]) -> Result<u64, String> {
    let (request, loss) = match read_request(from, input) {
        Ok(read) => read,
        Err(fault) => return Ok(outcome(kind_of(&fault.message))),
    };
    let mut kinds = vec![outcome(kinds_of(&loss))];
    for to in DIALECTS {
        match encode_request(&request, &Target::new(to, "m", 4_096)) {
            Ok(encoded) => {
                let again = read_request(to, &encoded.body);
                need(again.is_ok(), || format!("in {to} it is not read: {:?}: {}", again.err(), encoded.body.escape_ascii()))?;
                need(encoded.loss.header().len() <= 1_024, || "the header is too long".into())?;
                kinds.push(outcome(kinds_of(&encoded.loss)));
            }
            Err(fault) => kinds.push(outcome(kind_of(&fault.message))),
        }
    }
    Ok(outcome(kinds))
}

fn kinds_of(loss: &Loss) -> Vec<String> {
    loss.iter().map(|lost| kind_of(&lost.path)).take(6).collect()
}

fn answering(from: Endpoint, to: Endpoint) -> Answering {
    Answering::new(&Request { include_usage: true, ..Request::new(to, "m") }, from, ToolNames::default())
}

pub(super) fn answer(from: Endpoint, input: &[u8]) -> Result<u64, String> {
    let usage = read_document(from, input).usage;
    let mut kinds = Vec::new();
    for to in DIALECTS {
        match translate_document(&answering(from, to), input, usage.clone(), 1) {
            Ok(jeton_wire::canonical::Translation { body: document, loss, .. }) => {
                need(is_json(&document), || format!("in {to} it is no JSON: {}", document.escape_ascii()))?;
                kinds.push(outcome((kinds_of(&loss), document.len().min(600) / 100)));
            }
            Err(fault) => kinds.push(outcome(kind_of(&fault.message))),
        }
    }
    Ok(outcome(kinds))
}

/// What the caller gets, what was lost, and how it failed.
fn translated(from: Endpoint, to: Endpoint, chunks: &[Bytes]) -> (Vec<u8>, Vec<String>, Option<String>) {
    let mut translator = StreamTranslator::new(answering(from, to), 1, Usage::default());
    let mut out = Vec::new();
    let pushed = chunks.iter().try_for_each(|chunk| translator.push(chunk, &mut out));
    let closed = pushed.and_then(|()| translator.close(&Usage::default()));
    let lost = kinds_of(translator.loss());
    match closed {
        Ok(closing) => out.extend(closing),
        Err(fault) => {
            out.extend(translator.fail(&fault));
            return (out, lost, Some(kind_of(&fault.message)));
        }
    }
    (out, lost, None)
}

pub(super) fn stream(from: Endpoint, input: &[u8]) -> Result<u64, String> {
    let input = Bytes::copy_from_slice(input);
    let kinds: Result<Vec<u64>, String> = DIALECTS.into_iter().map(|to| stream_to(from, to, &input).map_err(|why| format!("to {to}: {why}"))).collect();
    Ok(outcome(kinds?))
}

fn stream_to(from: Endpoint, to: Endpoint, input: &Bytes) -> Result<u64, String> {
    let whole = translated(from, to, std::slice::from_ref(input));
    let cut = translated(from, to, &pieces(input));
    need(whole == cut, || format!("whole: {} {:?}\n  in pieces: {} {:?}", whole.0.escape_ascii(), whole.2, cut.0.escape_ascii(), cut.2))?;
    let terminals: [&[u8]; 6] = [
        b"\ndata: [DONE]\n",
        b"event: message_stop\n",
        b"event: response.completed\n",
        b"event: response.incomplete\n",
        b"event: metadata\n",
        b"\"role\":\"model\"},\"finishReason\":",
    ];
    let ends: usize = terminals.iter().map(|terminal| whole.0.windows(terminal.len()).filter(|part| part == terminal).count()).sum();
    need(ends <= usize::from(whole.2.is_none()), || format!("it ends {ends} times, {:?}: {}", whole.2, whole.0.escape_ascii()))?;
    for line in whole.0.split(|byte| *byte == b'\n').filter_map(|line| line.strip_prefix(b"data: ")) {
        need(line == b"[DONE]" || is_json(line), || format!("no JSON: {}", line.escape_ascii()))?;
    }
    Ok(outcome((whole.1, whole.2, ends, whole.0.len().min(3_000) / 250)))
}
