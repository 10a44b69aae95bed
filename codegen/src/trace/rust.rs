//! The outline of generated Rust: by the item that a line is in, and the members that it names.

use heck::ToSnakeCase;

use super::proto::above;
use super::{Line, Names};
use crate::plan::{Home, rust_name};

/// A type that a file can be about.
#[derive(Clone)]
struct Known {
    /// Its name in snake_case.
    word: String,
    full_name: String,
    /// It is derived from what has that name, whose fields it does not have.
    derived: bool,
}

pub(super) fn outline(names: &Names<'_>, inner: &str, text: &str) -> Vec<Line> {
    let path = inner.strip_prefix("src/").unwrap_or(inner);
    let (types, main) = types(names, path);
    let mut current = main.clone().map(|full_name| Known { word: String::new(), full_name, derived: false });
    let whole = current.clone();
    let mut kind = "";
    let mut item_name = "";
    let mut lines = Vec::new();
    for line in text.lines() {
        let bare = line.trim_start();
        let depth = line.len() - bare.len();
        let item = item_of(bare).filter(|_| depth == 0 || path.starts_with("pb/"));
        if let Some(word) = item {
            kind = word;
            item_name = bare
                .split(|c: char| !(c.is_alphanumeric() || c == '_'))
                .skip_while(|part| *part != word)
                .nth(1)
                .unwrap_or("");
            current = header(&types, bare).or_else(|| whole.clone());
        }
        let Some(owner) = current.as_ref().filter(|_| !bare.is_empty() && !bare.starts_with("use ")) else {
            lines.push(Line::default());
            continue;
        };
        let declares_item = item.is_some() && matches!(kind, "struct" | "enum" | "trait");
        let named = if declares_item { Vec::new() } else { members(names, owner, main.as_deref(), bare) };
        let owner = &owner.full_name;
        let in_struct = kind == "struct" && bare.starts_with("pub ") && bare.contains(": ");
        let in_enum = kind == "enum" && bare.starts_with(|c: char| c.is_ascii_uppercase());
        let is_rpc = bare.contains("fn ") && named.first().is_some_and(|name| is_rpc(names, name));
        lines.push(match named.is_empty() {
            true => Line::of(vec![owner.clone()], declares_item),
            // The first word of a member is its name; the rest is its type.
            false if in_struct || in_enum => {
                let member = bare.trim_start_matches("pub ").trim_end_matches(',');
                let label = format!("{item_name} {{ {member} }}");
                Line { label: Some(label), ..Line::of(named.into_iter().take(1).collect(), true) }
            }
            false => Line::of(named, is_rpc),
        });
    }
    above(text, &mut lines, |line| {
        let bare = line.trim_start();
        bare.starts_with("//") || bare.starts_with("#[")
    });
    lines
}

/// The item that a line begins.
fn item_of(bare: &str) -> Option<&'static str> {
    let words: Vec<&str> = bare.split(|c: char| !(c.is_alphanumeric() || c == '_')).take(4).collect();
    if !words.first().is_some_and(|word| {
        matches!(
            *word,
            "pub" | "impl" | "fn" | "struct" | "enum" | "trait" | "const" | "static" | "type" | "mod" | "async"
        )
    }) {
        return None;
    }
    ["struct", "enum", "trait", "impl", "fn", "static", "const", "type", "mod"]
        .into_iter()
        .find(|item| words.contains(item))
}

/// Types that a file can be about, by their name in snake_case, and the main one.
fn types(names: &Names<'_>, path: &str) -> (Vec<Known>, Option<String>) {
    let known = |word: String, full_name: &String| Known { word, full_name: full_name.clone(), derived: false };
    let spelled = |full_name: &String| known(rust_name(full_name).to_snake_case(), full_name);
    if let Some(package) = path.strip_prefix("pb/").and_then(|rest| rest.strip_suffix(".rs")) {
        let package = format!("{}.", package.replace('/', "."));
        let own = names.subjects.keys().filter(|name| name.starts_with(&package));
        let mut types: Vec<_> = own.map(|name| known(last_snake(name), name)).collect();
        let derived = names.derived.iter().filter(|(name, _)| name.starts_with(&package));
        types.extend(derived.map(|(name, entity)| Known { derived: true, ..known(last_snake(name), entity) }));
        return (types, None);
    }
    let homes = names.homes.iter().filter(|home| path.starts_with(&format!("{}/", home.folder())));
    let Some(home) = homes.max_by_key(|home| home.folder().len()) else { return (Vec::new(), None) };
    let Home { entity, children, enums, messages, service, .. } = home;
    let all = entity.iter().chain(children).chain(enums).chain(messages).chain(service);
    (all.map(spelled).collect(), entity.clone().or_else(|| messages.first().cloned()))
}

fn last_snake(full_name: &str) -> String {
    full_name.rsplit('.').next().unwrap_or(full_name).to_snake_case()
}

/// The type that the head of an item names: `OrderPatch`, `NewOrder`, `ORDER_LINE`.
fn header(types: &[Known], bare: &str) -> Option<Known> {
    let words = bare.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty());
    let words: Vec<String> = words.map(|word| format!("_{}_", word.to_snake_case())).collect();
    let named = types.iter().filter(|known| words.iter().any(|word| word.contains(&format!("_{}_", known.word))));
    named.max_by_key(|known| known.word.len()).cloned()
}

/// Members of the owner that a line names, or else rpcs of the service of the main entity.
fn members(names: &Names<'_>, owner: &Known, main: Option<&str>, bare: &str) -> Vec<String> {
    if owner.derived {
        return Vec::new();
    }
    let named = names.named_on(&owner.full_name, bare);
    if !named.is_empty() {
        return named;
    }
    let service = main.and_then(|entity| names.model.service_of(entity));
    service.map(|service| names.named_on(&service.full_name, bare)).unwrap_or_default()
}

fn is_rpc(names: &Names<'_>, full_name: &str) -> bool {
    names.subjects.get(full_name).is_some_and(|subject| subject.kind == super::Kind::Rpc)
}
