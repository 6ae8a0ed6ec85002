//! Small changes to an input, most of them such as a hostile or broken peer would make.

use jeton_core::SeededRandom;

/// Pieces that mean something to one of the readers.
const WORDS: [&[u8]; 64] = [
    b"\"model\":\"m\",",
    b"\"stream\":true,",
    b"\"stream\":1,",
    b"\"stream_options\":{\"include_usage\":true},",
    b"\"stream_options\":{},",
    b"\"stream_options\":null,",
    b"\"include_usage\":false",
    b"\"max_tokens\":16,",
    b"\"max_completion_tokens\":null,",
    b"\"max_output_tokens\":1e2,",
    b"\"n\":2,",
    b"\"n\":-1,",
    b"\"usage\":null,",
    b"\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4},",
    b"\"usage\":{\"input_tokens\":3,\"output_tokens\":4},",
    b"\"choices\":[],",
    b"\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}],",
    b"\"delta\":{\"content\":\"\"}",
    b"\"finish_reason\":\"stop\"",
    b"\"tool_calls\":[{\"index\":1}]",
    b"\"error\":{\"message\":\"no\",\"type\":\"t\"},",
    b"\"type\":\"message_delta\"",
    b"\"type\":\"ping\"",
    b"\"type\":\"error\"",
    b"\"type\":\"response.completed\"",
    b"\"sequence_number\":7,",
    b"data: ",
    b"data:",
    b"data",
    b"event: error\n",
    b"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    b"data: [DONE]\n\n",
    b": keep-alive\n\n",
    b"\n\n",
    b"\r\n\r\n",
    b"\r",
    b"\n",
    b"\r\n",
    b"id: 1\n",
    b"retry: 10\n",
    b"\xEF\xBB\xBF",
    b"\xFF",
    b"\xC3\xA9",
    b"\xF0\x9F\x98\x80",
    b"\\u0000",
    b"\\ud83d",
    b"\\ud83d\\ude00",
    b"\\\"",
    b"\\",
    b"\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"null",
    b"true",
    b"18446744073709551616",
    b"-0",
    b"1e999",
    b"0.1",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    b"data:image/png;base64,AAAA",
];

/// Any of them; short ones and new ones alike.
pub(super) fn pick<'a, T>(from: &'a [T], random: &mut SeededRandom) -> &'a T {
    &from[index(from.len(), random)]
}

/// A place below `bound`, 0 where there is none.
fn index(bound: usize, random: &mut SeededRandom) -> usize {
    usize::try_from(random.below(bound as u64)).unwrap_or(0)
}

/// A place in the input and an end behind it, near more often than far.
fn span(input: &[u8], random: &mut SeededRandom) -> std::ops::Range<usize> {
    let start = index(input.len() + 1, random);
    let longest = [1, 4, 16, 64, 1024][index(5, random)];
    start..(start + index(longest + 1, random)).min(input.len())
}

/// Changes the input in one way; `others` lend pieces.
pub(super) fn once(input: &mut Vec<u8>, others: &[Vec<u8>], random: &mut SeededRandom) {
    let place = span(input, random);
    match random.below(9) {
        0 => {
            if let Some(byte) = input.get_mut(place.start) {
                *byte ^= 1 << random.below(8);
            }
        }
        1 => input.insert(place.start, u8::try_from(random.below(256)).unwrap_or(0)),
        2 => drop(input.drain(place)),
        3 => {
            let copy = input[place.clone()].to_vec();
            let times = [1, 2, 40][index(3, random)];
            input.splice(place.end..place.end, copy.repeat(times));
        }
        4 => {
            let moved: Vec<u8> = input.drain(place).collect();
            let to = index(input.len() + 1, random);
            input.splice(to..to, moved);
        }
        5 => drop(input.splice(place, pick(others, random).clone())),
        6 => {
            let other = pick(others, random);
            let piece = other[span(other, random)].to_vec();
            drop(input.splice(place, piece));
        }
        7 => drop(input.splice(place, pick(&WORDS, random).to_vec())),
        _ => drop(input.splice(place.start..place.start, pick(&WORDS, random).to_vec())),
    }
}
