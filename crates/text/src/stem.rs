//! English words brought to a common stem.

/// Forms that no rule of endings reaches, and their base form. The commonest of English; base forms go through the rules like other words.
const IRREGULAR: &[(&str, &str)] = &[
    ("began", "begin"),
    ("begun", "begin"),
    ("bought", "buy"),
    ("brought", "bring"),
    ("broke", "break"),
    ("broken", "break"),
    ("built", "build"),
    ("came", "come"),
    ("children", "child"),
    ("chose", "choose"),
    ("chosen", "choose"),
    ("drew", "draw"),
    ("drawn", "draw"),
    ("drove", "drive"),
    ("driven", "drive"),
    ("fell", "fall"),
    ("fallen", "fall"),
    ("feet", "foot"),
    ("felt", "feel"),
    ("found", "find"),
    ("gave", "give"),
    ("given", "give"),
    ("went", "go"),
    ("gone", "go"),
    ("got", "get"),
    ("grew", "grow"),
    ("grown", "grow"),
    ("held", "hold"),
    ("kept", "keep"),
    ("knew", "know"),
    ("known", "know"),
    ("led", "lead"),
    ("left", "leave"),
    ("lost", "lose"),
    ("made", "make"),
    ("men", "man"),
    ("met", "meet"),
    ("mice", "mouse"),
    ("paid", "pay"),
    ("people", "person"),
    ("ran", "run"),
    ("rose", "rise"),
    ("risen", "rise"),
    ("said", "say"),
    ("sent", "send"),
    ("shut", "shut"),
    ("sold", "sell"),
    ("spent", "spend"),
    ("spoke", "speak"),
    ("spoken", "speak"),
    ("stood", "stand"),
    ("taught", "teach"),
    ("thought", "think"),
    ("told", "tell"),
    ("took", "take"),
    ("taken", "take"),
    ("wives", "wife"),
    ("won", "win"),
    ("women", "woman"),
    ("wore", "wear"),
    ("worn", "wear"),
    ("written", "write"),
    ("wrote", "write"),
];

/// The stem of an English `word` in small letters: irregular forms by a short list, then the algorithm of M. F. Porter, "An algorithm for suffix
/// stripping", Program 14(3), 1980, steps 1a to 5b. Words with anything but a–z in them, or of one or two letters, come back as they are.
///
/// A stem serves to compare words; it need not be a word itself (`deliveries` → `deliveri`).
#[must_use]
pub fn stem(word: &str) -> String {
    if word.len() < 3 || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return word.to_owned();
    }
    let base = IRREGULAR.iter().find(|(form, _)| *form == word).map_or(word, |(_, base)| base);
    let mut stemmer = Stemmer { word: base.as_bytes().to_vec() };
    stemmer.plurals();
    stemmer.past_and_progressive();
    stemmer.final_y();
    stemmer.replace_first(STEP_2, 1);
    stemmer.replace_first(STEP_3, 1);
    stemmer.drop_suffix();
    stemmer.tidy();
    // Only ASCII bytes were ever in it.
    String::from_utf8(stemmer.word).unwrap_or_else(|_| word.to_owned())
}

