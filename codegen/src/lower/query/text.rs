//! The text of one statement: what is SQL, what is a parameter, and where the scope goes.

use std::ops::Range;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{Parameter, Piece, QueryDialect, QueryText, Span};

/// Words that write.
const WRITES: [&str; 4] = ["INSERT", "UPDATE", "DELETE", "MERGE"];

/// Reads a statement; nothing if there is none, or if it is wrong.
pub(super) fn read(
    path: &str,
    file: &str,
    range: Range<usize>,
    dialects: Vec<QueryDialect>,
    found: &mut Diagnostics,
) -> Option<QueryText> {
    let mut scan = Scan { path, file, at: range.start, end: range.end, sql: String::new(), pieces: Vec::new(), found };
    scan.all();
    let Scan { sql, mut pieces, .. } = scan;
    let sql = sql.trim_end().trim_end_matches(';').trim_end().to_owned();
    if !sql.is_empty() {
        pieces.push(Piece::Sql(sql));
    }
    if pieces.is_empty() {
        return None;
    }
    let text = file.get(range.clone()).unwrap_or_default();
    let start = range.start + text.len() - text.trim_start().len();
    let span = Span::in_text(path, file, start..range.start + text.trim_end().len());
    let columns = columns(&pieces);
    let first = pieces.first().map(word_at_start).unwrap_or_default();
    // A word that writes was found already.
    if WRITES.contains(&first.as_str()) {
        return None;
    }
    if !["SELECT", "WITH"].contains(&first.as_str()) {
        let message = format!("a query reads, and starts with SELECT or WITH, not with {first}");
        found.push(
            Diagnostic::at("arcana::query_write", &Span { bytes: start..start + first.len(), ..span.clone() }, message)
                .help("declare writes in `Changes`"),
        );
        return None;
    }
    Some(QueryText { dialects, pieces, columns, span })
}

fn word_at_start(piece: &Piece) -> String {
    let Piece::Sql(sql) = piece else { return String::new() };
    sql.trim_start().chars().take_while(char::is_ascii_alphabetic).collect::<String>().to_uppercase()
}

struct Scan<'a> {
    path: &'a str,
    file: &'a str,
    at: usize,
    end: usize,
    sql: String,
    pieces: Vec<Piece>,
    found: &'a mut Diagnostics,
}

