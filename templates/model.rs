{%- macro debug(name, fields, input, child) %}
impl fmt::Debug for {{ name }} {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("{{ name }}")
{%- if child %}
            .field("id", &self.id)
{%- endif %}
{%- for field in fields %}
{%- if field.input || !input %}
            .field({{ field.text }}, {% if field.redacted %}&Redacted{% else %}&self.{{ field.name }}{% endif %})
{%- endif %}
{%- endfor %}
            .finish()
    }
}
{% endmacro -%}
{% for entity in entities %}
{%- if !entity.key_type.is_empty() %}
/// Key of {{ entity.article }}.
pub type {{ entity.name }}Id = {{ entity.key_type }};
{% else %}
/// Key of {{ entity.article }}.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct {{ entity.name }}Id {
{%- for part in entity.key_parts %}
    /// Part of the key.
    pub {{ part.name }}: {{ part.ty }},
{%- endfor %}
}

impl fmt::Display for {{ entity.name }}Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        {% for part in entity.key_parts -%}
        {% if !loop.first %}
        f.write_str("/")?;
        {% endif %}self.{{ part.name }}.fmt(f){% if !loop.last %}?;{% endif %}
        {%- endfor %}
    }
}

impl Key for {{ entity.name }}Id {
    fn values(&self) -> Vec<Value> {
        vec![{% for part in entity.key_parts %}self.{{ part.name }}.to_value(){% if !loop.last %}, {% endif %}{% endfor %}]
    }
    fn parse(segments: &[&str], fields: &[&str]) -> Result<Self, Vec<Violation>> {
        let mut parts = key_parts(segments, fields);
        Ok(Self {
{%- for part in entity.key_parts %}
            {{ part.name }}: key_part(&mut parts)?,
{%- endfor %}
        })
    }
}
{% endif %}
{% for line in entity.doc %}
/// {{ line }}
{%- endfor %}
#[derive({% if !entity.redacts() %}Debug, {% endif %}Clone, PartialEq)]
pub struct {{ entity.name }} {
{%- for field in entity.fields %}
{%- for line in field.doc %}
    /// {{ line }}
{%- endfor %}
    pub {{ field.name }}: {{ field.ty }},
{%- endfor %}
}

/// What a client may say of a new {{ entity.words }}, or of one that it replaces.
#[derive({% if !entity.redacts_input() %}Debug, {% endif %}Clone, PartialEq)]
pub struct New{{ entity.name }} {
{%- if entity.child %}
    /// Key of the child that is meant; `None` adds a new one.
    pub id: Option<{{ entity.name }}Id>,
{%- endif %}
{%- for field in entity.fields %}
{%- if field.input %}
    /// See [`{{ entity.name }}::{{ field.name }}`].
    pub {{ field.name }}: {{ field.input_ty }},
{%- endif %}
{%- endfor %}
}

/// What a client may change of {{ entity.article }}; `None` leaves a member as it is.
#[derive({% if !entity.redacts_input() %}Debug, {% endif %}Clone, Default, PartialEq)]
pub struct {{ entity.name }}Patch {
{%- for field in entity.fields %}
{%- if field.input %}
    /// See [`{{ entity.name }}::{{ field.name }}`].
    pub {{ field.name }}: Option<{{ field.input_ty }}>,
{%- endif %}
{%- endfor %}
}

{%- if entity.redacts() %}
{% call debug(entity.name.as_str(), entity.fields.as_slice(), false, false) %}{% endcall %}
{%- endif %}
{%- if entity.redacts_input() %}
{% call debug("New{}"|format(entity.name), entity.fields.as_slice(), true, entity.child) %}{% endcall %}
{% call debug("{}Patch"|format(entity.name), entity.fields.as_slice(), true, false) %}{% endcall %}
{%- endif %}
impl From<New{{ entity.name }}> for {{ entity.name }}Patch {
    fn from({% if entity.has_input %}new{% else %}_{% endif %}: New{{ entity.name }}) -> Self {
        Self {
{%- for field in entity.fields %}
{%- if field.input %}
            {{ field.name }}: Some(new.{{ field.name }}),
{%- endif %}
{%- endfor %}
        }
    }
}

/// Fields, for typed filters and writes.
impl {{ entity.name }} {
{%- for constant in entity.constants %}
    /// `{{ constant.name }}`, for typed filters and writes.
    pub const {{ constant.name }}: Field<Self, {{ constant.ty }}> = Field::new({{ constant.field }}, {{ constant.column }}, {{ constant.value }});
{%- endfor %}
}

impl Entity for {{ entity.name }} {
    type Id = {{ entity.name }}Id;
    type New = New{{ entity.name }};
    type Patch = {{ entity.name }}Patch;
    const SPEC: &'static EntitySpec = &{{ entity.spec.constant }};

    fn id(&self) -> {{ entity.name }}Id {
        {{ entity.key }}
    }

