{% for pattern in patterns %}
static {{ pattern.0 }}: Pattern = Pattern::new({{ pattern.1 }});
{%- endfor %}
{% for entity in entities %}
/// Checks {{ entity.article }}.
pub(super) fn {{ entity.name_snake }}({% if entity.checks_use_row %}row{% else %}_row{% endif %}: &{{ entity.name }}, {% if entity.checks_use_what %}what{% else %}_what{% endif %}: Validate, {% if entity.checks_use_row %}found{% else %}_found{% endif %}: &mut Violations) {
{%- for line in entity.input_checks %}
    {{ line }}
{%- endfor %}
{%- if !entity.stored_checks.is_empty() %}
    if what == Validate::Stored {
{%- for line in entity.stored_checks %}
        {{ line }}
{%- endfor %}
    }
{%- endif %}
}
{% endfor %}
{%- for message in messages %}
impl Request for {{ message.name }} {
    fn validate(&self, {% if message.checks.is_empty() %}_found{% else %}found{% endif %}: &mut Violations) {
{%- if !message.checks.is_empty() %}
        let row = self;
{%- endif %}
{%- for line in message.checks %}
        {{ line }}
{%- endfor %}
    }
}
{% endfor %}
