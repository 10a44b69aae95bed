//! How deep the brackets of a text are nested: a parser that descends into them has only so much stack.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::Span;

/// As deep as protoc descends into messages.
const MOST: usize = 32;

/// Refuses a text that is nested deeper.
pub(super) fn check(file: &str, text: &str, found: &mut Diagnostics) {
    if let Some(at) = too_deep(text) {
        let span = Span::in_text(file, text, at..at + 1);
        found.push(
            Diagnostic::at("arcana::nesting", &span, format!("brackets are nested more than {MOST} deep"))
                .help("move what is inside to the top of the file"),
        );
    }
}

/// Where the bracket stands that is one too many; comments and texts have none.
fn too_deep(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut signs = text.char_indices().peekable();
    while let Some((at, c)) = signs.next() {
        match c {
            '"' | '\'' => {
                while let Some((_, inside)) = signs.next_if(|(_, next)| *next != '\n') {
                    match inside {
                        '\\' => drop(signs.next()),
                        end if end == c => break,
                        _ => {}
                    }
                }
            }
            '/' if signs.next_if(|(_, next)| *next == '/').is_some() => {
                while signs.next_if(|(_, next)| *next != '\n').is_some() {}
            }
            '/' if signs.next_if(|(_, next)| *next == '*').is_some() => {
                let mut last = ' ';
                for (_, inside) in signs.by_ref() {
                    if last == '*' && inside == '/' {
                        break;
                    }
                    last = inside;
                }
            }
            '{' | '[' | '(' | '<' => {
                depth += 1;
                if depth > MOST {
                    return Some(at);
                }
            }
            '}' | ']' | ')' | '>' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;
    use crate::{Sources, read_model};

    #[test]
    fn counts_no_brackets_in_texts_and_comments() {
        let brackets = "{".repeat(100);
        for text in [format!("// {brackets}"), format!("/* {brackets} */"), format!("\"{brackets}\"")] {
            assert_eq!(too_deep(&text), None, "{text}");
        }
        assert_eq!(too_deep(&format!("// '\n'\\'' {brackets}")), Some(10 + MOST));
    }

    #[test]
    fn refuses_a_text_that_would_use_up_the_stack() {
        for (open, close) in [("message A { ", "}"), ("option (x) = { a: { ", "} }"), ("option a = [", "]")] {
            let text = format!("syntax = \"proto3\"; package t.v1; {}{}", open.repeat(50_000), close.repeat(50_000));
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
            let sources = Sources::of(BTreeMap::from([("t.proto".to_owned(), text)]), root).unwrap();
            assert_eq!(read_model(&sources).unwrap_err().codes(), ["arcana::nesting"]);
        }
    }
}
