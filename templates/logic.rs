//! What is particular to {{ entry.words }}: rules, computed members, custom rpcs. Written once by `cargo xtask gen`, and yours from then on.

{% for path in uses -%}
use {{ path }};
{% endfor %}
/// The logic of {{ entry.words }}.
pub struct {{ entry.name }}Logic;

impl {{ entry.name }}Logic {
    /// With the repositories that it reads from.
    pub fn new(_repositories: &Repositories) -> Self {
        Self
    }
}

impl Hooks<{{ entry.name }}> for {{ entry.name }}Logic {}
{%- if !rpcs.is_empty() %}

// To be written, or the service does not compile:
//
// use arcana_runtime::access::Scope;
// use arcana_runtime::changes::Changes;
// use arcana_runtime::context::Context;
// use arcana_runtime::error::Result;
// use {{ module }}::{{ entry.name }}Methods;
//
// #[async_trait::async_trait]
// impl {{ entry.name }}Methods for {{ entry.name }}Logic {
{%- for rpc in rpcs %}
//     async fn {{ rpc.name }}(&self, cx: &Context, scope: &Scope, request: {{ rpc.request }}, changes: &mut Changes) -> Result<{{ rpc.response }}> {
//     }
{%- endfor %}
// }
{%- endif %}
