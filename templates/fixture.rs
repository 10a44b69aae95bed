{% for entity in entities %}
impl Fixture for {{ entity.name }} {
    fn fixture(n: usize) -> Self {
        Self {
{%- for field in entity.fields %}
            {{ field.name }}: {{ field.fixture }},
{%- endfor %}
        }
    }
}
{% endfor %}
