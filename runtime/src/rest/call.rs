//! One REST call, taken apart: context, path, query, headers, body. Everything that does not fit is our own error.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use http::{HeaderMap, header};
use serde_json::{Map, Value};

use super::Verb;
use crate::context::Context;
use crate::entity::{EntitySpec, Kind};
use crate::error::{Error, Result};
use crate::expand::Expand;
use crate::http::{accepts_json, not_acceptable, read_body};
use crate::json;
use crate::violations::Violations;

/// Media type of JSON.
pub(super) const JSON: &str = "application/json";
/// Media type of a merge patch (RFC 7396).
pub(super) const MERGE_PATCH: &str = "application/merge-patch+json";

/// A call, taken apart.
pub struct Call {
    /// Its context.
    pub cx: Context,
    /// Its headers.
    pub headers: HeaderMap,
    path: Vec<String>,
    query: Option<String>,
    body: Bytes,
}

/// A member of a custom request, as paths and queries write it.
#[derive(Debug)]
pub struct RequestField {
    /// Name.
    pub name: &'static str,
    /// How its text becomes JSON.
    pub kind: TextKind,
    /// May be there more than once.
    pub repeated: bool,
}

/// How a text becomes JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextKind {
    /// As a text.
    Text,
    /// As a number, if it is one.
    Number,
    /// As a truth value, if it is one.
    Bool,
}

impl TextKind {
    /// For the values of a column.
    pub fn of(kind: Kind) -> Self {
        match kind {
            Kind::Bool => Self::Bool,
            Kind::I32 | Kind::I64 | Kind::U32 | Kind::U64 | Kind::F32 | Kind::F64 => Self::Number,
            _ => Self::Text,
        }
    }

    /// The text as JSON; what is no number or truth value stays a text, for the decoder to refuse.
    pub fn json(self, text: &str) -> Value {
        let parsed = match self {
            Self::Text => None,
            Self::Number | Self::Bool => serde_json::from_str::<Value>(text).ok(),
        };
        match (self, parsed) {
            (Self::Number, Some(number)) if number.is_number() => number,
            (Self::Bool, Some(truth)) if truth.is_boolean() => truth,
            _ => Value::String(text.to_owned()),
        }
    }
}

/// The call of a list, whose answer may be an export.
pub struct Listing(pub Call);

impl<S: Send + Sync> FromRequest<S> for Call {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        if !accepts_json(request.headers()) {
            return Err(not_acceptable());
        }
        Listing::from_request(request, state).await.map(|Listing(call)| call)
    }
}

impl<S: Send + Sync> FromRequest<S> for Listing {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let (mut parts, body) = request.into_parts();
        let cx = Context::from_request_parts(&mut parts, state).await?;
        let path = RawPathParams::from_request_parts(&mut parts, state).await;
        let path = path.map_err(|rejection| Error::invalid("path", "path", rejection.body_text()))?;
        let path = path.iter().map(|(_, value)| value.to_owned()).collect();
        let query = parts.uri.query().map(str::to_owned);
        let headers = std::mem::take(&mut parts.headers);
        let body = read_body(Request::from_parts(parts, body)).await?;
        Ok(Self(Call { cx, headers, path, query, body }))
    }
}

impl Call {
    /// What stands behind the last colon of the path's last value: a verb, if one of that name is declared.
    pub fn suffix(&self) -> Option<&str> {
        self.path.last()?.rsplit_once(':').map(|(_, suffix)| suffix)
    }

