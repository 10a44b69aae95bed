//! A field as text: its type, presence, behaviour, rules and how it is stored.

use super::*;

impl Maker<'_> {
    /// A field, as text and as far as others need to know it.
    pub(super) fn field(&mut self, place: Place, number: u32, taken: &mut BTreeSet<String>) -> (String, Written) {
        let pool = if self.slips() { words::BAD_FIELDS } else { words::FIELDS };
        let mut name = self.draw.pick(pool).to_owned();
        if !taken.insert(name.to_snake_case()) {
            name = format!("{}_n{number}", name.trim_end_matches('_'));
            taken.insert(name.to_snake_case());
        }
        let entity = matches!(place, Place::Entity(_));
        let choice = self.draw.below(26);
        let mut field = Field { name, number, ..Field::default() };
        self.typed(choice, place, &mut field);
        if field.label.is_empty() && !field.map {
            match self.draw.below(8) {
                1 | 2 => field.label = "optional ",
                3 if !field.single => field.label = "repeated ",
                _ => {}
            }
        }
        if field.reference && field.label.is_empty() {
            field.behaviours.push("REQUIRED");
        }
        self.behave(&mut field, entity);
        if entity {
            self.store(&mut field);
        }
        let options = field.options();
        let line = format!("  {}{} {} = {number}{options};\n", field.label, field.ty, field.name);
        let trailing = if self.draw.rarely(12) { "  // Behind.\n" } else { "" };
        let written = Written {
            base: if field.map || field.hidden { "" } else { field.base },
            optional: field.label == "optional ",
            repeated: field.label == "repeated " || field.map,
            max_len: field.max_len,
            column: if field.column.is_empty() { field.name.clone() } else { field.column },
            name: field.name,
        };
        (self.comment(1) + line.trim_end() + trailing + "\n", written)
    }

    fn typed(&mut self, choice: usize, place: Place, field: &mut Field) {
        let file = match place {
            Place::Entity(at) | Place::Message(at) => self.types[at].file,
        };
        let known = |maker: &Self, kind: Kind| -> Vec<usize> {
            (0..maker.types.len()).filter(|at| maker.types[*at].kind == kind && maker.types[*at].file <= file).collect()
        };
        (field.base, field.ty) = match choice {
            0..=3 => ("string", "string".to_owned()),
            4 => ("int32", "int32".to_owned()),
            5 => ("int64", "int64".to_owned()),
            6 => ("bool", "bool".to_owned()),
            7 => ("uint32", "uint32".to_owned()),
            8 => ("uint64", "uint64".to_owned()),
            9 => ("double", "double".to_owned()),
            10 => ("float", "float".to_owned()),
            11 => ("bytes", "bytes".to_owned()),
            12 => ("timestamp", ".google.protobuf.Timestamp".to_owned()),
            13 => ("duration", ".google.protobuf.Duration".to_owned()),
            14 => ("date", ".google.type.Date".to_owned()),
            15 => ("json", ".google.protobuf.Struct".to_owned()),
            16 => ("int32", self.draw.pick(&["sint32", "sfixed32"]).to_owned()),
            17 => ("int64", self.draw.pick(&["sint64", "sfixed64"]).to_owned()),
            18 => ("uint32", "fixed32".to_owned()),
            19 => ("uint64", "fixed64".to_owned()),
            20 => ("decimal", "string".to_owned()),
            _ => ("string", "string".to_owned()),
        };
        match choice {
            20 => {
                let precision = 1 + self.draw.below(18);
                let scale = self.draw.below(precision + 1);
                field.scale = scale;
                field.precision = precision;
                field.arcana.push(format!("decimal: {{ precision: {precision} scale: {scale} }}"));
            }
            21 => {
                let enums = known(self, Kind::Enum);
                if let Some(&at) = enums.get(self.draw.below(enums.len())) {
                    (field.base, field.ty) = ("enum", format!(".{}", self.full_name(at)));
                    field.values = self.types[at].values.clone();
                }
            }
            22 | 23 => {
                let messages = known(self, Kind::Message);
                if let Some(&at) = messages.get(self.draw.below(messages.len())) {
                    (field.base, field.ty) = ("json", format!(".{}", self.full_name(at)));
                    // A message may hold itself in lists only.
                    if let Place::Message(own) = place
                        && at >= own
                    {
                        field.label = "repeated ";
                    }
                } else if let Place::Message(_) = place {
                    let entities = known(self, Kind::Entity);
                    if let Some(&at) = entities.get(self.draw.below(entities.len()))
                        && self.types[at].parent.is_none()
                    {
                        (field.base, field.ty) = ("json", format!(".{}", self.full_name(at)));
                    }
                }
            }
            24 => {
                let key =
                    self.draw.pick(&["string", "int32", "int64", "bool", "uint32", "uint64", "sint32", "fixed64"]);
                let inner = self.draw.below(24);
                let mut value = Field::default();
                self.typed(inner, place, &mut value);
                if value.map || value.reference || value.base == "decimal" || value.label == "repeated " {
                    value.ty = "string".to_owned();
                }
                (field.base, field.ty, field.map) = ("json", format!("map<{key}, {}>", value.ty), true);
            }
            25 => self.refer(field),
            _ => {}
        }
    }

    fn refer(&mut self, field: &mut Field) {
        let fits = |at: &usize| {
            let one = &self.types[*at];
            one.kind == Kind::Entity && one.parent.is_none() && one.key != Key::Composite
        };
        let targets: Vec<usize> = (0..self.types.len()).filter(fits).collect();
        let Some(&at) = targets.get(self.draw.below(targets.len())) else { return };
        let whole = matches!(self.types[at].key, Key::Int64 | Key::Int64Client);
        (field.base, field.ty) = if whole { ("int64", "int64".to_owned()) } else { ("key", "string".to_owned()) };
        field.reference = true;
        field.single = true;
        let name = if self.slips() { "no.Such".to_owned() } else { self.full_name(at) };
        field.arcana.push(format!("references: {}", text(&name)));
        match self.draw.below(4) {
            1 => field.arcana.push("on_delete: CASCADE".to_owned()),
            2 => {
                field.arcana.push("on_delete: SET_NULL".to_owned());
                field.label = "optional ";
            }
            _ => {}
        }
        if self.draw.below(3) == 0 {
            // Some names leave none for the member that shows the row.
            if self.draw.below(8) != 0 {
                field.name.push_str("_id");
            }
            field.arcana.push("expandable: true".to_owned());
        }
    }

    fn behave(&mut self, field: &mut Field, entity: bool) {
        let optional = field.label == "optional ";
        match self.draw.below(12) {
            1 if !optional && !field.reference => field.behaviours.push("REQUIRED"),
            2 if entity && !field.behaviours.contains(&"REQUIRED") => field.behaviours.push("OUTPUT_ONLY"),
            3 => field.behaviours.push("IMMUTABLE"),
            4 if entity && field.base != "key" => field.behaviours.push("INPUT_ONLY"),
            5 if self.slips() => field.behaviours.extend(["REQUIRED", "OUTPUT_ONLY"]),
            _ => {}
        }
        let required = field.behaviours.contains(&"REQUIRED");
        let single = field.label != "repeated " && !field.map;
        if ["int64", "uint64"].contains(&field.base) && self.draw.rarely(4) {
            field.plain.push("jstype = JS_STRING".to_owned());
        }
        if self.draw.rarely(15) {
            field.plain.push("deprecated = true".to_owned());
        }
        if entity && self.draw.rarely(9) && !required {
            field.arcana.push(self.draw.pick(&["sensitive: true", "internal: true"]).to_owned());
            field.hidden = true;
        }
        if single && self.draw.rarely(3) {
            self.rule(field);
        } else if !single && self.draw.rarely(4) {
            let rules = ["min_items: 1", "max_items: 5", "min_items: 0 max_items: 3"];
            let rules = if field.map { ["min_pairs: 1", "max_pairs: 5", "max_pairs: 0"] } else { rules };
            let kind = if field.map { "map" } else { "repeated" };
            field.rules.push(format!("{kind} = {{ {} }}", self.draw.pick(&rules)));
        }
        if single
            && !required
            && !field.reference
            && field.rules.is_empty()
            && self.draw.rarely(4)
            && let Some(value) = self.sample(field)
        {
            field.arcana.push(format!("default: {}", text(&value)));
        }
        if single
            && !field.hidden
            && !field.reference
            && field.rules.is_empty()
            && self.draw.rarely(5)
            && let Some(value) = self.sample(field)
        {
            field.arcana.push(format!("example: {}", text(&value)));
        }
    }

    fn sample(&mut self, field: &Field) -> Option<String> {
        if self.slips() {
            return Some(
                self.draw
                    .pick(&["+5", ".5", "5.", "1e400", "-", "x", "0x10", " 1", "NaN", "inf", "''", "1_0", "007"])
                    .to_owned(),
            );
        }
        let values: Vec<&str> = match field.base {
            "string" => words::TEXTS.to_vec(),
            "int32" | "int64" => vec!["0", "-5", "2147483647", "-2147483648"],
            "uint32" | "uint64" => vec!["0", "7", "4294967295"],
            "bool" => vec!["true", "false"],
            "float" | "double" => vec!["0", "-1.5", "1e5", "3.0e-7", "12345678901234567890"],
            "enum" => field.values.iter().map(String::as_str).collect(),
            "decimal" => {
                let (whole, zeros) = (field.precision > field.scale, "0".repeat(field.scale));
                let value = if whole { format!("-7.{zeros}") } else { format!("0.{zeros}") };
                return Some(value.trim_end_matches('.').to_owned());
            }
            _ => return None,
        };
        Some(self.draw.pick(&values).to_owned())
    }

    fn rule(&mut self, field: &mut Field) {
        let most = [0, 1, 30, 100, 700][self.draw.below(5)];
        let rule = match field.base {
            "string" => match self.draw.below(9) {
                0 | 1 => {
                    field.max_len = most.max(1);
                    format!("string.max_len = {}", field.max_len)
                }
                2 => "string = { min_len: 1 max_len: 3 }".to_owned(),
                3 => format!(
                    "string.pattern = {}",
                    text(self.draw.pick(&["^[a-z\"\\\\]+$", "sint32", "a|b", "\\d{2}", "^x #y$"]))
                ),
                4 => format!("string.prefix = {}", text(self.draw.pick(words::TEXTS))),
                5 => format!("string = {{ in: [{}, \"b\"] }}", text(self.draw.pick(words::TEXTS))),
                6 => format!("string.const = {}", text(self.draw.pick(words::TEXTS))),
                7 => format!("string.{} = true", self.draw.pick(&["email", "hostname", "uri", "uuid", "ip"])),
                _ => format!("string.contains = {}", text(self.draw.pick(words::TEXTS))),
            },
            "decimal" => return,
            "key" => return,
            "bytes" => "bytes = { min_len: 1 max_len: 9 }".to_owned(),
            "bool" => "bool.const = true".to_owned(),
            "enum" => {
                self.draw.pick(&["enum.defined_only = true", "enum.not_in = 0", "enum = { in: [0, 3] }"]).to_owned()
            }
            "timestamp" => "timestamp.lt_now = true".to_owned(),
            "float" | "double" => {
                let rules = [
                    "gte: -1.5 lte: 1e300",
                    "gt: 0",
                    "lt: inf",
                    "gte: -inf",
                    "finite: true",
                    "in: [1, 2.5]",
                    "lt: 1e30",
                ];
                let rules = if field.base == "float" {
                    ["gte: -1.5", "gt: 0", "lt: inf", "gte: -inf", "finite: true", "in: [1, 2.5]", "lt: 1e30"]
                } else {
                    rules
                };
                format!("{} = {{ {} }}", field.ty, self.draw.pick(&rules))
            }
            "int32" | "int64" => {
                format!(
                    "{} = {{ {} }}",
                    field.ty,
                    self.draw.pick(&["gte: -5 lt: 7", "in: [1, -2]", "const: 4", "not_in: 0", "gt: 2147483646"])
                )
            }
            "uint32" | "uint64" => {
                format!(
                    "{} = {{ {} }}",
                    field.ty,
                    self.draw.pick(&["gte: 5 lt: 7", "in: [1, 2]", "const: 4", "lte: 4294967295"])
                )
            }
            _ => return,
        };
        let rule = if self.slips() {
            self.draw
                .pick(&[
                    "string = { min_len: 9 max_len: 1 }",
                    "string.pattern = \"(\"",
                    "cel = { id: \"x\" expression: \"true\" }",
                    "int32.gt = 1",
                    "string.pattern = \"(?=a)\"",
                ])
                .to_owned()
        } else {
            rule
        };
        field.rules.push(rule);
    }

    fn store(&mut self, field: &mut Field) {
        let single = field.label != "repeated " && !field.map;
        let scalar = single && !["bytes", "json"].contains(&field.base);
        if scalar && self.draw.rarely(3) {
            if field.base == "string" && field.rules.is_empty() {
                field.max_len = 60;
                field.rules.push("string.max_len = 60".to_owned());
            }
            let fits = field.base != "string" || (field.max_len > 0 && field.max_len <= 700);
            if fits && !field.hidden {
                for option in ["filterable: true", "sortable: true"] {
                    if self.draw.below(2) == 1 {
                        field.arcana.push(option.to_owned());
                    }
                }
            }
            if fits && field.max_len <= 100 && self.draw.rarely(3) {
                field.arcana.push("unique: true".to_owned());
            }
        }
        if self.draw.rarely(10) {
            let number = field.number;
            let column = self.draw.pick(&["select", "Col", "x", "rowid_"]);
            field.column = format!("{column}_{number}");
            field.arcana.push(format!("column: \"{}\"", field.column));
        } else if self.slips() {
            field.arcana.push(format!("column: {}", text(self.draw.pick(&["a b", "x\"y", "1st", "id", "ü", "rowid"]))));
        }
        if self.draw.rarely(15) {
            let good = ["INTEGER", "VARCHAR(20)", "DOUBLE PRECISION", "BLOB"];
            let bad = ["", "x\"y", "INTEGER); DROP TABLE x; --", "'", "INT /*", "(", "PRIMARY KEY", "NOT NULL"];
            let ty = if self.slips() { self.draw.pick(&bad) } else { self.draw.pick(&good) };
            field.arcana.push(format!("storage_type: {}", text(ty)));
        }
    }
}

/// A field as it is put together.
#[derive(Default)]
struct Field {
    name: String,
    number: u32,
    label: &'static str,
    ty: String,
    base: &'static str,
    map: bool,
    single: bool,
    reference: bool,
    hidden: bool,
    max_len: u64,
    precision: usize,
    scale: usize,
    values: Vec<String>,
    column: String,
    behaviours: Vec<&'static str>,
    arcana: Vec<String>,
    rules: Vec<String>,
    plain: Vec<String>,
}

impl Field {
    fn options(&self) -> String {
        let mut all = self.plain.clone();
        all.extend(self.behaviours.iter().map(|word| format!("(.google.api.field_behavior) = {word}")));
        all.extend(self.rules.iter().map(|rule| format!("(.buf.validate.field).{rule}")));
        if !self.arcana.is_empty() {
            all.push(format!("(.arcana.field) = {{ {} }}", self.arcana.join(" ")));
        }
        if all.is_empty() { String::new() } else { format!(" [{}]", all.join(", ")) }
    }
}
