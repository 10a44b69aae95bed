//! An entity as text: its key, fields, indexes, methods and who may call them.

use super::*;

impl Maker<'_> {
    pub(super) fn entity(&mut self, at: usize) -> String {
        let mut fields = String::new();
        let mut written = Vec::new();
        let mut taken: BTreeSet<String> = ["id", "deleted_at", "position"].map(str::to_owned).into();
        if let Some(parent) = self.types[at].parent {
            taken.insert(format!("{}_id", self.types[parent].name.to_snake_case()));
        }
        let mut number = 1;
        let mut key_fields = Vec::new();
        let key_name = if self.draw.rarely(5) { "key" } else { "id" };
        match self.types[at].key {
            Key::Composite => {
                for name in ["left", "right"] {
                    let whole = self.draw.below(2) == 0;
                    let ty = if whole { "int64" } else { "string" };
                    let bound = if whole { "" } else { " [(.buf.validate.field).string = { min_len: 1 max_len: 40 }]" };
                    fields.push_str(&format!("  {ty} {name}_key = {number}{bound};\n"));
                    key_fields.push(format!("{name}_key"));
                    taken.insert(format!("{name}_key"));
                    number += 1;
                }
            }
            key => {
                let (ty, said, rule) = match key {
                    Key::Int64 => ("int64", "INT64", ""),
                    Key::Int64Client => ("int64", "INT64_CLIENT", ""),
                    Key::Text => ("string", "STRING", ", (.buf.validate.field).string = { min_len: 1 max_len: 60 }"),
                    _ => ("string", "UUID_V7", ""),
                };
                fields.push_str(&self.comment(1));
                fields
                    .push_str(&format!("  {ty} {key_name} = 1 [(.arcana.field) = {{ primary_key: {said} }}{rule}];\n"));
                taken.insert(key_name.to_owned());
                number += 1;
            }
        }
        for _ in 0..self.draw.below(9) {
            let (text, field) = self.field(Place::Entity(at), number, &mut taken);
            fields.push_str(&text);
            written.push(field);
            number += 1 + u32::from(self.draw.rarely(10)) * 1000;
        }
        let children: Vec<usize> = (0..self.types.len()).filter(|one| self.types[*one].parent == Some(at)).collect();
        for child in children {
            let ty = self.full_name(child);
            fields.push_str(&format!(
                "  repeated .{ty} own_{number} = {number} [(.arcana.field) = {{ owned: true }}];\n"
            ));
            number += 1;
        }
        for (ty, name) in [
            ("int64", "version"),
            (".google.protobuf.Timestamp", "created_at"),
            (".google.protobuf.Timestamp", "updated_at"),
        ] {
            if self.draw.rarely(3) {
                fields.push_str(&format!("  {ty} {name} = {number};\n"));
                number += 1;
            }
        }
        if self.draw.rarely(8) {
            fields.push_str(&format!("  reserved {} to {}, 9000;\n  reserved \"gone\";\n", number + 50, number + 60));
        }
        self.entity_options(at, &written, &key_fields, key_name) + &fields
    }

    fn entity_options(&mut self, at: usize, written: &[Written], key_fields: &[String], key: &str) -> String {
        let child = self.types[at].parent.is_some();
        let mut options = Vec::new();
        let mut tenant_len = 0;
        if !key_fields.is_empty() {
            options.push(format!(
                "primary_key: [{}]",
                key_fields.iter().map(|name| text(name)).collect::<Vec<_>>().join(", ")
            ));
        }
        if self.draw.rarely(3) && !child {
            options.push("soft_delete: true".to_owned());
        }
        let texts: Vec<&Written> = written.iter().filter(|field| field.base == "string" && !field.repeated).collect();
        let owner = if self.draw.rarely(3) {
            match texts.get(self.draw.below(texts.len())) {
                Some(field) => Some(field.name.as_str()),
                None if self.types[at].key != Key::Int64Client && key_fields.is_empty() => Some(key),
                None => None,
            }
        } else {
            None
        };
        options.extend(owner.map(|name| format!("owner: {}", text(name))));
        if self.draw.rarely(4) {
            let fits = |field: &&Written| {
                (field.max_len > 0 || field.base == "int64")
                    && !field.optional
                    && !field.repeated
                    && ["string", "int64"].contains(&field.base)
                    && field.max_len <= 100
            };
            if let Some(field) = written.iter().find(fits) {
                tenant_len = field.max_len;
                options.push(format!("tenant: {}", text(&field.name)));
            }
        }
        let scalars: Vec<&Written> = written
            .iter()
            .filter(|field| !field.repeated && !["bytes", "json", ""].contains(&field.base))
            .filter(|field| field.base != "string" || (field.max_len > 0 && field.max_len <= 100))
            .collect();
        for _ in 0..self.draw.below(3) {
            let mut names: Vec<&str> = Vec::new();
            let mut columns: Vec<&str> = Vec::new();
            for _ in 0..1 + self.draw.below(3) {
                if let Some(field) = scalars.get(self.draw.below(scalars.len()))
                    && (!names.contains(&field.name.as_str()) || self.slips())
                {
                    names.push(&field.name);
                    columns.push(&field.column);
                }
            }
            if names.is_empty() {
                continue;
            }
            let unique = if tenant_len < 100 && self.draw.below(2) == 1 { " unique: true" } else { "" };
            let condition = match self.draw.below(8) {
                1 => format!(" where: {}", text(&format!("\"{}\" IS NOT NULL", columns[0]))),
                _ if self.slips() => {
                    let bad = ["1; DROP TABLE x", "(", "no_such = 1", "'", "/*", "--", "a b c", "x'", "1 = 1)"];
                    format!(" where: {}", text(self.draw.pick(&bad)))
                }
                _ => String::new(),
            };
            let names: Vec<String> = names.into_iter().map(text).collect();
            options.push(format!("indexes: {{ fields: [{}]{unique}{condition} }}", names.join(", ")));
        }
        if self.draw.rarely(5) {
            options.push("events: true audit: true cache: { ttl_seconds: 60 }".to_owned());
        }
        let table = ["select", "ORDER", "t", "a_very_long_table_name_that_is_still_fine_1234567", "Tables"];
        if self.draw.rarely(6) {
            options.push(format!("table: \"{}_{at}\"", self.draw.pick(&table)));
        } else if self.slips() {
            let table = self.draw.pick(&["1st", "a b", "sqlite_x", "x\"y", "ü", "same"]);
            options.push(format!("table: {}", text(table)));
        }
        if !child {
            options.extend(self.methods_and_access(owner.is_some()));
        }
        let mut out = format!("  option (.arcana.entity) = {{ {} }};\n", options.join("\n    "));
        if self.draw.rarely(10) || self.slips() {
            let good = ["sheep", "order_lines", "type"];
            let bad = ["1st", "Ünits", "a b", "", "self", "a/b", "{x}", "\"q\""];
            let plural = if self.careless { self.draw.pick(&bad).to_owned() } else { self.draw.pick(&good).to_owned() };
            let plural = if self.careless { plural } else { format!("{plural}{at}") };
            out.push_str(&format!(
                "  option (.google.api.resource) = {{ type: \"x/Y\" plural: {} }};\n",
                text(&plural)
            ));
        }
        out
    }

    fn methods_and_access(&mut self, owned: bool) -> Vec<String> {
        let mut options = Vec::new();
        match self.draw.below(7) {
            1 => options.push("methods: [NONE]".to_owned()),
            2 => options.push("methods: [LIST, GET]".to_owned()),
            3 => options.push("methods: [CREATE, DELETE]".to_owned()),
            4 => options.push("methods: UPDATE".to_owned()),
            5 if !owned => options.push("methods: [BATCH_GET, BATCH_CREATE, BATCH_UPDATE, BATCH_DELETE]".to_owned()),
            _ => {}
        }
        if self.draw.below(2) == 1 {
            let rules = ["public", "user", "admin", "internal", "moderator|editor", "user | admin"];
            let mut access = Vec::new();
            for method in ["list", "get", "create", "update", "delete"] {
                let rule = if owned && self.draw.rarely(3) { "owner|admin" } else { self.draw.pick(&rules) };
                let rule = if self.slips() {
                    self.draw.pick(&["Admin", "public|admin", "owner", "a b", "ü", "\""])
                } else {
                    rule
                };
                access.push(format!("{method}: {}", text(rule)));
            }
            options.push(format!("access: {{ {} }}", access.join(" ")));
        }
        options
    }
}
