{% for entity in entities %}
/// The shape of {{ entity.article }}.
pub static {{ entity.spec.constant }}: EntitySpec = EntitySpec {
    name: "{{ entity.name }}",
    full_name: {{ entity.full_name }},
    member: {{ entity.spec.member }},
    table: {{ entity.spec.table }},
    columns: &[
{%- for column in entity.spec.columns %}
        ColumnSpec { name: {{ column.name }}, field: {{ column.field }}, kind: {{ column.kind }}, nullable: {{ column.nullable }}, filterable: {{ column.filterable }}, sortable: {{ column.sortable }} },
{%- endfor %}
    ],
    key: {{ entity.spec.key }},
    key_fields: {{ entity.spec.key_fields }},
    allotted: {{ entity.spec.allotted }},
    hidden: {{ entity.spec.hidden }},
    version: {{ entity.spec.version }},
    updated_at: {{ entity.spec.updated_at }},
    soft_delete: {{ entity.spec.soft_delete }},
    events: {{ entity.spec.events }},
    audit: {{ entity.spec.audit }},
    select: {{ entity.spec.select }},
    insert: {{ entity.spec.insert }},
    update: {{ entity.spec.update }},
    delete: {{ entity.spec.delete }},
    owner: {{ entity.spec.owner }},
    tenant: {{ entity.spec.tenant }},
    unique: &[
{%- for unique in entity.spec.unique %}
        {{ unique }},
{%- endfor %}
    ],
    references: &[
{%- for reference in entity.spec.references %}
        {{ reference }},
{%- endfor %}
    ],
    expandable: {{ entity.spec.expandable }},
    words: {{ entity.spec.words }},
    referenced_by: &[
{%- for referrer in entity.spec.referenced_by %}
        {{ referrer }},
{%- endfor %}
    ],
    access: AccessSpec {
{%- for rule in entity.spec.access %}
        {{ rule.0 }}: {{ rule.1 }},
{%- endfor %}
    },
    limits: {{ entity.spec.limits }},
};
{% endfor %}
{%- for entity in entities %}
{%- for query in entity.queries %}
/// The text of [`{{ query.name }}`](super::repository).
pub static {{ query.constant }}: NamedQuery = NamedQuery {
    name: {{ query.full_name }},
    columns: {{ query.columns }},
    texts: &[
{%- for text in query.texts %}
        Text {
            dialects: {{ text.0 }},
            parts: &[
{%- for part in text.1 %}
                {{ part }},
{%- endfor %}
            ],
        },
{%- endfor %}
    ],
};
{% endfor %}
{%- endfor %}
