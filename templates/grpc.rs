/// Answers gRPC calls.
pub struct {{ service.stem }}Grpc(Arc<dyn {{ service.name }}>);

/// The tonic server of {{ service.plural_words }}.
pub fn server(service: Arc<dyn {{ service.name }}>) -> pb::{{ service.server_module }}::{{ service.server }}<{{ service.stem }}Grpc> {
    pb::{{ service.server_module }}::{{ service.server }}::new({{ service.stem }}Grpc(service))
}

#[async_trait]
impl pb::{{ service.server_module }}::{{ service.name }} for {{ service.stem }}Grpc {
{%- if service.list %}
    async fn {{ service.list_wire }}(&self, request: Request<pb::List{{ service.plural }}Request>) -> Result<Response<pb::List{{ service.plural }}Response>, Status> {
        grpc::call(request, |cx, message| async move {
            let arguments = ListArguments {
                page_size: message.page_size,
                page_token: message.page_token,
                skip: message.skip,
                filter: message.filter,
                order_by: message.order_by,
                include_total: message.include_total,
{%- if service.soft_delete %}
                show_deleted: message.show_deleted,
{%- else %}
                show_deleted: false,
{%- endif %}
{%- if service.expandable %}
                expand: message.expand,
{%- else %}
                expand: String::new(),
{%- endif %}
{%- if service.searched %}
                q: message.q,
{%- else %}
                q: String::new(),
{%- endif %}
            };
            let page = self.0.list(&cx, ListQuery::from_grpc(&{{ service.constant }}, &arguments)?).await?;
            Ok(pb::List{{ service.plural }}Response {
                data: page.data.into_iter().map(Into::into).collect(),
                page: page.page.try_into().unwrap_or(i32::MAX),
                size: page.size.try_into().unwrap_or(i32::MAX),
                total: page.total,
                next_page_token: page.next_page_token,
            })
        })
        .await
    }
{%- endif %}
{%- if service.get %}

    async fn get_{{ service.one_wire }}(&self, request: Request<pb::Get{{ service.entity }}Request>) -> Result<Response<pb::{{ service.entity }}>, Status> {
        grpc::call(request, |cx, message| async move {
            let mut found = Violations::new();
            let id = {{ service.key_from_proto }};
{%- if service.expandable %}
            let expand = Expand::parse(&{{ service.constant }}, &message.expand, &mut found);
            found.finish()?;
            self.0.get(&cx, id, &expand).await.map(Into::into)
{%- else %}
            found.finish()?;
            self.0.get(&cx, id, &Expand::NONE).await.map(Into::into)
{%- endif %}
        })
        .await
    }
{%- endif %}
{%- if service.create %}

    async fn create_{{ service.one_wire }}(&self, request: Request<pb::Create{{ service.entity }}Request>) -> Result<Response<pb::{{ service.entity }}>, Status> {
        grpc::call(request, |cx, message| async move {
            let new = proto::body({{ service.member_text }}, message.{{ service.member }})?;
            let new = proto::decode_new::<{{ service.entity }}, _>(&cx, new)?;
            self.0.create(&cx, new).await.map(Into::into)
        })
        .await
    }
{%- endif %}
{%- if service.update %}

    async fn update_{{ service.one_wire }}(&self, request: Request<pb::Update{{ service.entity }}Request>) -> Result<Response<pb::{{ service.entity }}>, Status> {
        grpc::call(request, |cx, message| async move {
            let {% if !service.kept.is_empty() %}mut {% endif %}row = proto::body({{ service.member_text }}, message.{{ service.member }})?;
            let mut found = Violations::new();
            let id = {{ service.key_from_row }};
            let mask = Mask::new(message.update_mask, {{ service.entity }}::MASKABLE, &mut found);
            let patch = match mask {
                Some(mask) => {{ service.entity }}Patch::from_proto(row, &mask, &mut found),
                None => {
                    found.finish()?;
                    found = Violations::new();
{%- if !service.kept.is_empty() %}
                    // A replacement may leave out what never changes: it is what the row has.
                    if {{ service.kept_absent }} {
                        let stored: {{ service.entity_pb }} = self.0.get(&cx, Clone::clone(&id), &Expand::NONE).await?.into();
{%- for field in service.kept %}
                        proto::keep(&mut row.{{ field }}, stored.{{ field }});
{%- endfor %}
                    }
{%- endif %}
                    proto::decode_new::<{{ service.entity }}, _>(&cx, row)?.into()
                }
            };
            found.finish()?;
{%- if service.versioned %}
            self.0.update(&cx, id, patch, Etag::from_grpc(&message.etag)).await.map(Into::into)
{%- else %}
            self.0.update(&cx, id, patch, Etag::Any).await.map(Into::into)
{%- endif %}
        })
        .await
    }
{%- endif %}
{%- if service.delete %}

