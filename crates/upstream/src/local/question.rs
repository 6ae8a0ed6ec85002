//! What a question asks for: its telling words and the type of its answer.

use jeton_text::{terms, words};

/// The type of an answer, read from how the question begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Anything,
    Person,
    Place,
    Time,
    Number,
    Money,
    Share,
    Email,
    Address,
    Reason,
}

/// A telling word of the question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// The terms that count as the word itself: normally one, its stem.
    pub(crate) term: String,
    /// Terms of nearly the same meaning.
    pub(crate) near: Vec<String>,
    /// Whether it is written like a name.
    pub(crate) is_name: bool,
    /// Of how many words the name consists that it belongs to; 1 for all other words. "Anna Lind" tells as much as one word.
    pub(crate) name_words: usize,
}

/// A question taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) keys: Vec<Key>,
    pub(crate) wanted: Wanted,
    /// All its words in small letters, so that an answer is not found in the question itself.
    pub(crate) words: Vec<String>,
}

/// Words that say how is asked, not what about.
const STOP: &[&str] = &[
    "a",
    "about",
    "according",
    "all",
    "am",
    "an",
    "and",
    "any",
    "are",
    "as",
    "at",
    "be",
    "been",
    "but",
    "by",
    "can",
    "could",
    "did",
    "do",
    "does",
    "exactly",
    "find",
    "for",
    "from",
    "get",
    "give",
    "had",
    "has",
    "have",
    "he",
    "her",
    "his",
    "how",
    "i",
    "if",
    "in",
    "is",
    "it",
    "its",
    "kind",
    "list",
    "many",
    "may",
    "me",
    "might",
    "much",
    "must",
    "my",
    "name",
    "need",
    "of",
    "on",
    "or",
    "our",
    "please",
    "shall",
    "she",
    "should",
    "show",
    "so",
    "some",
    "state",
    "tell",
    "that",
    "the",
    "their",
    "them",
    "there",
    "these",
    "they",
    "this",
    "those",
    "to",
    "type",
    "under",
    "was",
    "we",
    "were",
    "what",
    "when",
    "where",
    "which",
    "who",
    "whom",
    "whose",
    "why",
    "will",
    "with",
    "would",
    "you",
    "your",
    "s",
    "long",
    "often",
    "far",
    "old",
    "context",
    "text",
    "document",
    "happen",
    "happens",
];

/// Groups of words that mean nearly the same in questions about the facts of a business or a system. A match through them counts less than the word.
const NEAR: &[&[&str]] = &[
    &["cost", "price", "fee", "charge", "pay", "paid"],
    &["buy", "purchase", "order"],
    &["begin", "start", "commence"],
    &["end", "finish", "expire", "stop"],
    &["close", "shut"],
    &["found", "founded", "establish", "start", "begin"],
    &["located", "based", "headquarters", "office", "place"],
    &["ship", "deliver", "delivery", "send", "dispatch"],
    &["maximum", "max", "most", "limit", "up"],
    &["minimum", "min", "least"],
    &["phone", "telephone", "call"],
    &["mail", "email", "write"],
    &["boss", "manager", "head", "lead", "chief"],
    &["wrote", "author", "written"],
    &["repair", "fix", "mend"],
    &["delete", "remove", "erase"],
    &["keep", "retain", "store"],
    &["big", "large", "size"],
    &["weigh", "weight", "heavy"],
    &["tall", "high", "height"],
    &["default", "standard", "unless"],
    &["allow", "permit", "may"],
    &["job", "role", "work"],
    &["live", "reside", "home"],
    &["employee", "staff", "worker"],
    &["client", "customer"],
    &["error", "fault", "failure"],
    &["invent", "inventor", "create"],
    &["own", "owner"],
];

impl Question {
    /// Takes a question apart.
    pub(crate) fn read(text: &str) -> Self {
        let found = words(text);
        let shown: Vec<&str> = found.iter().map(|word| &text[word.start..word.end]).collect();
        let mut keys: Vec<Key> = Vec::new();
        for (place, word) in shown.iter().enumerate() {
            let lower = word.to_lowercase();
            if STOP.contains(&lower.as_str()) {
                continue;
            }
            // The first word has a capital anyway.
            let is_name = place > 0 && word.starts_with(char::is_uppercase);
            for term in terms(word) {
                if !keys.iter().any(|key| key.term == term) {
                    keys.push(Key { near: near(&term), term, is_name, name_words: if is_name { name_words(&shown, place) } else { 1 } });
                }
            }
        }
        let words: Vec<String> = shown.iter().map(|word| word.to_lowercase()).collect();
        let wanted = wanted(&words);
        // "What year" names the type of the answer, which the answer itself need not name.
        let nouns: Vec<String> = type_nouns(wanted).iter().flat_map(|noun| terms(noun)).collect();
        if keys.iter().any(|key| !nouns.contains(&key.term)) {
            keys.retain(|key| !nouns.contains(&key.term));
        }
        Self { keys, wanted, words }
    }
}

