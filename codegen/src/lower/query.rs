//! Named queries: the `.sql` beside a `.proto`, statement by statement.

mod text;

use std::collections::BTreeMap;
use std::ops::Range;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{Model, Piece, Query, QueryDialect, QueryText, Rows, Span};

/// How a query begins.
const HEADER: &str = "-- name: ";
/// Says that a query reads rows of all.
const SCOPE: &str = "-- scope: ";
/// Says which databases the text that follows is for.
const DIALECT: &str = "-- dialect: ";
const SHAPE: &str = "write `-- name: Name(Request) returns many Row`; `one` and `optional` are for a single row";

/// Reads all files of queries into the model.
pub(super) fn queries(files: &BTreeMap<String, String>, model: &mut Model, found: &mut Diagnostics) {
    let mut queries = Vec::new();
    for (path, text) in files {
        let reader = Reader { path, text, model };
        queries.extend(reader.file(found));
    }
    queries.sort_by(|a, b| (&a.entity, a.span.bytes.start).cmp(&(&b.entity, b.span.bytes.start)));
    model.queries = queries;
}

struct Reader<'a> {
    path: &'a str,
    text: &'a str,
    model: &'a Model,
}

/// What a header says.
struct Header<'a> {
    entity: Option<&'a str>,
    name: &'a str,
    request: &'a str,
    rows: Rows,
    row: &'a str,
}

impl<'a> Reader<'a> {
    fn span(&self, bytes: Range<usize>) -> Span {
        Span::in_text(self.path, self.text, bytes)
    }

    fn file(&self, found: &mut Diagnostics) -> Vec<Query> {
        let proto = self.path.strip_suffix(".sql").map(|stem| format!("{stem}.proto")).unwrap_or_default();
        let Some(file) = self.model.file(&proto) else {
            let message = format!("there is no {proto} beside these queries");
            found.push(
                Diagnostic::at("arcana::query_file", &self.span(0..0), message)
                    .help("name the file as the .proto that declares the entity whose repository gets the queries"),
            );
            return Vec::new();
        };
        let mut starts: Vec<usize> = self.text.match_indices(HEADER).map(|(at, _)| at).collect();
        starts.retain(|at| *at == 0 || self.text.as_bytes().get(at - 1) == Some(&b'\n'));
        let first = starts.first().copied().unwrap_or(self.text.len());
        let before = self.text.get(..first).unwrap_or_default();
        if let Some((at, _)) = before.match_indices(|c: char| !c.is_whitespace()).find(|(at, _)| {
            let line = before.get(..*at).map_or(0, |text| text.rfind('\n').map_or(0, |end| end + 1));
            !before.get(line..).unwrap_or_default().trim_start().starts_with("--")
        }) {
            found.push(
                Diagnostic::at("arcana::query_header", &self.span(at..at + 1), "this statement has no name")
                    .help(SHAPE),
            );
        }
        let ends = starts.iter().copied().skip(1).chain([self.text.len()]);
        let package = &file.package;
        let sections: Vec<Range<usize>> = starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect();
        sections.into_iter().filter_map(|section| self.query(package, &proto, section, found)).collect()
    }

    fn query(&self, package: &str, proto: &str, section: Range<usize>, found: &mut Diagnostics) -> Option<Query> {
        let text = self.text.get(section.clone()).unwrap_or_default();
        let line = text.lines().next().unwrap_or_default();
        let header_span = self.span(section.start..section.start + line.len());
        let Some(header) = header(line) else {
            found.push(Diagnostic::at("arcana::query_header", &header_span, "this is no head of a query").help(SHAPE));
            return None;
        };
        let place = |word: &str| {
            let at = section.start + line.find(word).unwrap_or_default();
            self.span(at..at + word.len())
        };
        let entity = self.entity(proto, package, &header, &place, found);
        let mut message = |name: &str| {
            let known = [format!("{package}.{name}"), name.to_owned()];
            let known = known.into_iter().find(|name| self.model.message(name).is_some());
            if known.is_none() {
                let is_entity = self.model.entity(&format!("{package}.{name}")).is_some();
                let what = if is_entity { "is an entity" } else { "is no message of the schema" };
                let own = if is_entity { format!("{name}Row") } else { name.to_owned() };
                found.push(
                    Diagnostic::at("arcana::query_message", &place(name), format!("`{name}` {what}"))
                        .help(format!("declare `message {own} {{ … }}` in {proto}, and name it here")),
                );
            }
            known
        };
        let (request, row) = (message(header.request), message(header.row));
        let body = self.body(section.start + line.len(), section.end, found);
        let (entity, request, row) = (entity?, request?, row?);
        let (comment, unrestricted, texts) = body?;
        let scoped = |text: &QueryText| text.pieces.iter().any(|piece| matches!(piece, Piece::Scope(_)));
        let all_scoped = texts.iter().all(scoped);
        if unrestricted == all_scoped || (unrestricted && texts.iter().any(scoped)) {
            let (message, help) = if unrestricted {
                ("the query is unrestricted, and has a scope", "remove `-- scope: unrestricted`, or `{scope}`")
            } else {
                (
                    "the query does not say where the scope of its caller holds",
                    "write `{scope}` (or `{scope alias}`) into its WHERE, or `-- scope: unrestricted` below its name if \
                     it reads rows of all",
                )
            };
            found.push(Diagnostic::at("arcana::query_scope", &place(header.name), message).help(help));
        }
        Some(Query {
            entity,
            name: header.name.to_owned(),
            comment,
            request,
            rows: header.rows,
            row,
            texts,
            span: place(header.name),
        })
    }

