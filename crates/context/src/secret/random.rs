//! Whether a run of characters was drawn at random, as keys are, or written by a person.

/// Marks of values that stand for others.
const STAND_INS: [&str; 22] = [
    "example",
    "your",
    "xxxx",
    "placeholder",
    "changeme",
    "change-me",
    "change_me",
    "dummy",
    "fake",
    "sample",
    "redacted",
    "masked",
    "insert",
    "replace",
    "todo",
    "secret",
    "password",
    "passw0rd",
    "...",
    "***",
    "12345678",
    "deadbeef",
];

/// Whether `value` stands for another: a placeholder, or a reference to a variable.
pub(super) fn is_stand_in(value: &str) -> bool {
    let small = value.to_ascii_lowercase();
    STAND_INS.iter().any(|mark| small.contains(mark)) || value.contains(['$', '<', '>', '{', '}', '%']) || is_repetitive(value)
}

/// Few characters again and again, or characters in the order of the alphabet.
fn is_repetitive(value: &str) -> bool {
    let bytes = value.as_bytes();
    let steps = bytes.windows(2).filter(|pair| pair[1] == pair[0] || pair[1] == pair[0].wrapping_add(1)).count();
    distinct(bytes) < 6 || steps * 2 > bytes.len()
}

fn distinct(bytes: &[u8]) -> usize {
    let mut seen = [false; 256];
    bytes.iter().for_each(|&byte| seen[usize::from(byte)] = true);
    seen.iter().filter(|&&seen| seen).count()
}

/// Whether `value` looks drawn at random: letters and digits, mixed, with enough bits to each, and not made of words.
pub(super) fn is_random(value: &str) -> bool {
    let has = |is: fn(&u8) -> bool| value.as_bytes().iter().any(is);
    let (has_letters, has_digits) = (has(u8::is_ascii_alphabetic), has(u8::is_ascii_digit));
    let least = match value.len() {
        ..10 => return false,
        10..20 => 3.0,
        20..32 => 3.3,
        _ => 3.5,
    };
    has_letters && has_digits && bits_per_character(value.as_bytes()) >= least && !is_words(value) && !is_stand_in(value) && !is_uuid(value)
}

/// Shannon's entropy of the characters.
fn bits_per_character(bytes: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    bytes.iter().for_each(|&byte| counts[usize::from(byte)] += 1);
    #[allow(clippy::cast_precision_loss)]
    let length = bytes.len() as f64;
    counts.iter().filter(|&&count| count > 0).map(|&count| f64::from(count) / length).map(|share| -share * share.log2()).sum()
}

/// Words and short figures joined by marks, as names are: `my-service-v2`, `getToken2`, `config/prod_3.yaml`.
fn is_words(value: &str) -> bool {
    let parts = jeton_text::identifier_parts(value);
    let is_word = |part: &&&str| {
        part.len() >= 4 && part.bytes().all(|byte| byte.is_ascii_alphabetic()) && part.contains(['a', 'e', 'i', 'o', 'u', 'A', 'E', 'I', 'O', 'U'])
    };
    let letters: usize = parts.iter().filter(is_word).map(|part| part.len()).sum();
    // In a random run letters seldom stand four together without a digit or a change of case.
    letters * 10 >= value.len() * 6
}

fn is_uuid(value: &str) -> bool {
    value.len() == 36 && value.bytes().enumerate().all(|(at, byte)| if [8, 13, 18, 23].contains(&at) { byte == b'-' } else { byte.is_ascii_hexdigit() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_and_written() {
        let check = |value: &str, expected: bool| assert_eq!(is_random(value), expected, "{value}");
        check("q7Rk2vX9pLm4", true);
        check("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b", true);
        check("my-service-token-v2", false);
        check("getTokenFromStore2", false);
        check("abcdefghijkl1", false);
        check("short1", false);
        check("123e4567-e89b-12d3-a456-426614174000", false);
    }
}
