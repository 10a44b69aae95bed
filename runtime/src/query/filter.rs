//! Filters: the comparisons, AND, OR, NOT and parentheses of AIP-160, typed by the columns that may be filtered.

use super::kind::write;
use crate::changes::Field;
use crate::db::{Dialect, Value, words_condition};
use crate::entity::{ColumnSpec, Entity, EntitySpec, Kind};

/// Longest filter, in bytes.
const MAX_BYTES: usize = 4096;
/// Deepest nesting.
const MAX_DEPTH: usize = 20;

/// A condition on rows.
#[derive(Debug, Clone)]
pub enum Filter {
    /// All hold.
    And(Vec<Filter>),
    /// At least one holds.
    Or(Vec<Filter>),
    /// It does not hold.
    Not(Box<Filter>),
    /// A field compared with a value.
    Compare {
        /// Column.
        column: &'static ColumnSpec,
        /// How.
        comparison: Comparison,
        /// With what.
        value: Value,
    },
    /// Each word begins one that stands in a searchable field.
    Words {
        /// Shape of the rows.
        spec: &'static EntitySpec,
        /// Words, normalised.
        words: Vec<String>,
    },
}

/// How a field is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// A text contains another.
    Contains,
    /// Any value, but not null.
    Present,
}

impl Filter {
    /// A field compared with a value.
    pub fn compare<E: Entity, T>(field: &Field<E, T>, comparison: Comparison, value: &T) -> Self {
        match E::SPEC.column_of(field.name) {
            Some(column) => Self::Compare { column, comparison, value: (field.value)(value) },
            // A field constant without a column is not made; nothing matches it.
            None => Self::Or(Vec::new()),
        }
    }

    /// As SQL with `?` for each value, which are appended.
    pub(crate) fn to_sql(&self, dialect: Dialect, values: &mut Vec<Value>) -> String {
        match self {
            Self::And(all) => join(dialect, all, " AND ", values),
            Self::Or(any) => join(dialect, any, " OR ", values),
            // Without IS TRUE, a comparison with NULL would be neither true nor false, and NOT would keep it so.
            Self::Not(inner) => format!("NOT ({} IS TRUE)", inner.to_sql(dialect, values)),
            Self::Compare { column, comparison, value } => {
                let name = column.name;
                let sign = match comparison {
                    Comparison::Present => return format!("{name} IS NOT NULL"),
                    Comparison::Contains => {
                        values.push(value.clone());
                        return dialect.contains(name);
                    }
                    Comparison::Equal if value.is_null() => return format!("{name} IS NULL"),
                    Comparison::NotEqual if value.is_null() => return format!("{name} IS NOT NULL"),
                    Comparison::Equal => "=",
                    Comparison::NotEqual => {
                        values.push(value.clone());
                        return dialect.differs(name);
                    }
                    Comparison::Less => "<",
                    Comparison::LessOrEqual => "<=",
                    Comparison::Greater => ">",
                    Comparison::GreaterOrEqual => ">=",
                };
                values.push(value.clone());
                format!("{name} {sign} ?")
            }
            Self::Words { spec, words } => words_condition(spec, words, values),
        }
    }

    /// The filter as text, to tell two apart.
    pub(super) fn describe(&self) -> String {
        let list = |filters: &[Self]| filters.iter().map(Self::describe).collect::<Vec<_>>().join(",");
        match self {
            Self::And(all) => format!("and({})", list(all)),
            Self::Or(any) => format!("or({})", list(any)),
            Self::Not(inner) => format!("not({})", inner.describe()),
            Self::Compare { column, comparison, value } => {
                format!("{} {comparison:?} {:?}", column.name, write(value))
            }
            Self::Words { words, .. } => format!("words {words:?}"),
        }
    }
}

fn join(dialect: Dialect, filters: &[Filter], by: &str, values: &mut Vec<Value>) -> String {
    if filters.is_empty() {
        return if by == " AND " { "TRUE".to_owned() } else { "FALSE".to_owned() };
    }
    let parts: Vec<String> = filters.iter().map(|filter| filter.to_sql(dialect, values)).collect();
    format!("({})", parts.join(by))
}

/// Reads a filter; the error says what is wrong and where.
pub(super) fn parse(spec: &'static EntitySpec, text: &str) -> Result<Filter, String> {
    if text.len() > MAX_BYTES {
        return Err(format!("is longer than {MAX_BYTES} bytes"));
    }
    if text.contains('\0') {
        return Err("must not contain the character NUL".to_owned());
    }
    let tokens = tokens(text)?;
    let mut parser = Parser { spec, tokens: &tokens, at: 0, depth: 0 };
    let filter = parser.either()?;
    match parser.peek() {
        None => Ok(filter),
        Some(token) => Err(format!("has {} where AND, OR or the end is expected", token.show())),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Quoted(String),
    Sign(&'static str),
}

impl Token {
    fn show(&self) -> String {
        match self {
            Self::Word(text) => format!("{text:?}"),
            Self::Quoted(text) => format!("the text {text:?}"),
            Self::Sign(sign) => format!("{sign:?}"),
        }
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    const SIGNS: [&str; 9] = ["!=", "<=", ">=", "=", "<", ">", ":", "(", ")"];
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            tokens.push(Token::Sign(sign));
            rest = rest.get(sign.len()..).unwrap_or_default();
        } else if first == '"' || first == '\'' {
            let (quoted, behind) = quoted(rest, first)?;
            tokens.push(Token::Quoted(quoted));
            rest = behind;
        } else {
            let ends = |c: char| c.is_whitespace() || "!<>=:()\"'".contains(c);
            let length = rest.find(ends).unwrap_or(rest.len());
            if length == 0 {
                return Err(format!("has {first:?}, which means nothing here"));
            }
            let (word, behind) = rest.split_at(length);
            tokens.push(Token::Word(word.to_owned()));
            rest = behind;
        }
        rest = rest.trim_start();
    }
    Ok(tokens)
}

fn quoted(text: &str, quote: char) -> Result<(String, &str), String> {
    let mut value = String::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            _ if character == quote => return Ok((value, text.get(at + 1..).unwrap_or_default())),
            _ => value.push(character),
        }
    }
    Err("has a text without its closing quote".to_owned())
}

