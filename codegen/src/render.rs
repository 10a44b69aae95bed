//! Finishes rendered files: header, documentation, and the imports that the body really uses.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{CLOSE, Home, OPEN, plain};

/// Names of generated code that files may use, with the paths that they may come from.
#[derive(Debug, Default)]
pub struct Scope {
    /// Name → paths of the modules (without the name) that declare it, such as `shop::v1::order` and `model`.
    pub names: BTreeMap<String, Vec<(String, &'static str)>>,
    /// Path of the module of each message and enum, by full name.
    pub homes: BTreeMap<String, String>,
    /// What headers call each file of the schema.
    pub sources: BTreeMap<String, String>,
}

/// Names of the runtime and of libraries: the path that brings the name, and what in a body asks for it. A trigger
/// that starts with a letter is a whole word, one that ends in `::` a word with a path behind it; any other is a part of
/// the text.
const KNOWN: &[(&str, &[&str])] = &[
    ("std::collections::BTreeMap", &["BTreeMap"]),
    ("std::fmt", &["fmt::"]),
    ("std::sync::Arc", &["Arc"]),
    ("arcana_runtime::access::Grant", &["Grant"]),
    ("arcana_runtime::access::Rule", &["Rule"]),
    ("arcana_runtime::access::Scope", &["Scope"]),
    ("arcana_runtime::app::Route", &["Route"]),
    ("arcana_runtime::changes::Changes", &["Changes"]),
    ("arcana_runtime::changes::Event", &[" Event for "]),
    ("arcana_runtime::changes::Field", &["Field"]),
    ("arcana_runtime::changes::Job", &[" Job for "]),
    ("arcana_runtime::changes::Store", &["Store"]),
    ("arcana_runtime::check", &["check::"]),
    ("arcana_runtime::check::Pattern", &["Pattern"]),
    ("arcana_runtime::context::Context", &["Context"]),
    ("arcana_runtime::db::Db", &["Db"]),
    ("arcana_runtime::app::Kit", &["Kit"]),
    ("arcana_runtime::db::LocalStore", &["LocalStore"]),
    ("arcana_runtime::db::Dialect", &["Dialect"]),
    ("arcana_runtime::db::Row", &["Row"]),
    ("arcana_runtime::db::Stored", &["Stored", ".to_value()"]),
    ("arcana_runtime::db::Value", &["Value"]),
    ("arcana_runtime::entity::AccessSpec", &["AccessSpec"]),
    ("arcana_runtime::entity::Child", &["Child"]),
    ("arcana_runtime::entity::ColumnSpec", &["ColumnSpec"]),
    ("arcana_runtime::entity::Entity", &["Entity", "validate(what"]),
    ("arcana_runtime::entity::EntitySpec", &["EntitySpec"]),
    ("arcana_runtime::entity::Kind", &["Kind"]),
    ("arcana_runtime::entity::OnDelete", &["OnDelete"]),
    ("arcana_runtime::entity::OwnedSpec", &["OwnedSpec"]),
    ("arcana_runtime::entity::Reference", &["Reference"]),
    ("arcana_runtime::entity::Referrer", &["Referrer"]),
    ("arcana_runtime::entity::Searched", &["Searched"]),
    ("arcana_runtime::entity::Stamps", &["Stamps"]),
    ("arcana_runtime::entity::Unique", &["Unique"]),
    ("arcana_runtime::entity::Validate", &["Validate"]),
    ("arcana_runtime::entity::Words", &["Words"]),
    ("arcana_runtime::entity::keep", &[" keep("]),
    ("arcana_runtime::entity::merge_children", &["merge_children"]),
    ("arcana_runtime::entity::set", &[" set("]),
    ("arcana_runtime::error::Error", &["Error"]),
    ("arcana_runtime::error::Result", &["Result"]),
    ("arcana_runtime::error::Violation", &["Violation"]),
    ("arcana_runtime::expand::Expand", &["Expand"]),
    ("arcana_runtime::expand::Expandable", &["Expandable"]),
    ("arcana_runtime::fixture", &["fixture::"]),
    ("arcana_runtime::fixture::Fixture", &["Fixture", "::fixture("]),
    ("arcana_runtime::fixture::Seeded", &["Seeded"]),
    ("arcana_runtime::fixture::Seeder", &["Seeder"]),
    ("arcana_runtime::grpc", &["grpc::"]),
    ("arcana_runtime::json::to_json", &["to_json("]),
    ("arcana_runtime::json::FromJson", &["FromJson"]),
    ("arcana_runtime::json::Object", &["Object"]),
    ("arcana_runtime::proto", &["proto::"]),
    ("arcana_runtime::proto::FromProto", &["FromProto"]),
    ("arcana_runtime::proto::IntoProto", &["IntoProto", ".into_proto()"]),
    ("arcana_runtime::proto::Mask", &["Mask"]),
    ("arcana_runtime::query::ListArguments", &["ListArguments"]),
    ("arcana_runtime::query::ListQuery", &["ListQuery"]),
    ("arcana_runtime::query::Page", &["Page"]),
    ("arcana_runtime::repository::NamedQuery", &["NamedQuery"]),
    ("arcana_runtime::repository::Part", &["Part"]),
    ("arcana_runtime::repository::Repository", &["Repository"]),
    ("arcana_runtime::repository::Text", &["Text"]),
    ("arcana_runtime::repository::SqlRepository", &["SqlRepository"]),
    ("arcana_runtime::rest", &["rest::"]),
    ("arcana_runtime::rest::Call", &["Call"]),
    ("arcana_runtime::rest::RequestField", &["RequestField"]),
    ("arcana_runtime::rest::Resource", &["Resource", "::VERBS", "::MASKABLE"]),
    ("arcana_runtime::rest::TextKind", &["TextKind"]),
    ("arcana_runtime::rest::Verb", &["Verb"]),
    ("arcana_runtime::service::Batch", &["Batch"]),
    ("arcana_runtime::service::Etag", &["Etag"]),
    ("arcana_runtime::service::Hooks", &["Hooks"]),
    ("arcana_runtime::service::Method", &["Method"]),
    ("arcana_runtime::service::Replay", &["Replay::"]),
    ("arcana_runtime::service::Request", &["Request", ".validate(found)"]),
    ("arcana_runtime::service::RowDelete", &["RowDelete"]),
    ("arcana_runtime::service::RowUpdate", &["RowUpdate"]),
    ("arcana_runtime::service::Service", &["Service"]),
    ("arcana_runtime::limits::Limit", &["Limit::"]),
    ("arcana_runtime::limits::Rate", &["Limit::new(Rate"]),
    ("arcana_runtime::entity::Derived", &["Derived::"]),
    ("arcana_runtime::entity::MethodLimits", &["MethodLimits"]),
    ("arcana_runtime::mail::Mailer", &["Mailer"]),
    ("arcana_runtime::security::Security", &["Security"]),
    ("arcana_runtime::service::Custom", &["Custom"]),
    ("arcana_runtime::service::Standard", &["Standard"]),
    ("arcana_runtime::service::read_ids", &["read_ids"]),
    ("arcana_runtime::service::read_requests", &["read_requests"]),
    ("arcana_runtime::types::Bytes", &["Bytes"]),
    ("arcana_runtime::types::Date", &["Date"]),
    ("arcana_runtime::types::Decimal", &["Decimal"]),
    ("arcana_runtime::types::Duration", &["Duration"]),
    ("arcana_runtime::types::Enumeration", &["Enumeration", ".name()", ".number()"]),
    ("arcana_runtime::types::Fixed", &["Fixed"]),
    ("arcana_runtime::types::Kept", &["Kept"]),
    ("arcana_runtime::types::Key", &["Key"]),
    ("arcana_runtime::types::Name", &["Name"]),
    ("arcana_runtime::types::Num", &["Num"]),
    ("arcana_runtime::types::Redacted", &["&Redacted"]),
    ("arcana_runtime::types::Stringed", &["Stringed"]),
    ("arcana_runtime::types::Struct", &["Struct"]),
    ("arcana_runtime::types::Timestamp", &["Timestamp"]),
    ("arcana_runtime::types::Uid", &["Uid"]),
    ("arcana_runtime::types::key_part", &["key_part"]),
    ("arcana_runtime::types::key_parts", &["key_parts"]),
    ("arcana_runtime::violations::Violations", &["Violations"]),
    ("async_trait::async_trait", &["async_trait"]),
    ("axum::Router", &["Router"]),
    ("axum::extract::State", &["State"]),
    ("axum::response::Response", &["Response"]),
    ("axum::routing", &["routing::"]),
    ("serde::Serialize", &["Serialize"]),
    ("serde::Serializer", &["Serializer"]),
    ("serde::ser::SerializeStruct", &[".serialize_field(", ".serialize_struct("]),
    ("serde_json::Value as Json", &["Json"]),
    ("tonic::Request", &["Request"]),
    ("tonic::Response", &["Response"]),
    ("tonic::Status", &["Status"]),
];

/// Names that the macro of mockall brings into the module that it makes.
const MOCKED: [&str; 11] = [
    "CaseTreeExt",
    "Common",
    "DerefMut",
    "Expectation",
    "ExpectationGuard",
    "Expectations",
    "Matcher",
    "Mutex",
    "MutexGuard",
    "Range",
    "Rfunc",
];

/// The finished text of a file of a home.
pub fn finish(scope: &Scope, home: &Home, file: &str, doc: &str, body: &str) -> String {
    let source = scope.sources.get(&home.file).unwrap_or(&home.file);
    let header = format!("// Generated by cargo xtask gen from {source}. Do not edit.");
    let (paths, body) = if file == "mod" { (BTreeSet::new(), plain(body)) } else { resolve(scope, home, file, body) };
    tidy(&format!("{header}\n\n//! {doc}\n\n{}\n{body}", use_lines(&paths)))
}

/// The finished text of a file that belongs to no home; `own` are imports beside those that are known.
pub fn finish_shared(doc: &str, own: &[String], body: &str) -> String {
    let body = plain(body);
    let words = Words::of(&body);
    let known = known(&words, &body, |_| true).into_iter().map(|(path, _)| path.to_owned());
    let paths: BTreeSet<String> = known.chain(own.iter().cloned()).collect();
    tidy(&format!("// Generated by cargo xtask gen. Do not edit.\n\n//! {doc}\n\n{}\n{body}", use_lines(&paths)))
}

/// The finished text of a scaffold, which is no part of the generated crate but uses it; `own` are imports beside those
/// that are known.
pub fn finish_scaffold(scope: &Scope, crate_name: &str, doc: &str, own: &[String], body: &str) -> String {
    let (paths, body) = resolve(scope, &Home::default(), "logic", body);
    let outside = |path: &String| path.strip_prefix("crate::").map(|rest| format!("{crate_name}::{rest}"));
    let paths: BTreeSet<String> = paths.iter().map(|path| outside(path).unwrap_or_else(|| path.clone())).collect();
    let paths = paths.into_iter().chain(own.iter().cloned()).collect();
    let body = body.replace("crate::", &format!("{crate_name}::"));
    tidy(&format!("//! {doc}\n\n{}\n{body}", use_lines(&paths)))
}

/// The imports of what the body uses, and the body, in which everything has a name that means only that in this file.
fn resolve(scope: &Scope, home: &Home, file: &str, body: &str) -> (BTreeSet<String>, String) {
    let words = Words::of(body);
    let own = home.path();
    let fits = |path: &str| match file {
        // Two libraries have a Request and a Response; each file speaks of one of them.
        "grpc" => !path.starts_with("axum::") && path != "arcana_runtime::service::Request",
        "validate" => !path.starts_with("tonic::"),
        "http" => !path.starts_with("tonic::") && path != "arcana_runtime::service::Request",
        _ => !path.starts_with("tonic::") && !path.starts_with("axum::"),
    };
    let mut paths = BTreeSet::new();
    let mut calls = BTreeMap::new();
    for (word, full_name) in &words.types {
        let name = plain(word);
        let place = scope.homes.get(full_name).unwrap_or(&own);
        let declared = |path: &str| {
            let places = scope.names.get(&name).map(Vec::as_slice).unwrap_or_default();
            places.iter().find(|(known, _)| known == path).map(|(_, module)| *module)
        };
        let twin = |other: &(&String, &String)| other.0 != word && plain(other.0) == name;
        match declared(place) {
            // The macro of mocks has a module of its own, with names of its own.
            Some(_) if file == "mock" && MOCKED.contains(&name.as_str()) => {
                calls.insert(word.clone(), format!("crate::{place}::{name}"));
            }
            // Of two types with one name, that of this module has it; the other has its path.
            Some(_) if *place != own && (declared(&own).is_some() || words.types.iter().any(|other| twin(&other))) => {
                calls.insert(word.clone(), format!("crate::{place}::{name}"));
            }
            Some(_) if *place != own => {
                paths.insert(format!("crate::{place}::{name}"));
            }
            Some(module) if module != file => {
                paths.insert(format!("super::{module}::{name}"));
            }
            _ => {}
        }
    }
    let taken: BTreeSet<String> =
        words.types.keys().filter(|word| !calls.contains_key(*word)).map(|w| plain(w)).collect();
    for (path, by_method) in known(&words, body, fits) {
        let (path, name) = path.split_once(" as ").unwrap_or((path, last(path)));
        if !taken.contains(name) {
            paths.insert(if name == last(path) { path.to_owned() } else { format!("{path} as {name}") });
            continue;
        }
        // The schema has a type of that name, so the other is called by its path.
        calls.insert(name.to_owned(), path.to_owned());
        if by_method {
            paths.insert(format!("{path} as _"));
        }
    }
    if words.has("pb") {
        paths.insert(format!("crate::pb::{} as pb", crate::plan::module_path(&home.package)));
    }
    if file == "model" && words.has("validate") {
        paths.insert("super::validate".to_owned());
    }
    let of_others =
        |name: &str| KNOWN.iter().any(|(path, _)| last(path) == name || path.ends_with(&format!(" as {name}")));
    // Types are marked where they are named; of what is not marked, only constants and services are meant.
    let meant = |(_, places): &(&String, &Vec<(String, &str)>)| {
        places.iter().any(|(_, module)| matches!(*module, "service" | "sql"))
    };
    let named = words.plain.iter().filter_map(|word| scope.names.get_key_value(word)).filter(meant);
    for (name, places) in named.filter(|(name, _)| !of_others(name)) {
        let here = places.iter().find(|(path, _)| *path == own);
        match (here, places.as_slice()) {
            (Some((_, module)), _) if *module != file => {
                paths.insert(format!("super::{module}::{name}"));
            }
            (None, [(path, _)]) => {
                paths.insert(format!("crate::{path}::{name}"));
            }
            _ => {}
        }
    }
    (paths, plain(&renamed(body, &calls)))
}

fn last(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or_default()
}

/// What a body asks for, and whether it is for its methods too.
fn known(words: &Words, body: &str, fits: impl Fn(&str) -> bool) -> Vec<(&'static str, bool)> {
    let is_word =
        |trigger: &str| trigger.starts_with(|first: char| first.is_ascii_alphabetic()) && !trigger.contains('(');
    let found = |trigger: &str| match trigger.strip_suffix("::") {
        Some(word) => words.paths.contains(word),
        None => words.has(trigger),
    };
    let by_word = |triggers: &[&str]| triggers.iter().any(|trigger| is_word(trigger) && found(trigger));
    let by_method = |triggers: &[&str]| triggers.iter().any(|trigger| !is_word(trigger) && body.contains(*trigger));
    let wanted = KNOWN.iter().filter(|(path, triggers)| (by_word(triggers) || by_method(triggers)) && fits(path));
    wanted.map(|(path, triggers)| (*path, by_method(triggers))).collect()
}

/// The body with some words called otherwise.
fn renamed(body: &str, calls: &BTreeMap<String, String>) -> String {
    if calls.is_empty() {
        return body.to_owned();
    }
    let mut out = String::with_capacity(body.len());
    for line in body.split_inclusive('\n') {
        if line.trim_start().starts_with("//") {
            out.push_str(line);
            continue;
        }
        let mut at = 0;
        for (start, word) in words_of(line) {
            if let Some(call) = calls.get(word) {
                out.push_str(line.get(at..start).unwrap_or_default());
                out.push_str(call);
                at = start + word.len();
            }
        }
        out.push_str(line.get(at..).unwrap_or_default());
    }
    out
}

/// Imports by group: the standard library, other crates, this one.
fn use_lines(paths: &BTreeSet<String>) -> String {
    let mut groups: [BTreeMap<String, BTreeSet<String>>; 3] = Default::default();
    for path in paths {
        let (module, name) = path.rsplit_once("::").unwrap_or(("", path));
        let group = match path.split("::").next().unwrap_or_default() {
            "std" => 0,
            "crate" | "super" => 2,
            _ => 1,
        };
        if let Some(group) = groups.get_mut(group) {
            group.entry(module.to_owned()).or_default().insert(name.to_owned());
        }
    }
    let mut text = String::new();
    for group in groups.iter().filter(|group| !group.is_empty()) {
        for (module, names) in group {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            match names.as_slice() {
                [one] => text.push_str(&format!("use {module}::{one};\n")),
                many => text.push_str(&use_many(module, many)),
            }
        }
        text.push('\n');
    }
    text
}

/// Several names of a module, in as many lines as rustfmt gives them.
fn use_many(module: &str, names: &[&str]) -> String {
    const WIDTH: usize = 120;
    let line = format!("use {module}::{{{}}};\n", names.join(", "));
    if line.len() <= WIDTH {
        return line;
    }
    let mut lines = vec![String::from("   ")];
    for name in names {
        if lines.last().is_some_and(|last| last.len() + name.len() + 2 > WIDTH) {
            lines.push(String::from("   "));
        }
        lines.last_mut().into_iter().for_each(|last| last.push_str(&format!(" {name},")));
    }
    format!("use {module}::{{\n{}\n}};\n", lines.join("\n"))
}

/// The identifiers of a text that stand for themselves: not behind `::` or `.`, not in comments or texts.
struct Words {
    plain: BTreeSet<String>,
    /// Those with `::` behind them.
    paths: BTreeSet<String>,
    /// Words that hold a type of the schema, with its full name.
    types: BTreeMap<String, String>,
}

impl Words {
    fn of(body: &str) -> Self {
        let mut words = Self { plain: BTreeSet::new(), paths: BTreeSet::new(), types: BTreeMap::new() };
        let is_code = |line: &&str| !line.trim_start().starts_with("//") && !line.trim_start().starts_with("#[derive(");
        for line in body.lines().filter(is_code) {
            for (at, word) in words_of(line) {
                if line.get(at + word.len()..).is_some_and(|behind| behind.starts_with("::")) {
                    words.paths.insert(word.to_owned());
                }
                let full_name = word.split_once(OPEN).and_then(|(_, rest)| Some(rest.split_once(CLOSE)?.0));
                match full_name {
                    Some(full_name) => drop(words.types.insert(word.to_owned(), full_name.to_owned())),
                    None => drop(words.plain.insert(word.to_owned())),
                }
            }
        }
        words
    }

