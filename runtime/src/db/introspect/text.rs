//! SQL as words and signs: enough to find the parts of a definition, and to write an expression the same way always.

/// One piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A bare word or a number.
    Word(String),
    /// A name in quotes of any kind, without them.
    Name(String),
    /// A literal with its quotes.
    Literal(String),
    /// One or two signs that belong together.
    Sign(String),
}

impl Token {
    /// Whether it is this word, in any case.
    pub fn is(&self, word: &str) -> bool {
        matches!(self, Self::Word(own) if own.eq_ignore_ascii_case(word))
    }

    pub fn is_sign(&self, sign: &str) -> bool {
        matches!(self, Self::Sign(own) if own == sign)
    }

    /// The name that stands there, in quotes or without.
    pub fn name(&self) -> &str {
        match self {
            Self::Word(text) | Self::Name(text) | Self::Literal(text) | Self::Sign(text) => text,
        }
    }
}

const PAIRS: [&str; 9] = ["<=", ">=", "<>", "!=", "==", "||", "::", "<<", ">>"];

/// The pieces of a text, without blanks and comments.
pub(super) fn tokens(sql: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut rest = sql;
    while let Some(c) = rest.chars().next() {
        let word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
        // A bracket right behind a word is that of a list, elsewhere one around a name.
        let follows_word = sql.strip_suffix(rest).is_some_and(|before| before.ends_with(word));
        if c.is_whitespace() {
            rest = rest.trim_start();
        } else if rest.starts_with("--") {
            rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
        } else if rest.starts_with("/*") {
            rest = rest.split_once("*/").map_or("", |(_, rest)| rest);
        } else if c == '\'' {
            let (text, behind) = quoted(rest, '\'');
            found.push(Token::Literal(format!("'{}'", text.replace('\'', "''"))));
            rest = behind;
        } else if matches!(c, '"' | '`') || c == '[' && !follows_word {
            let (name, behind) = quoted(rest, if c == '[' { ']' } else { c });
            found.push(Token::Name(name));
            rest = behind;
        } else if word(c) {
            let number = c.is_ascii_digit();
            let end = rest.find(|c: char| !(word(c) || number && c == '.')).unwrap_or(rest.len());
            let (text, behind) = rest.split_at(end);
            found.push(Token::Word(text.to_owned()));
            rest = behind;
        } else {
            let length = PAIRS.iter().find(|pair| rest.starts_with(**pair)).map_or(c.len_utf8(), |pair| pair.len());
            let (sign, behind) = rest.split_at(length);
            found.push(Token::Sign(sign.to_owned()));
            rest = behind;
        }
    }
    found
}

/// What stands in quotes at the start of a text, and what comes behind it.
fn quoted(text: &str, close: char) -> (String, &str) {
    let mut inner = String::new();
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c != close {
            inner.push(c);
        } else if chars.peek().is_some_and(|(_, next)| *next == close) {
            inner.push(c);
            chars.next();
        } else {
            return (inner, text.get(at + c.len_utf8()..).unwrap_or_default());
        }
    }
    (inner, "")
}

/// The pieces as one text: names without quotes where they need none, blanks only where they help.
pub(super) fn print(tokens: &[Token]) -> String {
    let mut out = String::new();
    let mut glued = true;
    for token in tokens {
        let text = match token {
            Token::Name(name) if !is_plain(name) => format!("\"{}\"", name.replace('"', "\"\"")),
            other => other.name().to_owned(),
        };
        let closes = [")", ",", ".", "::", "[", "]"].iter().any(|sign| token.is_sign(sign));
        // `length(x)`, but `x IN (…)`: a bare word in lower case before a bracket is a function in all that is generated.
        let calls = token.is_sign("(") && out.ends_with(|c: char| c.is_ascii_lowercase() || c == '_');
        if !(glued || closes || calls) {
            out.push(' ');
        }
        out.push_str(&text);
        glued = ["(", ".", "::", "["].iter().any(|sign| token.is_sign(sign));
    }
    out
}

/// Whether a name reads the same without quotes.
fn is_plain(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The pieces between a bracket at `open` and the one that closes it, and where that one is.
pub(super) fn group(tokens: &[Token], open: usize) -> (&[Token], usize) {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        if token.is_sign("(") {
            depth += 1;
        } else if token.is_sign(")") {
            depth -= 1;
            if depth == 0 {
                return (tokens.get(open + 1..at).unwrap_or_default(), at);
            }
        }
    }
    (tokens.get(open + 1..).unwrap_or_default(), tokens.len())
}

/// The parts between commas that stand in no brackets.
pub(super) fn parts(tokens: &[Token]) -> Vec<&[Token]> {
    let mut depth = 0;
    let parts = tokens.split(move |token| {
        if token.is_sign("(") {
            depth += 1;
        } else if token.is_sign(")") {
            depth -= 1;
        }
        depth == 0 && token.is_sign(",")
    });
    parts.filter(|part| !part.is_empty()).collect()
}

/// Without brackets around the whole.
pub(super) fn bare(tokens: &[Token]) -> &[Token] {
    match tokens.first() {
        Some(first) if first.is_sign("(") => match group(tokens, 0) {
            (inner, end) if end + 1 == tokens.len() => bare(inner),
            _ => tokens,
        },
        _ => tokens,
    }
}

/// An expression, written the same way always.
pub(super) fn normal(sql: &str) -> String {
    print(bare(&tokens(sql)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_an_expression_the_same_way_whatever_its_quotes_and_blanks() {
        let wanted = "status IN ('A', 'it''s') AND length(\"odd name\") <= 32";
        for written in [
            "status IN ('A','it''s') AND length(\"odd name\")<=32",
            "((\"status\"  IN ( 'A' , 'it''s' ) -- so\n AND length ([odd name]) <= 32))",
            "`status` IN ('A', /* ) */ 'it''s') AND length(`odd name`) <= 32",
        ] {
            assert_eq!(normal(written), wanted);
        }
        assert_eq!(normal("(a = 1) OR (b = 2)"), "(a = 1) OR (b = 2)");
        assert_eq!(normal("x'"), "x ''");
    }
}
