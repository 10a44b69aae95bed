mockall::mock! {
    /// A repository that answers what a test tells it to.
    pub {{ entity.name }}Repository {}

    #[async_trait]
    impl Repository<{{ entity.name }}> for {{ entity.name }}Repository {
        async fn find_by_id(&self, cx: &Context, scope: &Scope, id: &{{ entity.name }}Id) -> Result<Option<{{ entity.name }}>>;
        async fn find_deleted(&self, cx: &Context, scope: &Scope, id: &{{ entity.name }}Id) -> Result<Option<{{ entity.name }}>>;
        async fn find_many(&self, cx: &Context, scope: &Scope, ids: &[{{ entity.name }}Id]) -> Result<Vec<{{ entity.name }}>>;
        async fn list(&self, cx: &Context, scope: &Scope, query: &ListQuery) -> Result<Page<{{ entity.name }}>>;
        async fn count(&self, cx: &Context, scope: &Scope, query: &ListQuery) -> Result<i64>;
    }

    #[async_trait]
    impl {{ entity.name }}Repository for {{ entity.name }}Repository {
{%- for finder in entity.finders %}
        async fn {{ finder.name }}(&self, cx: &Context, scope: &Scope{% for parameter in finder.parameters %}, {{ parameter.0 }}: {{ parameter.1 }}{% endfor %}) -> Result<Option<{{ entity.name }}>>;
{%- endfor %}
{%- for query in entity.queries %}
        async fn {{ query.name }}(&self, cx: &Context, scope: &Scope, request: &{{ query.request }}) -> Result<{{ query.answer }}>;
{%- endfor %}
    }
}
