//! Protobuf text: from finished declarations to lines, the way a careful hand would set them.

use crate::model::Reserved;

/// Longest line.
const MAX_COLUMNS: usize = 120;

/// A message, ready to print.
#[derive(Debug, Default)]
pub(crate) struct MessageText {
    /// Comment, without markers.
    pub(crate) comment: String,
    /// Name without the outer message's.
    pub(crate) name: String,
    /// Fields in order.
    pub(crate) fields: Vec<FieldText>,
    /// What may never be used again.
    pub(crate) reserved: Reserved,
    /// Messages inside.
    pub(crate) messages: Vec<MessageText>,
    /// Enumerations inside.
    pub(crate) enums: Vec<EnumText>,
}

/// A field, ready to print.
#[derive(Debug, Default)]
pub(crate) struct FieldText {
    /// Comment, without markers.
    pub(crate) comment: String,
    /// `optional`, `repeated` and type, such as `repeated OrderLine`.
    pub(crate) ty: String,
    /// Name.
    pub(crate) name: String,
    /// Number.
    pub(crate) number: u32,
    /// Options inside `[…]`.
    pub(crate) options: Vec<String>,
    /// File that declares the type.
    pub(crate) import: Option<String>,
}

/// An enumeration, ready to print.
#[derive(Debug, Default)]
pub(crate) struct EnumText {
    /// Comment, without markers.
    pub(crate) comment: String,
    /// Name without the outer message's.
    pub(crate) name: String,
    /// Comment, name and number.
    pub(crate) values: Vec<(String, String, i32)>,
    /// What may never be used again.
    pub(crate) reserved: Reserved,
}

/// A service, ready to print.
#[derive(Debug, Default)]
pub(crate) struct ServiceText {
    /// Comment, without markers.
    pub(crate) comment: String,
    /// Name.
    pub(crate) name: String,
    /// Methods in order.
    pub(crate) rpcs: Vec<RpcText>,
}

/// A method, ready to print.
#[derive(Debug, Default)]
pub(crate) struct RpcText {
    /// Comment, without markers.
    pub(crate) comment: String,
    /// Name.
    pub(crate) name: String,
    /// Request type.
    pub(crate) request: String,
    /// Response type.
    pub(crate) response: String,
    /// Routes: method in lower case, path, body.
    pub(crate) bindings: Vec<(String, String, String)>,
    /// May be repeated without a further effect.
    pub(crate) idempotent: bool,
    /// Files that declare the request and the response.
    pub(crate) imports: Vec<String>,
}

impl MessageText {
    /// The message and those inside it.
    pub(crate) fn walk(&self) -> Vec<&Self> {
        let mut all = vec![self];
        all.extend(self.messages.iter().flat_map(Self::walk));
        all
    }

    /// Prints the message at a depth of indentation.
    pub(crate) fn print(&self, out: &mut String, depth: usize) {
        let pad = "  ".repeat(depth);
        comment(out, &self.comment, &pad);
        let empty = self.fields.is_empty()
            && self.messages.is_empty()
            && self.enums.is_empty()
            && self.reserved == Reserved::default();
        if empty {
            out.push_str(&format!("{pad}message {} {{}}\n", self.name));
            return;
        }
        out.push_str(&format!("{pad}message {} {{\n", self.name));
        let start = out.len();
        reserved(out, &self.reserved, &pad, 536_870_911);
        if !self.fields.is_empty() {
            blank(out, start);
        }
        for field in &self.fields {
            field.print(out, &pad);
        }
        for inner in &self.enums {
            blank(out, start);
            inner.print(out, depth + 1);
        }
        for inner in &self.messages {
            blank(out, start);
            inner.print(out, depth + 1);
        }
        out.push_str(&format!("{pad}}}\n"));
    }
}