/// How many words with capitals stand together around `place`; the question's first word is not counted.
fn name_words(shown: &[&str], place: usize) -> usize {
    let is_capital = |at: &usize| *at > 0 && shown[*at].starts_with(char::is_uppercase);
    (place..shown.len()).take_while(is_capital).count() + (0..place).rev().take_while(is_capital).count()
}

fn near(term: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for group in NEAR {
        let stems: Vec<String> = group.iter().flat_map(|word| terms(word)).collect();
        if stems.iter().any(|stem| stem == term) {
            found.extend(stems.into_iter().filter(|stem| stem != term));
        }
    }
    found
}

fn wanted(words: &[String]) -> Wanted {
    let has = |word: &str| words.iter().any(|found| found == word);
    let pair = |first: &str, then: &[&str]| words.windows(2).any(|pair| pair[0] == first && then.contains(&pair[1].as_str()));
    let asks = |nouns: &[&str]| ["what", "which", "what's"].iter().any(|word| has(word)) && nouns.iter().any(|noun| has(noun));
    if pair("how", &["many", "long", "often", "far", "old", "tall", "heavy", "big", "large", "fast", "high", "wide", "deep", "hot", "soon"]) {
        Wanted::Number
    } else if pair("how", &["much"]) {
        if ["cost", "costs", "price", "pay", "charge", "fee", "charged"].iter().any(|word| has(word)) { Wanted::Money } else { Wanted::Number }
    } else if has("when") || asks(&["year", "date", "day", "month", "time", "deadline"]) {
        Wanted::Time
    } else if asks(&["email", "e-mail"]) {
        Wanted::Email
    } else if asks(&["url", "website", "link"]) {
        Wanted::Address
    } else if asks(&["percentage", "percent", "share"]) {
        Wanted::Share
    } else if asks(&["price", "cost", "fee"]) {
        Wanted::Money
    } else if asks(&["phone", "telephone", "port", "timeout", "population"]) {
        Wanted::Number
    } else if has("who") || has("whom") || has("whose") {
        Wanted::Person
    } else if has("where") {
        Wanted::Place
    } else if has("why") {
        Wanted::Reason
    } else {
        Wanted::Anything
    }
}

/// Nouns of a question that only say what type its answer has, and that the answer shows by its form.
const fn type_nouns(wanted: Wanted) -> &'static [&'static str] {
    match wanted {
        Wanted::Email => &["email", "e-mail", "mail", "address"],
        Wanted::Address => &["url", "website", "link", "address"],
        Wanted::Share => &["percentage", "percent", "share"],
        Wanted::Time => &["year", "date", "day", "month", "time"],
        _ => &[],
    }
}

/// How well a passage has what the question wants: a factor around 1.
///
/// Figures, times, shares and addresses can be told by their form, so their absence nearly rules a passage out; people, places and reasons
/// are written in too many ways for more than a hint. The factors were set on the cases in `tests/data/extract.jsonl`.
pub(crate) fn type_factor(question: &Question, passage: &str) -> f64 {
    let (found, strict) = match question.wanted {
        Wanted::Anything => return 1.0,
        Wanted::Number => (has_number(question, passage), true),
        Wanted::Money => (has_money(question, passage), true),
        Wanted::Time => (has_time(question, passage), true),
        Wanted::Share => (passage.contains('%') || lower_words(passage).iter().any(|word| word == "percent" || word == "half" || word == "third"), true),
        Wanted::Email => (passage.split_whitespace().any(|word| word.contains('@') && word.contains('.')), true),
        Wanted::Address => (passage.contains("://") || passage.contains("www."), true),
        Wanted::Person => (has_name(question, passage), false),
        Wanted::Place => (has_name(question, passage) || has_any(passage, &["in", "at", "on", "near", "under", "behind", "beside"]), false),
        Wanted::Reason => (has_any(passage, &["because", "since", "due", "so", "reason", "therefore", "as", "to", "avoid", "prevent"]), false),
    };
    match (found, strict) {
        (true, _) => 1.1,
        (false, true) => 0.4,
        (false, false) => 0.75,
    }
}

