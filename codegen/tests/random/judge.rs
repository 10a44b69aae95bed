//! What must hold of every schema, whatever it says: it is refused with reasons, or all that is made of it is sound.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use arcana_codegen::emit::descriptor;
use arcana_codegen::fileset::{Edits, Mode};
use arcana_codegen::impact::publish;
use arcana_codegen::migrate::{Disk, seal};
use arcana_codegen::{Colour, Diagnostics, Output, Project, Sources, generate};
use rusqlite::Connection;
use serde_json::Value;

use crate::servers;

/// What became of a schema.
pub enum Verdict {
    /// Refused, for these reasons.
    Refused(Diagnostics),
    /// Accepted.
    Accepted(Box<Output>),
}

/// Generates, and says what is wrong with it.
pub fn judge(project: &Project, sources: &Sources) -> Result<Verdict, String> {
    let output = match generate(project, sources, &[]) {
        Ok(output) => output,
        Err(found) => return refusal(&found, sources).map(|()| Verdict::Refused(found)),
    };
    let again =
        generate(project, sources, &[]).map_err(|found| format!("the second run fails: {}", found.to_json()))?;
    if again.files.files() != output.files.files() {
        return Err("two runs make different files".to_owned());
    }
    for (path, file) in output.files.files() {
        let Ok(text) = std::str::from_utf8(&file.content) else { continue };
        if path.ends_with(".rs") {
            rust(path, text)?;
        }
    }
    contract(&output, sources)?;
    openapi(&output)?;
    routes(&output)?;
    sql(&output)?;
    Ok(Verdict::Accepted(Box::new(output)))
}

/// Every reason has a code, and a place or a way out; all can be shown.
fn refusal(found: &Diagnostics, sources: &Sources) -> Result<(), String> {
    let report = found.render(&sources.files, Colour::Never);
    let _ = found.to_json();
    if found.is_empty() {
        return Err("refused without a reason".to_owned());
    }
    for one in found.iter() {
        if !one.code.starts_with("arcana::") || (one.span.is_none() && one.help.is_none()) {
            return Err(format!("no code, or neither place nor help:\n{report}"));
        }
        if one.code == "arcana::emit" {
            return Err(format!("the checks let pass what cannot be emitted:\n{report}"));
        }
    }
    Ok(())
}

fn rust(path: &str, text: &str) -> Result<(), String> {
    syn::parse_file(text).map_err(|error| format!("{path} is no Rust: {error}\n{text}"))?;
    // What rustc refuses in comments, where syn looks at nothing.
    let odd = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\r');
    match text.lines().find(|line| line.contains(odd)) {
        Some(line) => Err(format!("{path} has signs that rustc refuses: {line:?}")),
        None => Ok(()),
    }
}

/// The published contract compiles on its own.
fn contract(output: &Output, sources: &Sources) -> Result<(), String> {
    let files = output.files.files().iter().filter_map(|(path, file)| {
        let path = path.strip_prefix("generated/").filter(|path| path.ends_with(".proto"))?;
        Some((path.to_owned(), String::from_utf8(file.content.clone()).ok()?))
    });
    descriptor::compile(&files.collect(), &sources.include).map(drop).map_err(|error| format!("{error:?}"))
}

fn openapi(output: &Output) -> Result<(), String> {
    let text = output.files.text("generated/openapi.json").ok_or("no openapi.json")?;
    let whole: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    resolve(&whole, &whole)
}

fn resolve(part: &Value, whole: &Value) -> Result<(), String> {
    match part {
        Value::Object(members) => {
            if let Some(Value::String(target)) = members.get("$ref") {
                let pointer = target.strip_prefix('#').ok_or("a reference to elsewhere")?;
                whole.pointer(pointer).ok_or_else(|| format!("{target} leads nowhere"))?;
            }
            members.values().try_for_each(|member| resolve(member, whole))
        }
        Value::Array(items) => items.iter().try_for_each(|item| resolve(item, whole)),
        _ => Ok(()),
    }
}

