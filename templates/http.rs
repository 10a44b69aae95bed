/// Who may call what on {{ service.plural_words }}.
pub const ROUTES: &[Route] = &[
{%- for route in service.table %}
    {{ route }},
{%- endfor %}
];

/// The routes of {{ service.plural_words }}.
pub fn routes(service: Arc<dyn {{ service.name }}>) -> Router {
{%- if !service.collection.is_empty() || !service.item.is_empty() %}
    let standard: Arc<dyn Service<{{ service.entity }}>> = service{% if !service.dispatches.is_empty() %}.clone(){% endif %};
    {% if !service.dispatches.is_empty() %}let derived = {% endif %}Router::new()
{%- if !service.collection.is_empty() %}
        .route({{ service.path }}, {{ service.collection }})
{%- endif %}
{%- if !service.item.is_empty() %}
        .route({{ service.item_path }}, {{ service.item }})
{%- endif %}
        .with_state(standard){% if !service.dispatches.is_empty() %};{% endif %}
{%- endif %}
{%- if !service.dispatches.is_empty() %}
    {% if service.collection.is_empty() && service.item.is_empty() %}Router::new(){% else %}let custom = Router::new(){% endif %}
{%- for dispatch in service.dispatches %}
        .route({{ dispatch.path }}, routing::{{ dispatch.method }}({{ dispatch.function }}))
{%- endfor %}
{%- if service.collection.is_empty() && service.item.is_empty() %}
        .with_state(service)
{%- else %}
        .with_state(service);
    derived.merge(custom)
{%- endif %}
{%- endif %}
}
{% for dispatch in service.dispatches %}
{%- if !dispatch.direct %}
/// Tells the verbs behind {{ dispatch.path }} apart.
async fn {{ dispatch.function }}(State(service): State<Arc<dyn {{ service.name }}>>, call: Call) -> Result<Response> {
    match call.suffix() {
{%- for arm in dispatch.arms %}
        Some({{ arm.0 }}) => {{ arm.1 }}(State(service), call.without_verb()).await,
{%- endfor %}
        _ => {{ dispatch.fallback }},
    }
}
{% endif %}
{%- endfor %}
{%- for rpc in service.rpcs %}
{%- for route in rpc.routes %}
/// {{ route.words }}
async fn {{ route.handler }}(State(service): State<Arc<dyn {{ service.name }}>>, call: Call) -> Result<Response> {
    let request = call.request({{ route.body }}, {{ route.variables }}, {{ rpc.fields_constant }})?;
    let answer = service.{{ rpc.name }}(&call.cx, rest::decode(request)?).await?;
    Ok({{ rpc.respond }})
}
{% endfor %}
{%- endfor %}
{%- for batch in service.batches %}
/// {{ batch.words }}
async fn {{ batch.name }}(State(service): State<Arc<dyn {{ service.name }}>>, call: Call) -> Result<Response> {
    rest::{{ batch.name }}::<{{ service.entity }}>(&*service, &call).await
}
{% endfor %}
{%- if service.undelete %}
/// Brings a deleted {{ service.words }} back.
async fn undelete(State(service): State<Arc<dyn {{ service.name }}>>, call: Call) -> Result<Response> {
    rest::undelete::<{{ service.entity }}>(&*service, &call).await
}
{% endif %}
