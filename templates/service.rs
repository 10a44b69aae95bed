{% for line in service.doc %}
/// {{ line }}
{%- endfor %}
#[async_trait]
pub trait {{ service.name }}: {% if service.entity.is_empty() %}Send + Sync{% else %}Service<{{ service.entity }}>{% endif %}{% if !service.batches.is_empty() %} + Batch<{{ service.entity }}>{% endif %} {
{%- for rpc in service.rpcs %}
{%- for line in rpc.doc %}
    /// {{ line }}
{%- endfor %}
    async fn {{ rpc.name }}(&self, cx: &Context, request: {{ rpc.request }}) -> Result<{{ rpc.response }}>;
{%- endfor %}
}
{% if service.rpcs.is_empty() %}
#[async_trait]
impl<L: Hooks<{{ service.entity }}>> {{ service.name }} for Standard<{{ service.entity }}, L> {}
{% else %}
/// The custom rpcs of {{ service.plural_words }}, written by hand. Writes are declared in `changes`, and committed when the method
/// answers; it may run again when another wrote the same row meanwhile.
#[async_trait]
pub trait {{ service.methods }}: Send + Sync {
{%- for rpc in service.rpcs %}
{%- for line in rpc.doc %}
    /// {{ line }}
{%- endfor %}
    async fn {{ rpc.name }}(&self, cx: &Context, scope: &Scope, request: {{ rpc.request }}, changes: &mut Changes) -> Result<{{ rpc.response }}>;
{%- endfor %}
}
{% for rpc in service.rpcs %}
static {{ rpc.constant }}: Method<{{ rpc.response }}> = Method {
    name: {{ rpc.full_name }},
    access: {{ rpc.access }},
    entity: {% if service.entity.is_empty() %}None{% else %}Some(&{{ service.constant }}){% endif %},
    timeout_seconds: {{ rpc.timeout }},
    limit: {{ rpc.limit }},
    replay: {{ rpc.replay }},
};
{% endfor %}
#[async_trait]
impl<L: {% if !service.entity.is_empty() %}Hooks<{{ service.entity }}> + {% endif %}{{ service.methods }}{% if service.entity.is_empty() %} + Send + Sync{% endif %}> {{ service.name }} for {% if service.entity.is_empty() %}Custom<L>{% else %}Standard<{{ service.entity }}, L>{% endif %} {
{%- for rpc in service.rpcs %}
    async fn {{ rpc.name }}(&self, cx: &Context, request: {{ rpc.request }}) -> Result<{{ rpc.response }}> {
        self.custom(cx, &{{ rpc.constant }}, request, |logic, cx, scope, request, changes| logic.{{ rpc.name }}(cx, scope, request, changes)).await
    }
{%- endfor %}
}
{% endif %}