    /// The entity that the header names, or the only one of the file.
    fn entity(
        &self,
        proto: &str,
        package: &str,
        header: &Header<'_>,
        place: &impl Fn(&str) -> Span,
        found: &mut Diagnostics,
    ) -> Option<String> {
        let of_file = self.model.resources.iter().filter(|resource| resource.file == proto);
        let roots: Vec<&str> = of_file
            .filter(|resource| self.model.entity(&resource.entity).is_some_and(|entity| entity.parent.is_none()))
            .map(|resource| resource.entity.as_str())
            .collect();
        let known = match header.entity {
            Some(name) => roots.iter().find(|root| **root == format!("{package}.{name}")),
            None => roots.first().filter(|_| roots.len() == 1),
        };
        if known.is_none() {
            let message = match header.entity {
                Some(name) => format!("{proto} has no entity `{name}` with a repository"),
                None => format!("{proto} has {} entities with a repository", roots.len()),
            };
            let word = header.entity.unwrap_or(header.name);
            let help = format!("write `{}` with the entity whose repository gets the query in front", "Entity.Name");
            found.push(Diagnostic::at("arcana::query_entity", &place(word), message).help(help));
        }
        known.map(|name| (*name).to_owned())
    }

    /// What stands below a header: comment, whether all rows are meant, and the texts.
    fn body(&self, start: usize, end: usize, found: &mut Diagnostics) -> Option<(String, bool, Vec<QueryText>)> {
        let (mut comment, mut unrestricted) = (Vec::new(), false);
        let mut parts: Vec<(Vec<QueryDialect>, Range<usize>)> = vec![(QueryDialect::ALL.to_vec(), start..start)];
        let before = found.len();
        let mut at = start;
        let (mut begun, mut common) = (false, true);
        for line in self.text.get(start..end).unwrap_or_default().split_inclusive('\n') {
            let (from, said) = (at, line.trim());
            at += line.len();
            if let Some(names) = said.strip_prefix(DIALECT.trim_end()) {
                let dialects = self.dialects(names, from..from + line.trim_end().len(), found);
                parts.push((dialects, at..at));
                (begun, common) = (true, false);
            } else if let Some(scope) = said.strip_prefix(SCOPE.trim_end()) {
                unrestricted = scope.trim() == "unrestricted";
                if !unrestricted {
                    let span = self.span(from..from + line.trim_end().len());
                    found.push(
                        Diagnostic::at("arcana::query_scope", &span, format!("`{}` is no scope", scope.trim()))
                            .help("write `-- scope: unrestricted`, or nothing and `{scope}` in the WHERE"),
                    );
                }
            } else if !begun && said.starts_with("--") {
                comment.push(said.trim_start_matches('-').trim().to_owned());
            } else {
                begun |= !said.is_empty();
                if let Some((_, range)) =
                    parts.last_mut().filter(|(_, range)| range.start < range.end || !said.is_empty())
                {
                    let first = if range.start == range.end { from } else { range.start };
                    *range = first..at;
                }
            }
        }
        let named: Vec<QueryDialect> = parts.iter().skip(1).flat_map(|(dialects, _)| dialects.clone()).collect();
        let mut texts = Vec::new();
        for (n, (dialects, range)) in parts.into_iter().enumerate() {
            let dialects: Vec<QueryDialect> =
                dialects.into_iter().filter(|dialect| n > 0 || !named.contains(dialect)).collect();
            if let Some(text) = text::read(self.path, self.text, range, dialects, found) {
                texts.push(text);
            }
        }
        let missing = QueryDialect::ALL.into_iter().find(|one| !texts.iter().any(|text| text.dialects.contains(one)));
        if let (Some(dialect), true) = (missing, found.len() == before) {
            let message = format!("the query has no text for {}", dialect.name());
            let help = if common { "write a statement below it" } else { "add `-- dialect: …` with its text" };
            found.push(Diagnostic::at("arcana::query_text", &self.span(start..start), message).help(help));
        }
        (found.len() == before).then(|| (comment.join("\n"), unrestricted, texts))
    }

    fn dialects(&self, names: &str, bytes: Range<usize>, found: &mut Diagnostics) -> Vec<QueryDialect> {
        let mut dialects = Vec::new();
        for name in names.split(',').map(str::trim) {
            match QueryDialect::ALL.into_iter().find(|dialect| dialect.name() == name) {
                Some(dialect) => dialects.push(dialect),
                None => found.push(
                    Diagnostic::at(
                        "arcana::query_dialect",
                        &self.span(bytes.clone()),
                        format!("`{name}` is no database"),
                    )
                    .help("write sqlite, postgres or mysql, or several joined by commas"),
                ),
            }
        }
        dialects
    }
}

/// `-- name: [Entity.]Name(Request) returns many Row`
fn header(line: &str) -> Option<Header<'_>> {
    let line = line.strip_prefix(HEADER)?.trim();
    let (name, rest) = line.split_once('(')?;
    let (request, rest) = rest.split_once(')')?;
    let mut words = rest.split_whitespace();
    if words.next() != Some("returns") {
        return None;
    }
    let rows = match words.next()? {
        "one" => Rows::One,
        "optional" => Rows::Optional,
        "many" => Rows::Many,
        _ => return None,
    };
    let row = words.next()?;
    let (entity, name) =
        name.trim().rsplit_once('.').map_or((None, name.trim()), |(entity, name)| (Some(entity), name));
    let is_name = |text: &str| {
        text.starts_with(|first: char| first.is_ascii_uppercase())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let is_path =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._".contains(&byte));
    let fits = words.next().is_none() && is_name(name) && is_path(request.trim()) && is_path(row);
    fits.then(|| Header { entity, name, request: request.trim(), rows, row })
}
