{% for module in modules %}
mod {{ module }};
{%- endfor %}

/// Puts the services together: generated pieces and the logic of this folder.
#[rustfmt::skip]
{%- if entries.is_empty() %}
#[allow(unused_variables)] // Until there is an entity.
{%- endif %}
pub fn services(repositories: &Repositories, store: &Arc<dyn Store>) -> Services {
{%- for entry in entries %}
{%- if entry.shared %}
    let {{ entry.member }}_logic = {{ entry.new_logic }};
{%- endif %}
{%- endfor %}
    Services {
{%- for entry in entries %}
        {{ entry.member }}: Arc::new(Standard::new(repositories.{{ entry.member }}.clone(), store.clone(), {% if entry.shared %}{{ entry.member }}_logic.clone(){% else %}{{ entry.new_logic }}{% endif %})
{%- for expansion in entry.expansions %}
            .expanding(&{{ expansion.constant }}, repositories.{{ expansion.member }}.clone(), {{ expansion.member }}_logic.clone())
{%- endfor %}),
{%- endfor %}
{%- for service in own %}
        {{ service.member }}: Arc::new(Custom::new(store.clone(), Arc::new({{ service.member }}::{{ service.stem }}Logic::new(repositories)))),
{%- endfor %}
    }
}
