{% let name = stem.as_str() -%}
/// The logic of {{ words }}.
pub struct {{ name }}Logic;

impl {{ name }}Logic {
    /// With the repositories that it reads from.
    pub fn new(_repositories: &Repositories) -> Self {
        Self
    }
}
{%- if !entity.is_empty() %}

#[async_trait]
impl Hooks<{{ entity }}> for {{ name }}Logic {}
{%- endif %}
{%- if !rpcs.is_empty() %}

#[async_trait]
impl {{ name }}Methods for {{ name }}Logic {
{%- for rpc in rpcs %}
{%- if !loop.first %}
{% endif %}
    async fn {{ rpc.name }}(
        &self,
        cx: &Context,
        scope: &Scope,
        request: {{ rpc.request }},
        changes: &mut Changes,
    ) -> Result<{{ rpc.response }}> {
        compile_error!("write here what {{ rpc.name }} does")
    }
{%- endfor %}
}
{%- endif %}
