//! What must stand nowhere but where it was asked for: looked for in the log, the metrics and the refusals of every service that a
//! test starts.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// What everybody's password is.
pub const PASSWORD: &str = "correct horse battery";
/// What it is changed to.
pub const NEW_PASSWORD: &str = "staple battery horse";

/// Characters of base64url behind the word in front of a refresh token, a key, or the token in a mail.
const SECRET_CHARACTERS: usize = 43;

/// The first secret in a text, with what stands before it.
pub fn find(text: &str) -> Option<&str> {
    let known = [PASSWORD, NEW_PASSWORD, "$argon2"].into_iter().filter_map(|secret| text.find(secret));
    let opaque = ["rt_", "ak_", "mt_"].into_iter().filter_map(|word| word_then(text, word, SECRET_CHARACTERS));
    // Header and claims of a JWT are JSON, which begins with `{"`.
    let tokens = word_then(text, "eyJ", 20).into_iter();
    let at = known.chain(opaque).chain(tokens).min()?;
    let from = text.char_indices().map(|(start, _)| start).rfind(|start| *start <= at.saturating_sub(200))?;
    text.get(from..(at + 3).min(text.len()))
}

/// Where a word stands with so many characters of base64url behind it.
fn word_then(text: &str, word: &str, characters: usize) -> Option<usize> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let follows = |at: &usize| text.as_bytes()[at + word.len()..].iter().take_while(|byte| is_part(byte)).count();
    text.match_indices(word).map(|(at, _)| at).find(|at| follows(at) >= characters)
}

/// Fails the test if there is one.
#[track_caller]
pub fn none_in(what: &str, text: &str) {
    if let Some(before) = find(text) {
        panic!("a secret is in {what}, behind: {before}");
    }
}

/// What a service says of itself now, if it still can.
pub fn metrics(rest: SocketAddr) -> Option<String> {
    let mut stream = TcpStream::connect_timeout(&rest, Duration::from_secs(1)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok().map(|_| text)
}

#[test]
fn secrets_are_found_wherever_they_stand() {
    for secret in [
        "password=correct horse battery",
        "hash $argon2id$v=19$m=19456",
        "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.e30.c2ln",
        "token rt_R1qGv5m1bq0mV0vX9yC2d3e4f5g6h7i8j9k0l1m2n3o",
        "key ak_R1qGv5m1bq0mV0vX9yC2d3e4f5g6h7i8j9k0l1m2n3o",
        "reset?token=mt_R1qGv5m1bq0mV0vX9yC2d3e4f5g6h7i8j9k0l1m2n3o",
    ] {
        assert!(find(&format!("ä {secret} and more")).is_some(), "{secret}");
    }
    assert_eq!(find("ak_R1qGv5 is a hint, eyJ is none, rt_ neither"), None);
}