impl Scan<'_> {
    fn rest(&self) -> &str {
        self.file.get(self.at..self.end).unwrap_or_default()
    }

    fn refuse(&mut self, length: usize, code: &'static str, message: String, help: &str) {
        let span = Span::in_text(self.path, self.file, self.at..self.at + length);
        self.found.push(Diagnostic::at(code, &span, message).help(help));
    }

    fn all(&mut self) {
        while let Some(next) = self.rest().chars().next() {
            let rest = self.rest();
            if rest.starts_with("--") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                self.at += rest.find("*/").map_or(rest.len(), |end| end + 2);
            } else if rest.starts_with("::") {
                self.copy(2);
            } else if matches!(next, '\'' | '"' | '`') {
                let length = rest.chars().skip(1).take_while(|c| *c != next).map(char::len_utf8).sum::<usize>();
                self.copy((length + 2).min(rest.len()));
            } else if next == ':' {
                self.parameter();
            } else if next == '{' {
                self.scope();
            } else if next == '?' || next == '$' {
                self.refuse(
                    1,
                    "arcana::query_parameter",
                    format!("`{next}` is no parameter"),
                    "write `:name` of a field",
                );
                self.at += 1;
            } else if next == ';' && !self.only_blank_behind() {
                self.refuse(1, "arcana::query_text", "a query is one statement".to_owned(), "give the next one a name");
                self.at = self.end;
            } else if next.is_whitespace() {
                if !(self.sql.ends_with(' ') || self.sql.is_empty() && self.pieces.is_empty()) {
                    self.sql.push(' ');
                }
                self.at += next.len_utf8();
            } else if next.is_ascii_alphabetic() || next == '_' {
                self.word();
            } else {
                self.copy(next.len_utf8());
            }
        }
    }

    fn only_blank_behind(&self) -> bool {
        self.rest().lines().all(|line| {
            let line = line.trim().trim_start_matches(';').trim_start();
            line.is_empty() || line.starts_with("--")
        })
    }

    fn copy(&mut self, length: usize) {
        let text = self.rest().get(..length).unwrap_or_default().to_owned();
        self.sql.push_str(&text);
        self.at += length.max(1);
    }

    fn name(&self) -> String {
        self.rest().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
    }

    fn word(&mut self) {
        let word = self.name();
        let reads = self.sql.trim_end().to_uppercase().ends_with("FOR");
        if WRITES.contains(&word.to_uppercase().as_str()) && !reads {
            self.refuse(
                word.len(),
                "arcana::query_write",
                format!("a query reads, and {word} writes"),
                "declare writes in `Changes`",
            );
        }
        self.copy(word.len());
    }

    fn parameter(&mut self) {
        self.at += 1;
        let name = self.name();
        if name.is_empty() {
            self.at -= 1;
            self.copy(1);
            return;
        }
        let span = Span::in_text(self.path, self.file, self.at - 1..self.at + name.len());
        self.at += name.len();
        self.flush();
        self.pieces.push(Piece::Parameter(Parameter { name, span }));
    }

    fn scope(&mut self) {
        let rest = self.rest();
        let length = rest.find('}').map_or(rest.len(), |end| end + 1);
        let inside = rest.get(1..length.max(2) - 1).unwrap_or_default().to_owned();
        let mut words = inside.split_whitespace();
        let is_alias = |word: &str| word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        match (words.next(), words.next(), words.next()) {
            (Some("scope"), None, None) => self.piece(Piece::Scope(None), length),
            (Some("scope"), Some(alias), None) if is_alias(alias) => {
                let alias = alias.to_owned();
                self.piece(Piece::Scope(Some(alias)), length);
            }
            _ => {
                let help = "write `{scope}`, or `{scope o}` where `o` stands for the table";
                self.refuse(length, "arcana::query_scope", format!("`{{{inside}}}` is no scope"), help);
                self.at += length;
            }
        }
    }

    fn piece(&mut self, piece: Piece, length: usize) {
        self.flush();
        self.pieces.push(piece);
        self.at += length;
    }

    fn flush(&mut self) {
        if !self.sql.is_empty() {
            self.pieces.push(Piece::Sql(std::mem::take(&mut self.sql)));
        }
    }
}

/// Names of the columns of the first SELECT that stands in no parenthesis, as far as the text tells: `None` for one that
/// has no name there.
fn columns(pieces: &[Piece]) -> Vec<Option<String>> {
    let text: String = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Sql(sql) => sql.as_str(),
            Piece::Parameter(_) => "?",
            Piece::Scope(_) => "TRUE",
        })
        .collect();
    let mut items: Vec<Vec<String>> = Vec::new();
    for token in tokens(&text) {
        match (token.as_str(), items.last_mut()) {
            (word, None) if word.eq_ignore_ascii_case("select") => items.push(Vec::new()),
            (_, None) => {}
            (word, Some(_)) if word.eq_ignore_ascii_case("from") => break,
            (",", Some(_)) => items.push(Vec::new()),
            (word, Some(item))
                if item.is_empty() && (word.eq_ignore_ascii_case("distinct") || word.eq_ignore_ascii_case("all")) => {}
            (_, Some(item)) => item.push(token),
        }
    }
    let bare = |word: &String| word.trim_matches(['"', '`']).to_owned();
    let is_name =
        |word: &&String| word.starts_with(['"', '`', '_']) || word.starts_with(|c: char| c.is_ascii_alphabetic());
    let name = |item: Vec<String>| match item.as_slice() {
        [.., before, last] if before.eq_ignore_ascii_case("as") => Some(bare(last)),
        [only] => Some(only).filter(is_name).map(bare),
        [.., dot, last] if dot == "." => Some(last).filter(is_name).map(bare),
        _ => None,
    };
    items.into_iter().map(name).collect()
}

