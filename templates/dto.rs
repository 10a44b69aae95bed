{% for entity in entities %}
/// {{ entity.name }} as JSON shows it.
#[derive(Debug, Clone, Copy)]
pub struct {{ entity.name }}Dto<'a>(pub &'a {{ entity.name }});

impl Serialize for {{ entity.name }}Dto<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let row = self.0;
        let mut object = serializer.serialize_struct("{{ entity.name }}", {{ entity.shown }})?;
{%- for field in entity.fields %}
{%- if field.shown %}
        object.serialize_field({{ field.text }}, {{ field.to_json }})?;
{%- endif %}
{%- endfor %}
        object.end()
    }
}

impl FromJson for New{{ entity.name }} {
    fn from_json(value: Json, found: &mut Violations) -> Option<Self> {
        let mut input = Object::new(value, found)?;
        let new = Self {
{%- if entity.child %}
            id: {{ entity.child_id.0 }},
{%- endif %}
{%- for field in entity.fields %}
{%- if field.input %}
            {{ field.name }}: {{ field.from_json }},
{%- endif %}
{%- endfor %}
        };
        input.ignore(&[{{ entity.ignored }}]);
        input.finish();
        Some(new)
    }
}
{% if entity.resource %}
impl FromJson for {{ entity.name }}Patch {
    fn from_json(value: Json, found: &mut Violations) -> Option<Self> {
        let mut input = Object::new(value, found)?;
        let patch = Self {
{%- for field in entity.fields %}
{%- if field.input %}
            {{ field.name }}: {{ field.patch_from_json }},
{%- endif %}
{%- endfor %}
        };
        input.ignore(&[{{ entity.ignored }}]);
        input.finish();
        Some(patch)
    }
}

impl Resource for {{ entity.name }} {
    type Dto<'a> = {{ entity.name }}Dto<'a>;
    const PATH: &'static str = {{ entity.path }};
    const ALLOW: &'static str = {{ entity.allow }};
    const VERBS: &'static [Verb] = &[
{%- for verb in entity.verbs %}
        {{ verb }},
{%- endfor %}
    ];
    const MEMBERS: &'static [&'static str] = &[{{ entity.member_names }}];
    const KEPT: &'static [&'static str] = &[{{ entity.kept_names }}];
    const MASKABLE: &'static [&'static str] = &[{{ entity.published }}];
    const PLURAL: &'static str = {{ entity.plural }};

    fn dto(&self) -> {{ entity.name }}Dto<'_> {
        {{ entity.name }}Dto(self)
    }
}
{% endif %}
{%- endfor %}
{%- for message in messages %}
impl Serialize for {{ message.name }} {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
{%- if !message.fields.is_empty() %}
        let row = self;
{%- endif %}
        let {% if !message.fields.is_empty() %}mut {% endif %}object = serializer.serialize_struct("{{ message.name }}", {{ message.fields.len() }})?;
{%- for field in message.fields %}
        object.serialize_field({{ field.text }}, {{ field.to_json }})?;
{%- endfor %}
        object.end()
    }
}
{% if message.input %}
impl FromJson for {{ message.name }} {
    fn from_json(value: Json, found: &mut Violations) -> Option<Self> {
        let {% if !message.fields.is_empty() %}mut {% endif %}input = Object::new(value, found)?;
        let message = Self {
{%- for field in message.fields %}
            {{ field.name }}: {{ field.from_json }},
{%- endfor %}
        };
        input.finish();
        Some(message)
    }
}
{% if message.request %}
impl {{ message.name }} {
    /// Its members as paths and queries write them.
    pub const FIELDS: &'static [RequestField] = &[
{%- for field in message.request_fields %}
        {{ field }},
{%- endfor %}
    ];
}
{% endif %}
{%- endif %}
{%- endfor %}
