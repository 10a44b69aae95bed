//! Exports: all rows of a list as lines of JSON or as CSV, as the caller accepts them. They are read page by page behind the
//! key of the last row, so that neither memory nor a connection is held for long, however many there are.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::response::Response;
use futures::stream;
use http::{HeaderMap, HeaderValue, header};
use serde_json::Value;

use super::{Call, Resource};
use crate::error::{Error, Result};
use crate::query::{ListQuery, Page};
use crate::service::Service;

/// Rows that are read at once.
const CHUNK: i64 = 500;
/// Parameters of pages, which an export does not have.
const OF_PAGES: [&str; 4] = ["include_total", "page", "page_token", "size"];

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// An object of JSON in each line (`application/x-ndjson`).
    Lines,
    /// Comma-separated values with a line of names first (`text/csv`, RFC 4180).
    Csv,
}

impl Format {
    /// What the caller accepts, if it accepts no JSON document.
    pub fn accepted(headers: &HeaderMap) -> Option<Self> {
        let given = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        given.flat_map(|text| text.split(',')).find_map(|range| {
            match range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
                "application/x-ndjson" => Some(Self::Lines),
                "text/csv" => Some(Self::Csv),
                _ => None,
            }
        })
    }

    fn media_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Lines => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        })
    }
}

/// All rows of a list, as a stream. What is wrong with the query, or with the first rows, is still an error with a status;
/// later the connection is cut, so that nobody takes a part for the whole.
pub(super) async fn export<E: Resource>(service: Arc<dyn Service<E>>, call: Call, format: Format) -> Result<Response> {
    let parameters = call.query()?;
    if let Some((name, _)) = parameters.iter().find(|(name, _)| OF_PAGES.contains(&name.as_str())) {
        return Err(Error::invalid(name, "query.unknown", "is no parameter of an export, which has all rows"));
    }
    let mut query = ListQuery::from_rest(E::SPEC, &parameters)?;
    query.include_total = false;
    query.size = CHUNK;
    let limit = call.cx.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
    let mut export = Export { service, call, query: Some(query), limit, format };
    let first = export.chunk(true).await?;
    let rest = stream::try_unfold(export, |mut export| async move {
        match export.chunk(false).await {
            Ok(Some(bytes)) => Ok(Some((bytes, export))),
            Ok(None) => Ok(None),
            Err(error) => {
                tracing::warn!(%error, "an export was cut off");
                Err(error)
            }
        }
    });
    let chunks = futures::StreamExt::chain(stream::iter(first.map(Ok)), rest);
    let mut response = Response::new(Body::from_stream(chunks));
    response.headers_mut().insert(header::CONTENT_TYPE, format.media_type());
    Ok(response)
}

struct Export<E> {
    service: Arc<dyn Service<E>>,
    call: Call,
    /// None when all is read.
    query: Option<ListQuery>,
    /// Time for each chunk.
    limit: Option<Duration>,
    format: Format,
}

impl<E: Resource> Export<E> {
    async fn chunk(&mut self, is_first: bool) -> Result<Option<Bytes>> {
        let Some(query) = self.query.take() else { return Ok(None) };
        self.call.cx.deadline = self.limit.map(|limit| Instant::now() + limit);
        let Page { data, next_page_token, .. } = self.service.list(&self.call.cx, query.clone()).await?;
        self.query = query.behind(&next_page_token);
        let rows = data.iter().map(Resource::dto);
        match self.format {
            Format::Lines => lines(rows),
            Format::Csv => csv(rows, is_first.then_some(E::MEMBERS)),
        }
        .map(Some)
    }
}

fn lines(rows: impl Iterator<Item = impl serde::Serialize>) -> Result<Bytes> {
    let mut out = Vec::new();
    for row in rows {
        serde_json::to_writer(&mut out, &row).map_err(Error::internal)?;
        out.push(b'\n');
    }
    Ok(out.into())
}

fn csv(rows: impl Iterator<Item = impl serde::Serialize>, names: Option<&[&str]>) -> Result<Bytes> {
    let mut out = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    if let Some(names) = names {
        out.write_record(names).map_err(Error::internal)?;
    }
    for row in rows {
        let row = serde_json::to_value(&row).map_err(Error::internal)?;
        out.write_record(row.as_object().into_iter().flat_map(|members| members.values()).map(cell))
            .map_err(Error::internal)?;
    }
    out.into_inner().map(Bytes::from).map_err(|cause| Error::internal(cause.to_string()))
}

/// A value in one cell: texts as they are, null as nothing, lists and objects as JSON.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn writes_cells_that_a_spreadsheet_reads_back() {
        let rows = [json!({"a": "x,\"y\"\nz", "b": null, "c": [1, 2]}), json!({"a": "", "b": true, "c": {"d": 1.5}})];
        let text = csv(rows.iter(), Some(&["a", "b", "c"])).unwrap();
        assert_eq!(text, "a,b,c\r\n\"x,\"\"y\"\"\nz\",,\"[1,2]\"\r\n,true,\"{\"\"d\"\":1.5}\"\r\n");
        assert_eq!(csv([json!({})].iter().take(0), Some(&["a", "b"])).unwrap(), "a,b\r\n");
    }

    #[test]
    fn an_export_is_asked_for_by_its_media_type() {
        let asked = |text: &'static str| {
            Format::accepted(&HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(text))]))
        };
        assert_eq!(asked("text/csv"), Some(Format::Csv));
        assert_eq!(asked("application/x-ndjson;q=0.9"), Some(Format::Lines));
        assert_eq!(asked("text/html, */*"), None);
    }
}