    fn read(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
{%- for field in entity.fields %}
            {{ field.name }}: {{ field.from_column }},
{%- endfor %}
        })
    }

    fn values(&self) -> Vec<Value> {
        let row = self;
        vec![
{%- for field in entity.fields %}
{%- if !field.to_column.is_empty() %}
            {{ field.to_column }},
{%- endif %}
{%- endfor %}
        ]
    }

    fn create({% if entity.has_input %}new{% else %}_{% endif %}: New{{ entity.name }}, {% if entity.uses_cx %}cx{% else %}_cx{% endif %}: &Context, {% if entity.uses_number %}number{% else %}_number{% endif %}: i64) -> Self {
        Self {
{%- for field in entity.fields %}
            {{ field.name }}: {{ field.create }},
{%- endfor %}
        }
    }

    fn apply(&mut self, {% if entity.has_input %}patch{% else %}_patch{% endif %}: {{ entity.name }}Patch, {% if entity.apply_uses_cx %}cx{% else %}_cx{% endif %}: &Context, {% if entity.apply_uses_found %}found{% else %}_found{% endif %}: &mut Violations) {
{%- for field in entity.fields %}
{%- if !field.apply.is_empty() %}
        {{ field.apply }}
{%- endif %}
{%- endfor %}
    }

    fn validate(&self, what: Validate, found: &mut Violations) {
        validate::{{ entity.name_snake }}(self, what, found);
    }

    fn stamps(&mut self) -> Stamps<'_> {
        Stamps {
{%- for stamp in entity.stamps %}
            {{ stamp.0 }}: Some(&mut self.{{ stamp.1 }}),
{%- endfor %}
{%- if entity.stamps.len() < 3 %}
            ..Stamps::default()
{%- endif %}
        }
    }

    fn version(&self) -> Option<i64> {
        {{ entity.version }}
    }
{%- if entity.told %}

    fn shown(&self) -> Json {
        to_json(&{{ entity.name }}Dto(self))
    }
{%- endif %}
{%- if !entity.owned.is_empty() %}

    fn owned() -> &'static [OwnedSpec<Self>] {
        &[
{%- for owned in entity.owned %}
            OwnedSpec {
                field: {{ owned.2 }},
                spec: || {{ owned.1 }}::SPEC,
                rows: |row| row.{{ owned.0 }}.iter().map({{ owned.1 }}::values).collect(),
                clear: |row| row.{{ owned.0 }}.clear(),
                push: |row, child| {{ owned.1 }}::read(child).map(|child| row.{{ owned.0 }}.push(child)),
            },
{%- endfor %}
        ]
    }
{%- endif %}
}
{%- if entity.child %}

impl Child for {{ entity.name }} {
    fn sent_id(new: &New{{ entity.name }}) -> Option<{{ entity.name }}Id> {
        new.id
    }
}
{%- endif %}
{% endfor %}
{%- for enumeration in enums %}
{% for line in enumeration.doc %}
/// {{ line }}
{%- endfor %}
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum {{ enumeration.name }} {
{%- for variant in enumeration.variants %}
{%- for line in variant.doc %}
    /// {{ line }}
{%- endfor %}
{%- if loop.first %}
    #[default]
{%- endif %}
    {{ variant.name }},
{%- endfor %}
}

impl Enumeration for {{ enumeration.name }} {
    const NAMES: &'static [&'static str] = &[
{%- for variant in enumeration.variants %}
        {{ variant.text }},
{%- endfor %}
    ];

    fn name(self) -> &'static str {
        match self {
{%- for variant in enumeration.variants %}
            Self::{{ variant.name }} => {{ variant.text }},
{%- endfor %}
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        match name {
{%- for variant in enumeration.variants %}
            {{ variant.text }} => Some(Self::{{ variant.name }}),
{%- endfor %}
            _ => None,
        }
    }

    fn number(self) -> i32 {
        match self {
{%- for variant in enumeration.variants %}
            Self::{{ variant.name }} => {{ variant.number }},
{%- endfor %}
        }
    }

    fn from_number(number: i32) -> Option<Self> {
        match number {
{%- for variant in enumeration.variants %}
            {{ variant.number }} => Some(Self::{{ variant.name }}),
{%- endfor %}
            _ => None,
        }
    }
}
{% endfor %}
{%- for message in messages %}
{% for line in message.doc %}
/// {{ line }}
{%- endfor %}
#[derive({% if !message.redacts() %}Debug, {% endif %}Clone, PartialEq{% if message.input %}, Default{% endif %})]
pub struct {{ message.name }} {
{%- for field in message.fields %}
{%- for line in field.doc %}
    /// {{ line }}
{%- endfor %}
    pub {{ field.name }}: {{ field.ty }},
{%- endfor %}
}
{% if message.redacts() %}
{%- call debug(message.name.as_str(), message.fields.as_slice(), false, false) %}{% endcall %}
{%- endif %}
{%- if !message.outbox.is_empty() %}
impl {{ message.outbox }} for {{ message.name }} {
    const TYPE: &'static str = {{ message.full_name }};
}
{% endif %}
{%- endfor %}
