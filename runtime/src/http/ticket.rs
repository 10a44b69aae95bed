//! Tickets: who cannot send headers, such as an `EventSource` or a link, brings one in the query of a call that only reads.

use axum::extract::Request;
use http::uri::PathAndQuery;
use http::{Method, Uri};

use crate::error::{Error, Result};

/// The parameter.
const TICKET: &str = "access_ticket";

/// Takes the ticket out of the query, so that nobody behind the edge sees it, if the call has one and only reads.
pub(super) fn take(request: &mut Request) -> Result<Option<String>> {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let Some(query) = request.uri().query().filter(|query| reads && query.contains(TICKET)) else { return Ok(None) };
    let is_ticket = |part: &&str| part.split('=').next() == Some(TICKET);
    let (tickets, others): (Vec<&str>, Vec<&str>) = query.split('&').partition(is_ticket);
    let ticket = match tickets.as_slice() {
        [] => return Ok(None),
        [one] => one.split_once('=').map_or("", |(_, ticket)| ticket).to_owned(),
        _ => return Err(Error::invalid(TICKET, "query.repeated", "is there more than once")),
    };
    let path = request.uri().path();
    let rest = if others.is_empty() { path.to_owned() } else { format!("{path}?{}", others.join("&")) };
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(rest).map_err(Error::internal)?);
    *request.uri_mut() = Uri::from_parts(parts).map_err(Error::internal)?;
    Ok(Some(ticket))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn taken(method: Method, uri: &str) -> (Result<Option<String>>, String) {
        let mut request = Request::builder().method(method).uri(uri).body(Body::empty()).unwrap();
        let ticket = take(&mut request);
        (ticket, request.uri().to_string())
    }

    #[test]
    fn a_ticket_is_taken_out_of_the_query_of_calls_that_read() {
        for (uri, ticket, rest) in [
            ("/a?access_ticket=x.y-z_", Some("x.y-z_"), "/a"),
            ("/a?b=1&access_ticket=x&c=%20", Some("x"), "/a?b=1&c=%20"),
            ("http://host/a?access_ticket", Some(""), "http://host/a"),
            ("/a?b=access_ticket&my_access_ticket=x", None, "/a?b=access_ticket&my_access_ticket=x"),
            ("/a", None, "/a"),
        ] {
            let (found, left) = taken(Method::GET, uri);
            assert_eq!((found.unwrap().as_deref(), left.as_str()), (ticket, rest), "{uri}");
        }
        assert!(taken(Method::GET, "/a?access_ticket=x&access_ticket=y").0.is_err());
        let (found, left) = taken(Method::POST, "/a?access_ticket=x");
        assert_eq!((found.unwrap(), left.as_str()), (None, "/a?access_ticket=x"));
    }
}
