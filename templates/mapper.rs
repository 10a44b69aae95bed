{% for entity in entities %}
{%- if entity.in_contract %}
impl From<{{ entity.name }}> for {{ entity.pb }} {
    fn from(row: {{ entity.name }}) -> Self {
        Self {
{%- for field in entity.fields %}
{%- if field.published %}
            {{ field.pb_name }}: {{ field.to_proto }},
{%- endif %}
{%- endfor %}
        }
    }
}

impl IntoProto<{{ entity.pb }}> for {{ entity.name }} {
    fn into_proto(self) -> {{ entity.pb }} {
        self.into()
    }
}

impl FromProto<{{ entity.pb }}> for New{{ entity.name }} {
    fn from_proto({% if entity.has_input || entity.child %}message{% else %}_message{% endif %}: {{ entity.pb }}, {% if entity.has_input || entity.child %}found{% else %}_found{% endif %}: &mut Violations) -> Option<Self> {
        Some(Self {
{%- if entity.child %}
            id: {{ entity.child_id.1 }},
{%- endif %}
{%- for field in entity.fields %}
{%- if field.input %}
            {{ field.name }}: {{ field.from_proto }},
{%- endif %}
{%- endfor %}
        })
    }
}
{% if entity.resource %}
impl {{ entity.name }}Patch {
    /// From the members that the mask names.
    pub fn from_proto({% if entity.has_input %}message{% else %}_message{% endif %}: {{ entity.pb }}, {% if entity.has_input %}mask{% else %}_mask{% endif %}: &Mask, {% if entity.has_input %}found{% else %}_found{% endif %}: &mut Violations) -> Self {
        Self {
{%- for field in entity.fields %}
{%- if field.input %}
            {{ field.name }}: mask.has({{ field.text }}).then(|| {{ field.from_proto }}),
{%- endif %}
{%- endfor %}
        }
    }
}
{% endif %}
{%- endif %}
{%- endfor %}
{%- for message in messages %}
{%- if message.in_contract %}
impl From<{{ message.name }}> for {{ message.pb }} {
    fn from({% if message.fields.is_empty() %}_{% else %}row{% endif %}: {{ message.name }}) -> Self {
        Self {
{%- for field in message.fields %}
            {{ field.pb_name }}: {{ field.to_proto }},
{%- endfor %}
        }
    }
}

impl IntoProto<{{ message.pb }}> for {{ message.name }} {
    fn into_proto(self) -> {{ message.pb }} {
        self.into()
    }
}
{% if message.input %}
impl FromProto<{{ message.pb }}> for {{ message.name }} {
    fn from_proto({% if message.fields.is_empty() %}_message{% else %}message{% endif %}: {{ message.pb }}, {% if message.fields.is_empty() %}_found{% else %}found{% endif %}: &mut Violations) -> Option<Self> {
        Some(Self {
{%- for field in message.fields %}
            {{ field.name }}: {{ field.from_proto }},
{%- endfor %}
        })
    }
}
{% endif %}
{%- endif %}
{%- endfor %}
