{% for entry in entries %}
mod {{ entry.logic }};
{%- endfor %}

/// Puts the services together: generated pieces and the logic of this folder.
#[rustfmt::skip]
pub fn services(repositories: &Repositories, store: &Arc<dyn Store>) -> Services {
    Services {
{%- for entry in entries %}
        {{ entry.member }}: Arc::new(Standard::new(repositories.{{ entry.member }}.clone(), store.clone(), {{ entry.logic }}::{{ entry.name }}Logic::new(repositories))),
{%- endfor %}
    }
}