impl FieldText {
    fn print(&self, out: &mut String, pad: &str) {
        comment(out, &self.comment, &format!("{pad}  "));
        let head = format!("{pad}  {} {} = {}", self.ty, self.name, self.number);
        if self.options.is_empty() {
            out.push_str(&format!("{head};\n"));
            return;
        }
        let line = format!("{head} [{}];\n", self.options.join(", "));
        if line.trim_end().chars().count() <= MAX_COLUMNS && !line.trim_end().contains('\n') {
            out.push_str(&line);
            return;
        }
        let options: Vec<String> = self.options.iter().map(|option| format!("{pad}    {option}")).collect();
        out.push_str(&format!("{head} [\n{}\n{pad}  ];\n", options.join(",\n")));
    }
}

impl EnumText {
    /// Prints the enumeration at a depth of indentation.
    pub(crate) fn print(&self, out: &mut String, depth: usize) {
        let pad = "  ".repeat(depth);
        comment(out, &self.comment, &pad);
        out.push_str(&format!("{pad}enum {} {{\n", self.name));
        let start = out.len();
        reserved(out, &self.reserved, &pad, i32::MAX);
        blank(out, start);
        for (said, name, number) in &self.values {
            comment(out, said, &format!("{pad}  "));
            out.push_str(&format!("{pad}  {name} = {number};\n"));
        }
        out.push_str(&format!("{pad}}}\n"));
    }
}

impl ServiceText {
    /// Prints the service.
    pub(crate) fn print(&self, out: &mut String) {
        comment(out, &self.comment, "");
        out.push_str(&format!("service {} {{\n", self.name));
        let start = out.len();
        for rpc in &self.rpcs {
            blank(out, start);
            rpc.print(out);
        }
        out.push_str("}\n");
    }
}

impl RpcText {
    fn print(&self, out: &mut String) {
        comment(out, &self.comment, "  ");
        out.push_str(&format!("  rpc {}({}) returns ({})", self.name, self.request, self.response));
        if self.bindings.is_empty() && !self.idempotent {
            out.push_str(";\n");
            return;
        }
        out.push_str(" {\n");
        if self.idempotent {
            out.push_str("    option idempotency_level = IDEMPOTENT;\n");
        }
        self.print_bindings(out);
        out.push_str("  }\n");
    }

    fn print_bindings(&self, out: &mut String) {
        let Some(((method, path, body), more)) = self.bindings.split_first() else { return };
        if body.is_empty() && more.is_empty() {
            out.push_str(&format!("    option (google.api.http) = {{ {method}: {} }};\n", quoted(path)));
        } else {
            out.push_str(&format!("    option (google.api.http) = {{\n      {method}: {}\n", quoted(path)));
            if !body.is_empty() {
                out.push_str(&format!("      body: {}\n", quoted(body)));
            }
            for (method, path, body) in more {
                let rest = if body.is_empty() { String::new() } else { format!(" body: {}", quoted(body)) };
                out.push_str(&format!("      additional_bindings {{ {method}: {}{rest} }}\n", quoted(path)));
            }
            out.push_str("    };\n");
        }
    }
}

/// Prints a comment, line by line.
pub(crate) fn comment(out: &mut String, text: &str, pad: &str) {
    for line in text.trim_end().lines() {
        let line = line.trim_end();
        out.push_str(&if line.is_empty() { format!("{pad}//\n") } else { format!("{pad}// {line}\n") });
    }
}

/// A string literal of protobuf text.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// An empty line, unless the block has just begun.
fn blank(out: &mut String, start: usize) {
    if out.len() > start {
        out.push('\n');
    }
}

fn reserved(out: &mut String, reserved: &Reserved, pad: &str, max: i32) {
    if !reserved.ranges.is_empty() {
        let ranges: Vec<String> = reserved
            .ranges
            .iter()
            .map(|&(from, to)| match (from, to) {
                _ if from == to => from.to_string(),
                _ if to >= max => format!("{from} to max"),
                _ => format!("{from} to {to}"),
            })
            .collect();
        out.push_str(&format!("{pad}  reserved {};\n", ranges.join(", ")));
    }
    if !reserved.names.is_empty() {
        let names: Vec<String> = reserved.names.iter().map(|name| quoted(name)).collect();
        out.push_str(&format!("{pad}  reserved {};\n", names.join(", ")));
    }
}