    fn has(&self, word: &str) -> bool {
        self.plain.contains(word)
    }
}

/// Such words of a line of code, with their places.
fn words_of(line: &str) -> Vec<(usize, &str)> {
    let mut words = Vec::new();
    // A variant of an enum stands alone in its line.
    let alone = line.trim().strip_suffix(',').is_some_and(|word| word.chars().all(|c| c.is_ascii_alphanumeric()));
    if alone && line.trim().starts_with(|first: char| first.is_ascii_uppercase()) {
        return words;
    }
    let (mut at, mut inside) = (0, false);
    while let Some(next) = line.get(at..).and_then(|rest| rest.chars().next()) {
        match next {
            '\\' if inside => {
                at += 1 + line.get(at + 1..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8)
            }
            '"' => {
                inside = !inside;
                at += 1;
            }
            first if !inside && (first.is_ascii_alphabetic() || first == '_' || first == OPEN) => {
                let end = end_of_word(line, at);
                let (before, behind) = (line.get(..at).unwrap_or_default(), line.get(end..).unwrap_or_default());
                let led = before.ends_with("::") || (before.ends_with('.') && !before.ends_with(".."));
                // A member of a literal or a declaration is a name of its own: `check: …`, `fn get(…`.
                let named = behind.starts_with(':') && !behind.starts_with("::");
                if !led && !named && !before.ends_with("fn ") && !before.ends_with("mod ") {
                    words.push((at, line.get(at..end).unwrap_or_default()));
                }
                at = end;
            }
            // Digits and what hangs on them are no words.
            other => at += other.len_utf8(),
        }
    }
    words
}

/// Where the word ends that starts here: behind letters, digits and whole names of types.
fn end_of_word(line: &str, start: usize) -> usize {
    let mut open = false;
    for (offset, c) in line.get(start..).unwrap_or_default().char_indices() {
        match c {
            OPEN => open = true,
            CLOSE => open = false,
            _ if open || c.is_ascii_alphanumeric() || c == '_' => {}
            _ => return start + offset,
        }
    }
    line.len()
}

/// One blank line where templates left several, none at the start of a block or at the end.
fn tidy(text: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for line in text.lines().map(str::trim_end) {
        let after_opening = lines.last().is_some_and(|last| last.is_empty() || last.ends_with('{'));
        if line.is_empty() && after_opening {
            continue;
        }
        if line.trim_start().starts_with('}') && lines.last().is_some_and(|last| last.is_empty()) {
            lines.pop();
        }
        lines.push(line);
    }
    while lines.last().is_some_and(|last| last.is_empty()) {
        lines.pop();
    }
    lines.join("\n") + "\n"
}
