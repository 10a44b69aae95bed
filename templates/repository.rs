/// Reads {{ entity.words }} rows.
#[async_trait]
pub trait {{ entity.name }}Repository: Repository<{{ entity.name }}> {
{%- for finder in entity.finders %}
    /// The live row with this {{ finder.words }}.
    async fn {{ finder.name }}(&self, cx: &Context, scope: &Scope{% for parameter in finder.parameters %}, {{ parameter.0 }}: {{ parameter.1 }}{% endfor %}) -> Result<Option<{{ entity.name }}>>;
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
}