/// Words and signs outside of parentheses; what stands inside is one token.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let mut token = c.to_string();
        match c {
            c if c.is_whitespace() => continue,
            '\'' | '"' | '`' => {
                for next in chars.by_ref() {
                    token.push(next);
                    if next == c {
                        break;
                    }
                }
            }
            '(' => {
                let (mut depth, mut quote) = (1, None);
                for next in chars.by_ref() {
                    match (quote, next) {
                        (Some(open), _) if next == open => quote = None,
                        (Some(_), _) => {}
                        (None, '\'' | '"' | '`') => quote = Some(next),
                        (None, '(') => depth += 1,
                        (None, ')') => depth -= 1,
                        _ => {}
                    }
                    if depth == 0 {
                        break;
                    }
                }
                "()".clone_into(&mut token);
            }
            c if c.is_alphanumeric() || c == '_' => {
                while let Some(next) = chars.next_if(|next| next.is_alphanumeric() || *next == '_') {
                    token.push(next);
                }
            }
            _ => {}
        }
        tokens.push(token);
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(sql: &str) -> (Option<QueryText>, Vec<&'static str>) {
        let mut found = Diagnostics::default();
        let text = read("a.sql", sql, 0..sql.len(), QueryDialect::ALL.to_vec(), &mut found);
        (text, found.codes())
    }

    #[test]
    fn tells_sql_from_parameters_and_scope() {
        let (text, found) =
            scan("SELECT a -- why :not\nFROM t\n  WHERE b >= :since::text AND c = ':no' AND {scope t};\n");
        assert_eq!(found, [] as [&str; 0]);
        let pieces: Vec<String> = text
            .unwrap()
            .pieces
            .iter()
            .map(|piece| match piece {
                Piece::Sql(sql) => sql.clone(),
                Piece::Parameter(parameter) => format!(":{}", parameter.name),
                Piece::Scope(alias) => format!("{alias:?}"),
            })
            .collect();
        let expected = ["SELECT a FROM t WHERE b >= ", ":since", "::text AND c = ':no' AND ", "Some(\"t\")"];
        assert_eq!(pieces, expected);
    }

    #[test]
    fn knows_the_columns_that_have_a_name() {
        let names = |sql: &str| scan(sql).0.unwrap().columns;
        let known = |list: &[&str]| list.iter().map(|name| Some((*name).to_owned())).collect::<Vec<_>>();
        assert_eq!(names("SELECT DISTINCT o.id, \"name\", count(*) AS total FROM t"), known(&["id", "name", "total"]));
        assert_eq!(names("WITH x AS (SELECT a, b FROM t) SELECT sum(a, 1) AS c FROM x"), known(&["c"]));
        assert_eq!(names("SELECT count(*), a + b, * FROM t"), [None, None, None]);
    }

    #[test]
    fn refuses_what_writes_and_what_is_no_parameter() {
        assert_eq!(scan("DELETE FROM t").1, ["arcana::query_write"]);
        assert_eq!(scan("PRAGMA x").1, ["arcana::query_write"]);
        assert_eq!(scan("WITH x AS (UPDATE t SET a = 1) SELECT 1 AS a").1, ["arcana::query_write"]);
        assert_eq!(
            scan("SELECT a FROM t WHERE b = ? AND {tenant}").1,
            ["arcana::query_parameter", "arcana::query_scope"]
        );
        assert_eq!(scan("SELECT a FROM t; SELECT b FROM t").1, ["arcana::query_text"]);
        assert!(scan("SELECT a, updated_at FROM t FOR UPDATE").1.is_empty());
    }
}