fn lower_words(passage: &str) -> Vec<String> {
    words(passage).iter().map(|word| passage[word.start..word.end].to_lowercase()).collect()
}

fn has_any(passage: &str, wanted: &[&str]) -> bool {
    lower_words(passage).iter().any(|word| wanted.contains(&word.as_str()))
}

const NUMBER_WORDS: &[&str] = &[
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "fifteen",
    "twenty",
    "thirty",
    "forty",
    "fifty",
    "sixty",
    "hundred",
    "thousand",
    "million",
    "billion",
    "dozen",
    "half",
    "once",
    "twice",
    "daily",
    "weekly",
    "monthly",
    "yearly",
    "hourly",
    "annually",
    "quarterly",
    "unlimited",
    "none",
    "single",
    "no",
    "every",
];

fn has_number(question: &Question, passage: &str) -> bool {
    let new = |word: &String| !question.words.contains(word);
    lower_words(passage).iter().filter(|word| new(word)).any(|word| word.starts_with(|c: char| c.is_ascii_digit()) || NUMBER_WORDS.contains(&word.as_str()))
        || passage.contains(['一', '二', '三', '四', '五', '六', '七', '八', '九', '十'])
}

fn has_money(question: &Question, passage: &str) -> bool {
    passage.contains(['$', '€', '£', '¥']) || has_number(question, passage) || has_any(passage, &["free", "charge", "nothing"])
}

const TIME_WORDS: &[&str] = &[
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "today",
    "tomorrow",
    "yesterday",
    "noon",
    "midnight",
    "morning",
    "evening",
    "afternoon",
    "night",
    "spring",
    "summer",
    "autumn",
    "winter",
    "weekend",
    "weekends",
    "century",
    "daily",
    "after",
    "before",
    "once",
    "within",
];

fn has_time(question: &Question, passage: &str) -> bool {
    let new = |word: &&String| !question.words.contains(word);
    let found = lower_words(passage);
    found.iter().filter(new).any(|word| word.starts_with(|c: char| c.is_ascii_digit()) || TIME_WORDS.contains(&word.as_str()))
}

/// A capital inside the passage on a word that the question lacks, or at its beginning before a verb of no article.
fn has_name(question: &Question, passage: &str) -> bool {
    let found = words(passage);
    found.iter().enumerate().any(|(place, word)| {
        let shown = &passage[word.start..word.end];
        let lower = shown.to_lowercase();
        let opener = place == 0 && STOP.contains(&lower.as_str());
        shown.starts_with(char::is_uppercase) && !opener && lower.len() > 1 && !question.words.contains(&lower)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted() {
        let check = |text: &str, expected| assert_eq!(Question::read(text).wanted, expected, "{text}");
        check("How many rooms are there?", Wanted::Number);
        check("How much does it cost?", Wanted::Money);
        check("What year was it built?", Wanted::Time);
        check("Who owns it?", Wanted::Person);
        check("What is the price of tea?", Wanted::Money);
        check("Is tea hot?", Wanted::Anything);
    }

    #[test]
    fn the_telling_words() {
        let keys: Vec<(String, bool)> = Question::read("When did Acme open the Berlin offices?").keys.into_iter().map(|key| (key.term, key.is_name)).collect();
        let expected = [("acm", true), ("open", false), ("berlin", true), ("offic", false)];
        assert_eq!(keys, expected.map(|(term, is_name)| (term.to_owned(), is_name)));
    }

    #[test]
    fn answers_of_the_wanted_type() {
        let check = |question: &str, passage: &str, expected: bool| {
            assert_eq!(type_factor(&Question::read(question), passage) > 1.0, expected, "{question} {passage}");
        };
        check("When was it built in 1990?", "It was built in 1990.", false);
        check("When was it built?", "It was built in 1990.", true);
        check("Who owns it?", "It belongs to Ana Moss.", true);
        check("Who owns it?", "The owner is unknown.", false);
        check("How many are there?", "There are twelve.", true);
        check("What is the email of support?", "Write to help@example.org.", true);
        check("What is the email of support?", "Write to us.", false);
    }
}