const STEP_2: &[(&str, &str)] = &[
    ("ational", "ate"),
    ("tional", "tion"),
    ("enci", "ence"),
    ("anci", "ance"),
    ("izer", "ize"),
    ("abli", "able"),
    ("alli", "al"),
    ("entli", "ent"),
    ("eli", "e"),
    ("ousli", "ous"),
    ("ization", "ize"),
    ("ation", "ate"),
    ("ator", "ate"),
    ("alism", "al"),
    ("iveness", "ive"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("aliti", "al"),
    ("iviti", "ive"),
    ("biliti", "ble"),
];

const STEP_3: &[(&str, &str)] = &[("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""), ("ness", "")];

/// `ion` is dropped only after s or t; longer suffixes stand before those they end with.
const STEP_4: &[&str] =
    &["ement", "ance", "ence", "able", "ible", "ment", "ant", "ent", "ism", "ate", "iti", "ous", "ive", "ize", "ion", "al", "er", "ic", "ou"];

struct Stemmer {
    word: Vec<u8>,
}

impl Stemmer {
    fn ends(&self, suffix: &str) -> bool {
        self.word.ends_with(suffix.as_bytes())
    }

    /// Length without `suffix`.
    fn before(&self, suffix: &str) -> usize {
        self.word.len() - suffix.len()
    }

    fn set(&mut self, keep: usize, suffix: &str) {
        self.word.truncate(keep);
        self.word.extend_from_slice(suffix.as_bytes());
    }

    fn is_consonant(&self, at: usize) -> bool {
        match self.word[at] {
            b'a' | b'e' | b'i' | b'o' | b'u' => false,
            b'y' => at == 0 || !self.is_consonant(at - 1),
            _ => true,
        }
    }

    /// Porter's m: how often a vowel is followed by a consonant in the first `length` letters.
    fn measure(&self, length: usize) -> usize {
        (1..length).filter(|&at| self.is_consonant(at) && !self.is_consonant(at - 1)).count()
    }

    fn has_vowel(&self, length: usize) -> bool {
        (0..length).any(|at| !self.is_consonant(at))
    }

    fn ends_double(&self) -> bool {
        let n = self.word.len();
        n >= 2 && self.word[n - 1] == self.word[n - 2] && self.is_consonant(n - 1)
    }

    /// Consonant, vowel, consonant other than w, x, y at the end of the first `length` letters.
    fn ends_short(&self, length: usize) -> bool {
        length >= 3
            && self.is_consonant(length - 3)
            && !self.is_consonant(length - 2)
            && self.is_consonant(length - 1)
            && !matches!(self.word[length - 1], b'w' | b'x' | b'y')
    }

    /// Step 1a.
    fn plurals(&mut self) {
        if self.ends("sses") || self.ends("ies") {
            self.set(self.word.len() - 2, "");
        } else if self.ends("s") && !self.ends("ss") {
            self.set(self.word.len() - 1, "");
        }
    }

    /// Step 1b.
    fn past_and_progressive(&mut self) {
        if self.ends("eed") {
            if self.measure(self.before("eed")) > 0 {
                self.set(self.word.len() - 1, "");
            }
            return;
        }
        let Some(suffix) = ["ed", "ing"].into_iter().find(|suffix| self.ends(suffix) && self.has_vowel(self.before(suffix))) else { return };
        self.set(self.before(suffix), "");
        if ["at", "bl", "iz"].iter().any(|end| self.ends(end)) {
            self.word.push(b'e');
        } else if self.ends_double() && !matches!(self.word.last(), Some(b'l' | b's' | b'z')) {
            self.word.pop();
        } else if self.measure(self.word.len()) == 1 && self.ends_short(self.word.len()) {
            self.word.push(b'e');
        }
    }

    /// Step 1c.
    fn final_y(&mut self) {
        if self.ends("y") && self.has_vowel(self.before("y")) {
            self.set(self.word.len() - 1, "i");
        }
    }

    /// Steps 2 and 3: the longest suffix that fits decides, whether or not it may be replaced.
    fn replace_first(&mut self, rules: &[(&str, &str)], least: usize) {
        let longest = rules.iter().filter(|(suffix, _)| self.ends(suffix)).max_by_key(|(suffix, _)| suffix.len());
        if let Some((suffix, replacement)) = longest
            && self.measure(self.before(suffix)) >= least
        {
            self.set(self.before(suffix), replacement);
        }
    }

    /// Step 4.
    fn drop_suffix(&mut self) {
        let Some(suffix) = STEP_4.iter().find(|suffix| self.ends(suffix)) else { return };
        let keep = self.before(suffix);
        let allowed = *suffix != "ion" || matches!(self.word[..keep].last(), Some(b's' | b't'));
        if allowed && self.measure(keep) > 1 {
            self.set(keep, "");
        }
    }

    /// Step 5.
    fn tidy(&mut self) {
        if self.ends("e") {
            let keep = self.word.len() - 1;
            let measure = self.measure(keep);
            if measure > 1 || (measure == 1 && !self.ends_short(keep)) {
                self.set(keep, "");
            }
        }
        if self.ends("ll") && self.measure(self.word.len()) > 1 {
            self.word.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn stems() {
        let check = |word: &str, expected| assert_eq!(stem(word), expected, "{word}");
        // One for each rule.
        for (word, expected) in [
            ("caresses", "caress"),
            ("ponies", "poni"),
            ("cats", "cat"),
            ("caress", "caress"),
            ("feed", "feed"),
            ("agreed", "agre"),
            ("plastered", "plaster"),
            ("bled", "bled"),
            ("motoring", "motor"),
            ("sing", "sing"),
            ("conflated", "conflat"),
            ("hopping", "hop"),
            ("falling", "fall"),
            ("filing", "file"),
            ("happy", "happi"),
            ("sky", "sky"),
            ("relational", "relat"),
            ("conditional", "condit"),
            ("digitizer", "digit"),
            ("operator", "oper"),
            ("hopefulness", "hope"),
            ("triplicate", "triplic"),
            ("electrical", "electr"),
            ("goodness", "good"),
            ("revival", "reviv"),
            ("allowance", "allow"),
            ("adjustment", "adjust"),
            ("adoption", "adopt"),
            ("rate", "rate"),
            ("cease", "ceas"),
            ("controlling", "control"),
            ("rolling", "roll"),
            ("refunded", "refund"),
            ("sent", "send"),
            ("children", "child"),
        ] {
            check(word, expected);
        }
        for word in ["as", "naïve", "v2", ""] {
            check(word, word);
        }
    }

    proptest! {
        #[test]
        fn a_stem_is_never_empty_nor_longer(word in "[a-z]{0,14}") {
            let stem = stem(&word);
            prop_assert!(stem.len() <= word.len() + 1 && stem.is_empty() == word.is_empty(), "{} from {}", stem, word);
        }
    }
}