/// The router takes all routes, each method once.
fn routes(output: &Output) -> Result<(), String> {
    let mut router = matchit::Router::new();
    let mut taken: BTreeMap<String, String> = BTreeMap::new();
    for (path, file) in output.files.files().iter().filter(|(path, _)| path.ends_with("/http.rs")) {
        let text = std::str::from_utf8(&file.content).map_err(|error| error.to_string())?;
        for line in text.lines().filter_map(|line| line.trim().strip_prefix(".route(")) {
            let (route, methods) = line.split_once(", ").ok_or("a route without a handler")?;
            let route: syn::LitStr = syn::parse_str(route).map_err(|error| format!("{path}: {route}: {error}"))?;
            let route = route.value();
            if !taken.keys().any(|known| known.ends_with(&format!(" {route}"))) {
                router.insert(route.clone(), ()).map_err(|error| format!("{path}: {route}: {error}"))?;
            }
            if route.split('/').any(|part| part.starts_with([':', '*'])) {
                return Err(format!("{path}: axum refuses {route}"));
            }
            for method in ["get", "post", "put", "patch", "delete"] {
                let named = methods.split(['.', ':', '(', ')']).any(|word| word == method);
                if named && let Some(other) = taken.insert(format!("{method} {route}"), path.clone()) {
                    return Err(format!("{path} and {other} both take {method} {route}"));
                }
            }
        }
    }
    Ok(())
}

/// Migrations go up, down and up again.
fn sql(output: &Output) -> Result<(), String> {
    let way = |dialect: &str, way: &str| {
        let wanted = |path: &str| path.contains(&format!("/{dialect}/")) && path.ends_with(&format!(".{way}.sql"));
        let mut texts = output.files.files().iter().filter(|(path, _)| wanted(path));
        texts.next().map(|(_, file)| String::from_utf8_lossy(&file.content).into_owned()).unwrap_or_default()
    };
    sqlite(&way("sqlite", "up"), &way("sqlite", "down"))?;
    // Types in the words of a database are not known to all, nor do they fit the key that a column refers to.
    if output.model.entities.iter().flat_map(|entity| &entity.columns).any(|column| column.storage_type.is_some()) {
        return Ok(());
    }
    servers::judge("postgres", &way("postgres", "up"), &way("postgres", "down"))?;
    servers::judge("mysql", &way("mysql", "up"), &way("mysql", "down"))
}

fn sqlite(up: &str, down: &str) -> Result<(), String> {
    let database = Connection::open_in_memory().map_err(|error| error.to_string())?;
    let run = |what: &str, text: &str| {
        let whole = format!("PRAGMA foreign_keys = ON; BEGIN; {text}; COMMIT;");
        database.execute_batch(&whole).map_err(|error| format!("{what}: {error}\n{text}"))
    };
    run("up", up)?;
    run("down", down)?;
    let left: i64 = database
        .query_row("SELECT count(*) FROM sqlite_schema WHERE name <> 'sqlite_sequence'", [], |row| row.get(0))
        .map_err(|error| error.to_string())?;
    if left != 0 {
        return Err(format!("{left} things are left when all is down:\n{down}"));
    }
    run("up again", up)
}

/// Once written and sealed, nothing is left to do.
pub fn settles(root: &Path, sources: &Sources, output: &Output) -> Result<(), String> {
    let project = Project::parse(root, crate::PROJECT).map_err(|found| found.to_json().to_string())?;
    let say = |found: Diagnostics| found.to_json().to_string();
    output.files.apply(root, Mode::Write, Edits::Refuse).map_err(|error| format!("{error:?}"))?;
    let same = generate(&project, sources, &[]).map_err(say)?;
    let changes = same.files.apply(root, Mode::Check, Edits::Refuse).map_err(|error| format!("{error:?}"))?;
    if !changes.is_empty() {
        return Err(format!("a second run has changes: {changes:?}"));
    }
    let contract = publish(&project, sources, &output.model).map_err(|error| error.to_string())?;
    let sealed = seal(&project, &Disk::read(&project).map_err(say)?, &output.model, &contract).map_err(say)?;
    for (path, text) in &sealed.files {
        fs::write(root.join(path), text).map_err(|error| error.to_string())?;
    }
    let after = generate(&project, sources, &[]).map_err(say)?;
    if let Some(open) = after.migrations.open {
        return Err(format!("sealed, but {} is open: {:?}", open.stem(), after.migrations.operations));
    }
    match after.impact.as_deref() {
        Some([]) => Ok(()),
        other => Err(format!("sealed, but the contract differs: {other:?}")),
    }
}