    async fn delete_{{ service.one_wire }}(&self, request: Request<pb::Delete{{ service.entity }}Request>) -> Result<Response<()>, Status> {
        grpc::call(request, |cx, message| async move {
            let mut found = Violations::new();
            let id = {{ service.key_from_proto }};
            found.finish()?;
{%- if service.versioned %}
            self.0.delete(&cx, id, Etag::from_grpc(&message.etag)).await
{%- else %}
            self.0.delete(&cx, id, Etag::Any).await
{%- endif %}
        })
        .await
    }
{%- endif %}
{%- if service.undelete %}

    async fn undelete_{{ service.one_wire }}(&self, request: Request<pb::Undelete{{ service.entity }}Request>) -> Result<Response<pb::{{ service.entity }}>, Status> {
        grpc::call(request, |cx, message| async move {
            let mut found = Violations::new();
            let id = {{ service.key_from_proto }};
            found.finish()?;
            self.0.undelete(&cx, id).await.map(Into::into)
        })
        .await
    }
{%- endif %}
{%- for batch in service.batches %}
{%- if batch.delete %}

    async fn {{ batch.wire }}(&self, request: Request<pb::{{ batch.rpc }}Request>) -> Result<Response<()>, Status> {
        grpc::call(request, |cx, message| async move {
            let rows = read_requests(message.requests, |message| {
                let mut found = Violations::new();
                let id = {{ service.key_from_proto }};
{%- if service.versioned %}
                found.into_result(RowDelete { id, etag: Etag::from_grpc(&message.etag) })
{%- else %}
                found.into_result(RowDelete { id, etag: Etag::Any })
{%- endif %}
            })?;
            self.0.batch_delete(&cx, rows).await
        })
        .await
    }
{%- else %}

    async fn {{ batch.wire }}(&self, request: Request<pb::{{ batch.rpc }}Request>) -> Result<Response<pb::{{ batch.rpc }}Response>, Status> {
        grpc::call(request, |cx, message| async move {
{%- if batch.get %}
            let ids = message.ids.iter().map(ToString::to_string).collect();
            let rows = self.0.batch_get(&cx, read_ids::<{{ service.entity }}>(ids)?).await?;
{%- else if batch.create %}
            let rows = read_requests(message.requests, |message| {
                let new = proto::body({{ service.member_text }}, message.{{ service.member }})?;
                proto::decode_new::<{{ service.entity }}, _>(&cx, new).map_err(|error| error.below({{ service.member_text }}))
            })?;
            let rows = self.0.batch_create(&cx, rows).await?;
{%- else %}
            let rows = read_requests(message.requests, |message| {
                let row = proto::body({{ service.member_text }}, message.{{ service.member }})?;
                let mut found = Violations::new();
                let kept = [{% for field in service.kept_named %}({{ field.0 }}, {{ field.1 }}){% if !loop.last %}, {% endif %}{% endfor %}];
                let mask = Mask::or_all(message.update_mask, {{ service.entity }}::MASKABLE, &kept, &mut found);
                found.finish()?;
                let mut found = Violations::new();
                let id = {{ service.key_from_row }};
                let patch = {{ service.entity }}Patch::from_proto(row, &mask, &mut found);
                found.finish().map_err(|error| error.below({{ service.member_text }}))?;
{%- if service.versioned %}
                Ok(RowUpdate { id, patch, etag: Etag::from_grpc(&message.etag) })
{%- else %}
                Ok(RowUpdate { id, patch, etag: Etag::Any })
{%- endif %}
            })?;
            let rows = self.0.batch_update(&cx, rows).await?;
{%- endif %}
            Ok(pb::{{ batch.rpc }}Response { {{ service.plural_member }}: rows.into_iter().map(Into::into).collect() })
        })
        .await
    }
{%- endif %}
{%- endfor %}
{%- for rpc in service.rpcs %}

    async fn {{ rpc.wire }}(&self, request: Request<{{ rpc.request_pb }}>) -> Result<Response<{{ rpc.response_pb }}>, Status> {
        grpc::call(request, |cx, message| async move {
            self.0.{{ rpc.name }}(&cx, proto::decode(message)?).await.map(Into::into)
        })
        .await
    }
{%- endfor %}
}
