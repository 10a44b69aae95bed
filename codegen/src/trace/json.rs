//! The outline of `openapi.json`, by the path of keys that leads to a line.

use std::collections::BTreeMap;

use super::{Line, Names};
use crate::emit::openapi::schema_names;

/// What the components of an entity or a message are called beside its own name.
const SHAPES: [&str; 6] = ["", "Create", "Replace", "Patch", "Page", "Input"];

pub(super) fn outline(names: &Names<'_>, text: &str) -> Vec<Line> {
    let schemas: BTreeMap<String, String> = schema_names(names.model)
        .into_iter()
        .flat_map(|(full_name, short)| SHAPES.map(|shape| (format!("{short}{shape}"), full_name.clone())))
        .collect();
    let lines: Vec<&str> = text.lines().collect();
    let mut path: Vec<String> = Vec::new();
    let mut outlined = Vec::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate() {
        let bare = line.trim_start();
        let depth = (line.len() - bare.len()) / 2;
        path.truncate(depth.saturating_sub(1));
        let is_key = bare.starts_with('"') && bare.contains("\": ");
        let key = bare.strip_prefix('"').and_then(|rest| rest.split_once("\": ")).map(|(key, _)| key.to_owned());
        match key {
            Some(key) => path.push(key),
            None if bare.starts_with('{') && path.last().is_some_and(|key| key == "parameters") => {
                path.push(parameter(lines.get(index..).unwrap_or_default(), depth));
            }
            None if bare.starts_with(['{', '[']) && depth > 0 => path.push(String::new()),
            None => {}
        }
        let mut found = owner(names, &schemas, &path, line);
        found.declares &= is_key || found.label.as_ref().is_some_and(|_| bare.starts_with('"'));
        outlined.push(found);
    }
    outlined
}

fn labelled(owners: Vec<String>, declares: bool, label: String) -> Line {
    Line { label: Some(label), ..Line::of(owners, declares) }
}

/// Name of the parameter whose object begins here.
fn parameter(lines: &[&str], depth: usize) -> String {
    let end = format!("{}}}", "  ".repeat(depth));
    let start = format!("{}\"name\": \"", "  ".repeat(depth + 1));
    let inside = lines.iter().skip(1).take_while(|line| !line.starts_with(&end));
    let name = inside.filter_map(|line| line.strip_prefix(&start)).next();
    name.map(|rest| rest.trim_end_matches([',', '"']).to_owned()).unwrap_or_default()
}

fn owner(names: &Names<'_>, schemas: &BTreeMap<String, String>, path: &[String], line: &str) -> Line {
    let part = |index: usize| path.get(index).map(String::as_str).unwrap_or_default();
    match (part(0), part(1)) {
        ("components", "schemas") => {
            let Some(full_name) = schemas.get(part(2)) else { return Line::default() };
            let field = format!("{full_name}.{}", part(4));
            let is_page = part(2).strip_suffix("Page").is_some_and(|base| schemas.get(base) == Some(full_name));
            if part(3) == "properties" && !is_page && names.subjects.contains_key(&field) {
                return labelled(vec![field], path.len() == 5, format!("{}.{}", part(2), part(4)));
            }
            let named = match part(3) {
                "required" | "enum" if !is_page => names.named_on(full_name, line),
                _ => Vec::new(),
            };
            match named.is_empty() {
                true => labelled(vec![full_name.clone()], path.len() == 3, part(2).to_owned()),
                // What an enumeration lists are its values.
                false => labelled(named, part(3) == "enum", part(2).to_owned()),
            }
        }
        ("paths", route) => {
            let method = part(2).to_uppercase();
            let Some(found) = names.routes.iter().find(|known| known.path == route && known.method == method) else {
                return Line::default();
            };
            let service = names.model.services.iter().find(|service| service.full_name == found.service());
            let entity = service.and_then(|service| service.resource.as_deref()).unwrap_or_default();
            let field = format!("{entity}.{}", part(4));
            if part(3) == "parameters" && names.subjects.contains_key(&field) {
                return Line::of(vec![field], false);
            }
            labelled(vec![found.rpc.clone()], path.len() == 3, format!("{method} {route}"))
        }
        _ => Line::default(),
    }
}
