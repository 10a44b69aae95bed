//! Routes of rpcs name fields that their requests have.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{Binding, Field, Model, Rpc, Type};
use crate::nearest::hint;

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    for rpc in model.services.iter().flat_map(|service| &service.rpcs) {
        let Some(request) = model.message(&rpc.request) else { continue };
        for binding in &rpc.bindings {
            path(rpc, binding, found);
            variables(rpc, binding, &request.fields, found);
            body(rpc, binding, &request.fields, found);
        }
    }
}

fn path(rpc: &Rpc, binding: &Binding, found: &mut Diagnostics) {
    let Some(inside) = binding.path.strip_prefix('/') else { return refuse_path(rpc, binding, found) };
    let mut segments: Vec<&str> = inside.split('/').collect();
    let last = segments.pop().unwrap_or_default();
    let (last, verb) = last.split_once(':').unwrap_or((last, "verb"));
    let is_verb = !verb.is_empty() && verb.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    if !is_verb || !segments.into_iter().chain([last]).all(is_segment) {
        refuse_path(rpc, binding, found);
    }
}

/// A whole variable, or a word that needs no escapes; patterns are reported where they are read.
fn is_segment(segment: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.~*".contains(c);
    let is_variable = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    match is_variable {
        Some(name) => !name.contains(['{', '}']) && !name.is_empty(),
        None => !segment.is_empty() && segment.chars().all(plain) && !matches!(segment, "." | ".."),
    }
}

fn refuse_path(rpc: &Rpc, binding: &Binding, found: &mut Diagnostics) {
    let has_pattern = binding.path.contains(['=', '*']);
    // The one report of it is enough.
    if !has_pattern && !binding.method.is_empty() {
        found.push(
            Diagnostic::at("arcana::http_path", &rpc.span, format!("`{}` is no path", binding.path))
                .help("write an absolute path of plain words, whole variables and one verb at the end, such as \"/api/v1/orders/{id}:cancel\"")
                .word(binding.path.clone()),
        );
    }
}

fn variables(rpc: &Rpc, binding: &Binding, fields: &[Field], found: &mut Diagnostics) {
    let names = || fields.iter().map(|field| field.name.as_str());
    for variable in &binding.variables {
        match fields.iter().find(|field| field.name == *variable) {
            None => found.push(
                Diagnostic::at(
                    "arcana::http_variable",
                    &rpc.span,
                    format!("`{}` has no field `{variable}`", rpc.request),
                )
                .help(hint(variable, names(), "name a field of the request"))
                .word(binding.path.clone()),
            ),
            Some(field) if !is_scalar(&field.ty) || field.optional => found.push(
                Diagnostic::at("arcana::http_variable", &rpc.span, format!("`{variable}` cannot stand in a path"))
                    .help("only single scalars that are not `optional` can; send it in the body")
                    .word(binding.path.clone()),
            ),
            Some(_) => {}
        }
        if binding.variables.iter().filter(|other| *other == variable).count() > 1 {
            found.push(
                Diagnostic::at("arcana::http_variable", &rpc.span, format!("`{variable}` stands in the path twice"))
                    .help("name it once")
                    .word(binding.path.clone()),
            );
        }
    }
}

fn body(rpc: &Rpc, binding: &Binding, fields: &[Field], found: &mut Diagnostics) {
    let body = binding.body.as_str();
    let known = body.is_empty() || body == "*" || fields.iter().any(|field| field.name == body);
    if !known {
        found.push(
            Diagnostic::at("arcana::http_body", &rpc.span, format!("`{}` has no field `{body}`", rpc.request))
                .help(hint(body, fields.iter().map(|field| field.name.as_str()), "write body: \"*\" for all of it"))
                .word(body),
        );
    }
    if !body.is_empty() && matches!(binding.method.as_str(), "GET" | "DELETE") {
        found.push(
            Diagnostic::at("arcana::http_body", &rpc.span, format!("{} has no body", binding.method))
                .help("remove `body`, or use post")
                .word("body"),
        );
    }
}

fn is_scalar(ty: &Type) -> bool {
    !matches!(ty, Type::List(_) | Type::Map(..) | Type::Message(_) | Type::Resource(_) | Type::Struct | Type::Bytes)
}

#[cfg(test)]
mod tests {
    use super::super::testing::codes;

    fn found(http: &str) -> Vec<&'static str> {
        let messages = "message Ask { string id = 1; repeated string tags = 2; } message Answer {}";
        let rpc = format!("rpc Do(Ask) returns (Answer) {{ option (google.api.http) = {{ {http} }}; }}");
        codes(super::check, &format!("{messages} service S {{ {rpc} }}"))
    }

    #[test]
    fn refuses_unknown_variables() {
        assert_eq!(found("post: \"/api/v1/things/{key}:do\" body: \"*\""), ["arcana::http_variable"]);
        assert_eq!(found("post: \"/api/v1/things/{tags}:do\" body: \"*\""), ["arcana::http_variable"]);
        assert!(found("post: \"/api/v1/things/{id}:do\" body: \"*\"").is_empty());
    }

    #[test]
    fn refuses_unknown_bodies() {
        assert_eq!(found("post: \"/api/v1/things\" body: \"thing\""), ["arcana::http_body"]);
        assert_eq!(found("get: \"/api/v1/things\" body: \"*\""), ["arcana::http_body"]);
    }

    #[test]
    fn refuses_relative_paths() {
        assert_eq!(found("post: \"api/v1/things\" body: \"*\""), ["arcana::http_path"]);
    }
}
