//! A service as text: rpcs, their requests, and where HTTP finds them.

use super::*;

impl Maker<'_> {
    pub(super) fn service(&mut self, at: usize) -> String {
        let (file, entity) = (self.types[at].file, self.types[at].name.clone());
        let mut messages = String::new();
        let mut rpcs = String::new();
        let mut taken = BTreeSet::new();
        for _ in 0..self.draw.below(5) {
            let mut name =
                if self.slips() { self.draw.pick(words::BAD_RPCS) } else { self.draw.pick(words::RPCS) }.to_owned();
            if self.draw.rarely(3) && !["Undelete", "Replace", "Patch"].contains(&name.as_str()) {
                name.push_str(&entity);
            }
            let short = name.strip_suffix(&entity).filter(|short| !short.is_empty()).unwrap_or(&name);
            if !taken.insert(short.to_snake_case()) && !self.slips() {
                continue;
            }
            let request = format!("R{at}{name}In");
            let (fields, path_fields) = self.request(&name);
            messages.push_str(&format!("message {request} {{\n{fields}}}\n"));
            let known: Vec<usize> = (0..self.types.len())
                .filter(|one| self.types[*one].file <= file && self.types[*one].kind != Kind::Enum)
                .filter(|one| self.types[*one].parent.is_none())
                .collect();
            let response = match known.get(self.draw.below(known.len() + 1)) {
                Some(&one) => format!(".{}", self.full_name(one)),
                None => request.clone(),
            };
            let comment = self.comment(1);
            let http = self.http(&path_fields);
            let method = match self.draw.below(4) {
                1 => "    option (.arcana.method) = { access: \"public\" idempotent: true };\n",
                2 => "    option (.arcana.method) = { access: \"user\" timeout_seconds: 3 rate_limit: \"5/min\" };\n",
                _ => "",
            };
            rpcs.push_str(&format!("{comment}  rpc {name}({request}) returns ({response}) {{\n{http}{method}  }}\n"));
        }
        if self.draw.rarely(4) {
            messages.push_str(&format!("message Get{entity}Request {{ string a = 1; }}\n"));
            let http = self.http(&[]);
            rpcs.push_str(&format!("  rpc Get{entity}(Get{entity}Request) returns ({entity}) {{\n{http}  }}\n"));
        }
        let comment = self.comment(0);
        format!("{messages}{comment}service {entity}Service {{\n{rpcs}}}\n")
    }

    /// Fields of a request, and those that can stand in a path.
    fn request(&mut self, rpc: &str) -> (String, Vec<String>) {
        let mut fields = String::new();
        let mut in_path = Vec::new();
        let types = [
            "string",
            "int32",
            "int64",
            "bool",
            "uint64",
            "double",
            "repeated string",
            "optional string",
            "bytes",
            "map<string, string>",
            ".google.protobuf.Struct",
            ".google.protobuf.Timestamp",
            "repeated int32",
            "optional bool",
            ".google.type.Date",
        ];
        for number in 1..=self.draw.below(6) {
            let name = format!(
                "{}{}",
                self.draw.pick(words::FIELDS),
                if number > 1 { format!("_{}q{number}", rpc.len()) } else { String::new() }
            );
            let ty = self.draw.pick(&types);
            fields.push_str(&self.comment(1));
            fields.push_str(&format!("  {ty} {name} = {number};\n"));
            if ["string", "int32", "int64", "bool", "uint64", "double"].contains(&ty) || (ty.ends_with("Date")) {
                in_path.push(name);
            }
        }
        (fields, in_path)
    }

    fn http(&mut self, fields: &[String]) -> String {
        let mut bindings = Vec::new();
        for _ in 0..1 + self.draw.below(3) * self.draw.below(4) {
            self.routes += 1;
            let mut path = format!(
                "/api/v{}/{}{}",
                1 + self.draw.below(2),
                self.draw.pick(&["x", "odd-Word", "a.b", "~t", "select"]),
                self.routes
            );
            let mut left: Vec<&String> = fields.iter().collect();
            for _ in 0..self.draw.below(3) {
                if !left.is_empty() {
                    let field = left.remove(self.draw.below(left.len()));
                    path.push_str(&format!("/{{{field}}}"));
                    if self.draw.rarely(3) {
                        path.push_str("/and");
                    }
                }
            }
            if self.draw.rarely(3) {
                path.push_str(self.draw.pick(&[":do", ":do-it", ":type", ":undelete", ":x9"]));
            }
            let path = if self.slips() { self.draw.pick(words::BAD_PATHS).to_owned() } else { path };
            let method = self.draw.pick(&["get", "post", "put", "patch", "delete"]);
            let body = match (method, self.draw.below(3)) {
                ("get" | "delete", _) => String::new(),
                (_, 1) => " body: \"*\"".to_owned(),
                (_, 2) => left.first().map(|field| format!(" body: {}", text(field))).unwrap_or_default(),
                _ => String::new(),
            };
            let odd = if self.slips() {
                self.draw.pick(&[" response_body: \"x\"", " body: \"no_such\"", " selector: \"x\""])
            } else {
                ""
            };
            bindings.push(format!("{method}: {}{body}{odd}", text(&path)));
        }
        let first = bindings.remove(0);
        let more: String = bindings.iter().map(|one| format!("\n      additional_bindings {{ {one} }}")).collect();
        format!("    option (.google.api.http) = {{ {first}{more} }};\n")
    }
}
