//! Words, as they are kept of searchable fields and looked for by `q`: the same few lines for every database, so that all of
//! them find the same rows.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Which rules words are made by. Another number has those of all rows made anew.
pub(crate) const RULES: u32 = 1;
/// Longest word that is told from others, in characters, as its column has room for.
const WORD_MAX: usize = 64;
/// Longest search, in characters, as the contract says.
const SEARCH_MAX: usize = 200;
/// Most words of a search: each is a lookup of its own.
const WORDS_MAX: usize = 8;

/// The words of a text, each once: letters and digits in a row, without accents and in one case.
pub(crate) fn words(text: &str) -> BTreeSet<String> {
    let plain = text.nfkd().filter(|c| !is_combining_mark(*c));
    // To capitals and back: what differs in small letters only, as ß and ss or σ and ς do, becomes one.
    let folded = plain.flat_map(char::to_uppercase).flat_map(char::to_lowercase);
    // What capitals bring along (of ΐ, of ŉ) is taken apart again.
    let folded = folded.nfkd().filter(|c| !is_combining_mark(*c));
    let mut words = BTreeSet::new();
    let (mut word, mut length) = (String::new(), 0);
    for c in folded.chain([' ']) {
        if !c.is_alphanumeric() {
            if !word.is_empty() {
                words.insert(std::mem::take(&mut word));
            }
            length = 0;
            continue;
        }
        if length < WORD_MAX {
            word.push(c);
        }
        length += 1;
    }
    words
}

/// The words that somebody looks for, or what is wrong with them.
pub(crate) fn parse(text: &str) -> Result<Vec<String>, String> {
    if text.chars().count() > SEARCH_MAX {
        return Err(format!("must have at most {SEARCH_MAX} characters"));
    }
    let found = words(text);
    if found.is_empty() {
        return Err("has no word in it: words are made of letters and digits".to_owned());
    }
    if found.len() > WORDS_MAX {
        return Err(format!("has {} words; a search has at most {WORDS_MAX}", found.len()));
    }
    Ok(found.into_iter().collect())
}

/// The first text behind all that start with this one, in the order of code points, in which all databases keep words.
pub(crate) fn behind(prefix: &str) -> String {
    let mut end = prefix.to_owned();
    while let Some(last) = end.pop() {
        // No code point stands for half of a pair, and there is none behind the last.
        let next = if last == '\u{D7FF}' { Some('\u{E000}') } else { char::from_u32(u32::from(last) + 1) };
        if let Some(next) = next {
            end.push(next);
            break;
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<String> {
        words(text).into_iter().collect()
    }

    #[test]
    fn splits_at_what_is_no_letter_and_no_digit() {
        assert_eq!(
            all("A warm light -- for late_work, No.42!"),
            ["42", "a", "for", "late", "light", "no", "warm", "work"]
        );
        assert_eq!(all("l'été\u{0}où\t100%\\_"), ["100", "ete", "l", "ou"]);
        assert!(all("").is_empty());
        assert!(all(" \u{0}\n--").is_empty());
        assert!(all("😀👩‍👩‍👧🏽").is_empty());
    }

    #[test]
    fn knows_no_accents_and_no_case() {
        for text in ["Éclair", "E\u{301}CLAIR", "eclair", "ｅｃｌａｉｒ"] {
            assert_eq!(all(text), ["eclair"], "{text}");
        }
        assert_eq!(all("Straße STRASSE strasse"), ["strasse"]);
        assert_eq!(all("İstanbul ISTANBUL ıstanbul istanbul"), ["istanbul"]);
        assert_eq!(all("ΟΔΟΣ οδός οδοσ"), ["οδοσ"]);
        assert_eq!(all("ﬁne ①②"), ["12", "fine"]);
        assert_eq!(all("ΐ Ϊ́"), ["ι"]);
    }

    #[test]
    fn keeps_what_other_scripts_write() {
        assert_eq!(all("東京タワー、日本"), ["日本", "東京タワー"]);
        assert_eq!(all("Привет, мир"), ["мир", "привет"]);
        assert_eq!(all("한국").len(), 1);
        assert!(all("한국").iter().all(|word| word.starts_with(all("한").first().unwrap())));
    }

    #[test]
    fn cuts_long_words_and_takes_long_texts() {
        let long = "x".repeat(10_000);
        assert_eq!(all(&long), ["x".repeat(64)]);
        assert_eq!(all(&"é".repeat(70)), ["e".repeat(64)]);
        assert_eq!(parse(&"x".repeat(100)).unwrap(), ["x".repeat(64)]);
        let text: String = (0..2000).map(|n| format!("w{n} ")).collect();
        assert!(text.len() > 10_000);
        assert_eq!(all(&text).len(), 2000);
    }

    #[test]
    fn says_what_cannot_be_searched() {
        assert_eq!(parse("Lamp lamp LÄMP").unwrap(), ["lamp"]);
        assert_eq!(parse("a b c d e f g h").unwrap().len(), 8);
        assert!(parse("a b c d e f g h i").unwrap_err().contains("at most 8"));
        assert!(parse("%_'\"\\ \u{0}").unwrap_err().contains("no word"));
        assert!(parse("").unwrap_err().contains("no word"));
        assert!(parse(&"é ".repeat(101)).unwrap_err().contains("200"));
        assert!(parse(&"é ".repeat(100)).is_ok());
    }

    #[test]
    fn ends_a_prefix() {
        assert_eq!(behind("lamp"), "lamq");
        assert_eq!(behind("9"), ":");
        assert_eq!(behind("\u{D7FF}"), "\u{E000}");
        assert_eq!(behind("a\u{10FFFF}"), "b");
        assert!("lamp" < behind("lamp").as_str() && "lamp\u{10FFFF}z" < behind("lamp").as_str());
    }
}