    /// The verb behind the key, if it is one of those that are declared.
    pub fn verb<'v>(&self, verbs: &'v [Verb]) -> Option<&'v Verb> {
        let suffix = self.suffix()?;
        verbs.iter().find(|verb| verb.name == suffix)
    }

    /// The same call without the verb behind the key.
    #[must_use]
    pub fn without_verb(mut self) -> Self {
        if let Some(last) = self.path.last_mut()
            && let Some(at) = last.rfind(':')
        {
            last.truncate(at);
        }
        self
    }

    /// The values of the path, in order.
    pub fn segments(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }

    /// The parameters of the query, in order.
    pub fn query(&self) -> Result<Vec<(String, String)>> {
        let Some(query) = &self.query else { return Ok(Vec::new()) };
        let mut parameters = Vec::new();
        for part in query.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            match (decode(name), decode(value)) {
                (Some(name), Some(value)) => parameters.push((name, value)),
                _ => return Err(Error::invalid("query", "query", "is not percent-encoded UTF-8")),
            }
        }
        Ok(parameters)
    }

    /// Refuses parameters where none are known.
    pub fn no_query(&self) -> Result<()> {
        let mut found = Violations::new();
        for (name, _) in self.query()? {
            found.add(&name, "query.unknown", "is no parameter here");
        }
        found.finish()
    }

    /// The references that `expand` names, the only parameter that is known here.
    pub fn expand(&self, spec: &EntitySpec) -> Result<Expand> {
        if spec.expandable.is_empty() {
            return self.no_query().map(|()| Expand::NONE);
        }
        let mut found = Violations::new();
        let mut expand = None;
        for (name, value) in self.query()? {
            match name.as_str() {
                "expand" if expand.is_some() => found.add("expand", "query.repeated", "is there more than once"),
                "expand" => expand = Some(Expand::from_rest(spec, &value, &mut found)),
                _ => found.add(&name, "query.unknown", "is no parameter here; known is expand"),
            }
        }
        found.into_result(expand.unwrap_or_default())
    }

    /// The body as JSON, in one of these media types.
    pub fn json(&self, media_types: &[&str]) -> Result<Value> {
        let given = self.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let essence = given.split(';').next().unwrap_or_default().trim();
        if !media_types.iter().any(|known| essence.eq_ignore_ascii_case(known)) {
            let given = if given.is_empty() { "no Content-Type" } else { given };
            let known = media_types.join(" or ");
            return Err(Error::UnsupportedMediaType(format!("the body has {given}; send {known}")));
        }
        if self.body.is_empty() {
            return Err(Error::invalid("body", "required", "must be a JSON object"));
        }
        json::parse(&self.body).map_err(|cause| Error::invalid("body", "json", format!("is no JSON: {cause}")))
    }

    /// The JSON form of a custom request: the body (`*`, one field, or none), the path, whose values are the fields
    /// `variables` in order, and the rest from the query.
    pub fn request(&self, body: &str, variables: &[&str], fields: &'static [RequestField]) -> Result<Value> {
        let mut found = Violations::new();
        let mut members = Map::new();
        if body == "*" && !self.body.is_empty() {
            match self.json(&[JSON])? {
                Value::Object(object) => members = object,
                _ => found.add("body", "object", "must be an object"),
            }
        } else if body != "*" && !body.is_empty() {
            members.insert(body.to_owned(), self.json(&[JSON])?);
        }
        for (name, text) in variables.iter().zip(&self.path) {
            if members.contains_key(*name) {
                found.add(name, "path", "stands in the path already");
            }
            let kind = fields.iter().find(|field| field.name == *name).map_or(TextKind::Text, |field| field.kind);
            members.insert((*name).to_owned(), kind.json(text));
        }
        for (name, text) in self.query()? {
            let field = fields.iter().find(|field| field.name == name && body != "*" && field.name != body);
            match field {
                None => found.add(&name, "query.unknown", "is no parameter here"),
                Some(field) if field.repeated => {
                    let list = members.entry(name).or_insert_with(|| Value::Array(Vec::new()));
                    list.as_array_mut().into_iter().for_each(|list| list.push(field.kind.json(&text)));
                }
                Some(_) if members.contains_key(&name) => found.add(&name, "query.repeated", "is there more than once"),
                Some(field) => {
                    members.insert(name, field.kind.json(&text));
                }
            }
        }
        found.into_result(Value::Object(members))
    }
}

/// `application/x-www-form-urlencoded` text: `+` is a space, `%41` a byte.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
                bytes.push(u8::try_from(high * 16 + low).ok()?);
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).ok()
}
