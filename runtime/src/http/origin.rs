//! Where a call comes from, when others stand in between.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use ipnet::IpNet;

const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// The address of the caller: that of the connection, or, if that is a proxy which is trusted, the last one in
/// `X-Forwarded-For` that is none. What stands before it, anybody may have written.
pub(super) fn address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    let mut address = peer.to_canonical();
    if !is_trusted(&address) {
        return address;
    }
    let said = headers.get_all(X_FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = said.flat_map(|value| value.split(',')).map(str::trim).collect();
    for hop in hops.iter().rev() {
        match read(hop) {
            Some(before) if is_trusted(&address) => address = before.to_canonical(),
            _ => break,
        }
    }
    address
}

/// An address, with or without a port.
fn read(hop: &str) -> Option<IpAddr> {
    let alone = hop.trim_start_matches('[').trim_end_matches(']').parse().ok();
    alone.or_else(|| hop.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(peer: &str, said: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in said {
            headers.append(X_FORWARDED_FOR, value.parse().unwrap());
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|net| net.parse().unwrap()).collect();
        address(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn nobody_is_believed_who_is_not_trusted() {
        assert_eq!(from("203.0.113.7", &["198.51.100.1"], &[]), "203.0.113.7");
        assert_eq!(from("203.0.113.7", &["198.51.100.1"], &["10.0.0.0/8"]), "203.0.113.7");
        assert_eq!(from("::ffff:203.0.113.7", &[], &[]), "203.0.113.7");
    }

    #[test]
    fn a_trusted_proxy_tells_who_called_it_and_no_more() {
        let trusted = &["10.0.0.0/8", "fd00::/8"];
        assert_eq!(from("10.0.0.1", &["198.51.100.1"], trusted), "198.51.100.1");
        assert_eq!(from("10.0.0.1", &["6.6.6.6, 198.51.100.1"], trusted), "198.51.100.1", "the caller wrote the first");
        assert_eq!(from("10.0.0.1", &["6.6.6.6", "198.51.100.1, 10.0.0.2"], trusted), "198.51.100.1");
        assert_eq!(from("fd00::1", &["2001:db8::5"], trusted), "2001:db8::5");
        assert_eq!(from("10.0.0.1", &["198.51.100.1:4711"], trusted), "198.51.100.1");
        assert_eq!(from("10.0.0.1", &["[2001:db8::5]:1"], trusted), "2001:db8::5");
        assert_eq!(from("10.0.0.1", &["[2001:db8::5]"], trusted), "2001:db8::5");
        assert_eq!(from("10.0.0.1", &["unknown"], trusted), "10.0.0.1");
        assert_eq!(from("10.0.0.1", &[], trusted), "10.0.0.1");
    }
}
