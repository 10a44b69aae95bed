{%- for expansion in entity.expansions %}
/// What {{ expansion.path }} names.
pub static {{ expansion.constant }}: Expandable<{{ entity.name }}, {{ expansion.target }}> = Expandable {
    path: {{ expansion.path }},
    each: |row, look| {{ expansion.each }},
};
{% endfor %}
