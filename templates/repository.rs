/// Reads {{ entity.words }} rows.
#[async_trait]
pub trait {{ entity.name }}Repository: Repository<{{ entity.name }}> {
{%- for finder in entity.finders %}
    /// The live row with this {{ finder.words }}.
    async fn {{ finder.name }}(&self, cx: &Context, scope: &Scope{% for parameter in finder.parameters %}, {{ parameter.0 }}: {{ parameter.1 }}{% endfor %}) -> Result<Option<{{ entity.name }}>>;
{%- endfor %}
{%- for query in entity.queries %}
{%- for line in query.doc %}
    /// {{ line }}
{%- endfor %}
    async fn {{ query.name }}(&self, cx: &Context, scope: &Scope, request: &{{ query.request }}) -> Result<{{ query.answer }}>;
{%- endfor %}
}

#[async_trait]
impl {{ entity.name }}Repository for SqlRepository<{{ entity.name }}> {
{%- for finder in entity.finders %}
    async fn {{ finder.name }}(&self, cx: &Context, scope: &Scope{% for parameter in finder.parameters %}, {{ parameter.0 }}: {{ parameter.1 }}{% endfor %}) -> Result<Option<{{ entity.name }}>> {
        let values = vec![{% for parameter in finder.parameters %}{{ parameter.2 }}{% if !loop.last %}, {% endif %}{% endfor %}];
        Ok(self.find_by(cx, scope, {{ finder.condition }}, values).await?.pop())
    }
{%- endfor %}
{%- for query in entity.queries %}

    async fn {{ query.name }}(&self, cx: &Context, scope: &Scope, {% if query.has_parameters %}row{% else %}_{% endif %}: &{{ query.request }}) -> Result<{{ query.answer }}> {
        let values = [{% for value in query.values %}{{ value }}{% if !loop.last %}, {% endif %}{% endfor %}];
        self.{{ query.run }}(cx, scope, &{{ query.constant }}, &values, |row| {
            Ok({{ query.row }} {
{%- for field in query.fields %}
                {{ field.0 }}: {{ field.1 }},
{%- endfor %}
            })
        })
        .await
    }
{%- endfor %}
}