struct Parser<'a> {
    spec: &'static EntitySpec,
    tokens: &'a [Token],
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn take_word(&mut self, word: &str) -> bool {
        let is = matches!(self.peek(), Some(Token::Word(text)) if text == word);
        self.at += usize::from(is);
        is
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let is = matches!(self.peek(), Some(Token::Sign(text)) if *text == sign);
        self.at += usize::from(is);
        is
    }

    fn either(&mut self) -> Result<Filter, String> {
        let first = self.all()?;
        let mut any = vec![first];
        while self.take_word("OR") {
            any.push(self.all()?);
        }
        Ok(single_or(any, Filter::Or))
    }

    fn all(&mut self) -> Result<Filter, String> {
        let first = self.term()?;
        let mut all = vec![first];
        while self.take_word("AND") {
            all.push(self.term()?);
        }
        Ok(single_or(all, Filter::And))
    }

    fn term(&mut self) -> Result<Filter, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("is nested deeper than {MAX_DEPTH} levels"));
        }
        let filter = if self.take_word("NOT") {
            Filter::Not(Box::new(self.term()?))
        } else if self.take_sign("(") {
            let inner = self.either()?;
            if !self.take_sign(")") {
                return Err("lacks a closing parenthesis".to_owned());
            }
            inner
        } else {
            self.comparison()?
        };
        self.depth -= 1;
        Ok(filter)
    }

    fn comparison(&mut self) -> Result<Filter, String> {
        let field = match self.peek() {
            Some(Token::Word(field)) => field.clone(),
            Some(token) => return Err(format!("has {} where a field is expected", token.show())),
            None => return Err("ends where a field is expected".to_owned()),
        };
        self.at += 1;
        let column = self.spec.column_of(&field).filter(|column| column.filterable).ok_or_else(|| {
            let known = self.spec.fields().iter().filter(|column| column.filterable).map(|column| column.field);
            format!("cannot use {field:?}; fields to filter by are: {}", known.collect::<Vec<_>>().join(", "))
        })?;
        let comparison = self.sign(&field)?;
        let (text, quoted) = match self.peek() {
            Some(Token::Word(text)) => (text.clone(), false),
            Some(Token::Quoted(text)) => (text.clone(), true),
            _ => return Err(format!("lacks a value behind {field}")),
        };
        self.at += 1;
        compare(column, comparison, &text, quoted)
    }

    fn sign(&mut self, field: &str) -> Result<Comparison, String> {
        const SIGNS: [(&str, Comparison); 7] = [
            ("=", Comparison::Equal),
            ("!=", Comparison::NotEqual),
            ("<", Comparison::Less),
            ("<=", Comparison::LessOrEqual),
            (">", Comparison::Greater),
            (">=", Comparison::GreaterOrEqual),
            (":", Comparison::Contains),
        ];
        for (sign, comparison) in SIGNS {
            if self.take_sign(sign) {
                return Ok(comparison);
            }
        }
        Err(format!("lacks a comparison (= != < <= > >= :) behind {field}"))
    }
}

fn single_or(mut filters: Vec<Filter>, many: fn(Vec<Filter>) -> Filter) -> Filter {
    match filters.pop() {
        Some(only) if filters.is_empty() => only,
        Some(last) => {
            filters.push(last);
            many(filters)
        }
        None => many(filters),
    }
}

fn compare(column: &'static ColumnSpec, comparison: Comparison, text: &str, quoted: bool) -> Result<Filter, String> {
    if comparison == Comparison::Contains && text == "*" && !quoted {
        return Ok(Filter::Compare { column, comparison: Comparison::Present, value: Value::Null });
    }
    let comparison = match comparison {
        Comparison::Contains if column.kind != Kind::Text => Comparison::Equal,
        other => other,
    };
    if text == "null" && !quoted {
        return match comparison {
            Comparison::Equal | Comparison::NotEqual => Ok(Filter::Compare { column, comparison, value: Value::Null }),
            _ => Err(format!("can only ask whether {} is (=) or is not (!=) null", column.field)),
        };
    }
    let value =
        column.kind.parse(text).map_err(|message| format!("has a value for {} that {message}", column.field))?;
    Ok(Filter::Compare { column, comparison, value })
}
