//! Every rpc with generated clients: rows, masks, etags, lists, refusals.

use arcana_generated::pb::arcana::identity::v1 as identity;
use arcana_generated::pb::shop::v1 as shop;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use prost_types::FieldMask;
use tonic::{Code, Response};
use tonic_types::StatusExt;

use crate::clients::{Clients, broken, mask, new_customer, new_product, pair, refused, text};
use crate::support::{Service, Start};

#[tokio::test]
async fn customers_live_through_all_rpcs() {
    let service = Service::start();
    let mut client = Clients::of(&service).await.customers;
    let customer = new_customer();
    let request = shop::CreateCustomerRequest { customer: Some(customer.clone()) };
    let created = client.create_customer(request).await.unwrap();
    assert!(created.metadata().contains_key("x-request-id"));
    let created = created.into_inner();
    assert_eq!((&created.name, &created.email, created.version), (&customer.name, &customer.email, 1));
    assert_eq!((created.country.as_deref(), &created.phone), (Some("GB"), &None));
    assert!(created.created_at.is_some() && created.created_at == created.updated_at);

    let get = shop::GetCustomerRequest { id: created.id.clone() };
    assert_eq!(client.get_customer(get.clone()).await.unwrap().into_inner(), created);

    let change = shop::Customer { id: created.id.clone(), phone: text("1"), ..Default::default() };
    let request =
        shop::UpdateCustomerRequest { customer: Some(change), update_mask: mask(&["phone"]), etag: "\"1\"".to_owned() };
    let updated = client.update_customer(request).await.unwrap().into_inner();
    assert_eq!((updated.phone.as_deref(), &updated.name, updated.version), (Some("1"), &created.name, 2));

    let page = client.list_customers(shop::ListCustomersRequest::default()).await.unwrap().into_inner();
    assert_eq!((page.data, page.page, page.size, page.total), (vec![updated], 0, 10, Some(1)));

    let delete = shop::DeleteCustomerRequest { id: created.id.clone(), etag: String::new() };
    client.delete_customer(delete.clone()).await.unwrap();
    refused(client.get_customer(get).await, Code::NotFound, "NOT_FOUND");
    refused(client.delete_customer(delete).await, Code::NotFound, "NOT_FOUND");
}

#[tokio::test]
async fn users_and_products_come_back() {
    let service = Service::start();
    let mut clients = Clients::of(&service).await;
    let user = identity::User { name: text("Ada"), email: text("ada@example.com"), ..Default::default() };
    let user = clients.users.create_user(identity::CreateUserRequest { user: Some(user) }).await.unwrap().into_inner();
    assert_eq!(user.status(), identity::UserStatus::Active);
    let delete = identity::DeleteUserRequest { id: user.id.clone(), etag: String::new() };
    clients.users.delete_user(delete).await.unwrap();
    let undelete = identity::UndeleteUserRequest { id: user.id.clone() };
    let back = clients.users.undelete_user(undelete.clone()).await.unwrap().into_inner();
    assert_eq!(back.email, user.email);
    refused(clients.users.undelete_user(undelete).await, Code::FailedPrecondition, "FAILED_PRECONDITION");

    let product = clients.product(3).await;
    let delete = shop::DeleteProductRequest { id: product.id.clone(), etag: "\"1\"".to_owned() };
    clients.products.delete_product(delete).await.unwrap();
    let list = shop::ListProductsRequest { show_deleted: true, ..Default::default() };
    assert_eq!(clients.products.list_products(list).await.unwrap().into_inner().total, Some(1));
    let list = shop::ListProductsRequest::default();
    assert_eq!(clients.products.list_products(list).await.unwrap().into_inner().total, Some(0));
    let undelete = shop::UndeleteProductRequest { id: product.id.clone() };
    assert_eq!(clients.products.undelete_product(undelete).await.unwrap().into_inner().stock, 3);
}

#[tokio::test]
async fn orders_take_their_steps() {
    let service = Service::start();
    let mut clients = Clients::of(&service).await;
    let product = clients.product(10).await;
    let order = clients.order(&product, 4).await.unwrap();
    assert_eq!((order.total.as_str(), order.status()), ("42.00", shop::OrderStatus::Open));
    assert_eq!((order.lines[0].unit_price.as_str(), clients.stock(&product).await), ("10.50", 6));

    let status = refused(clients.order(&product, 7).await, Code::FailedPrecondition, "FAILED_PRECONDITION");
    let details = status.get_error_details();
    let violation = &details.precondition_failure().unwrap().violations[0];
    assert_eq!((violation.subject.as_str(), violation.description.as_str()), ("lines", status.message()));

    let cancel = shop::CancelOrderRequest { id: Some(order.id.clone()), reason: text("Ordered twice.") };
    let cancelled = clients.orders.cancel_order(cancel.clone()).await.unwrap().into_inner();
    assert_eq!((cancelled.status(), cancelled.version), (shop::OrderStatus::Cancelled, 2));
    assert_eq!(clients.stock(&product).await, 10);
    refused(clients.orders.cancel_order(cancel).await, Code::FailedPrecondition, "FAILED_PRECONDITION");

    let order = clients.order(&product, 1).await.unwrap();
    let ship = shop::ShipOrderRequest { id: Some(order.id.clone()), tracking_number: None };
    assert_eq!(broken(clients.orders.ship_order(ship.clone()).await), pair("tracking_number", "required"));
    let ship = shop::ShipOrderRequest { tracking_number: text("1Z"), ..ship };
    let shipped = clients.orders.ship_order(ship).await.unwrap().into_inner();
    assert_eq!((shipped.status(), shipped.tracking_number.as_deref()), (shop::OrderStatus::Shipped, Some("1Z")));
    let delete = shop::DeleteOrderRequest { id: order.id, etag: String::new() };
    refused(clients.orders.delete_order(delete).await, Code::FailedPrecondition, "FAILED_PRECONDITION");
}

#[tokio::test]
async fn a_mask_says_what_is_changed() {
    let service = Service::start();
    let mut clients = Clients::of(&service).await;
    let before = clients.customer().await;
    let mut update = async |customer: shop::Customer, update_mask: Option<FieldMask>| {
        let customer = shop::Customer { id: before.id.clone(), ..customer };
        let request = shop::UpdateCustomerRequest { customer: Some(customer), update_mask, etag: String::new() };
        clients.customers.update_customer(request).await.map(Response::into_inner)
    };
    let full =
        shop::Customer { name: text("Eve"), email: text("eve@example.com"), country: text("FR"), ..Default::default() };
    let full = shop::Customer { phone: text("1"), ..full };

    let after = update(full.clone(), mask(&["name", "phone"])).await.unwrap();
    assert_eq!((&after.name, &after.phone), (&full.name, &full.phone));
    assert_eq!((&after.email, &after.country), (&before.email, &before.country));
    // Named and not set: the default, or null.
    let after = update(shop::Customer::default(), mask(&["country", "phone"])).await.unwrap();
    assert_eq!((after.country.as_deref(), after.phone), (Some("GB"), None));
    // Without a mask, and with a star: all.
    for update_mask in [None, mask(&["*"])] {
        let after = update(full.clone(), update_mask.clone()).await.unwrap();
        assert_eq!((&after.email, &after.country), (&full.email, &full.country));
        let after = update(shop::Customer { country: None, phone: None, ..full.clone() }, update_mask.clone()).await;
        assert_eq!(after.unwrap().country.as_deref(), Some("GB"));
        let missing = broken(update(shop::Customer::default(), update_mask).await);
        assert_eq!(missing, [pair("name", "required"), pair("email", "required")].concat());
    }
    // What only the service writes may be named, and is passed over.
    let silly = shop::Customer { version: 99, ..Default::default() };
    assert!(update(silly, mask(&["version", "created_at"])).await.unwrap().version < 99);
    for path in ["nothing", "name.first", "", "Name", "password_hash"] {
        assert_eq!(broken(update(full.clone(), mask(&[path])).await), pair("update_mask", "update_mask"), "{path}");
    }
    assert_eq!(broken(update(shop::Customer::default(), mask(&["name"])).await), pair("name", "required"));
    let row = clients.customers.update_customer(shop::UpdateCustomerRequest::default()).await;
    assert_eq!(broken(row), pair("customer", "required"));
}

#[tokio::test]
async fn immutable_fields_are_refused_and_equal_ones_are_not() {
    let service = Service::start();
    let mut clients = Clients::of(&service).await;
    let product = clients.product(1).await;
    let mut update = async |sku: &str| {
        let product = shop::Product { id: product.id.clone(), sku: text(sku), ..Default::default() };
        let update_mask = mask(&["sku"]);
        let request = shop::UpdateProductRequest { product: Some(product), update_mask, etag: String::new() };
        clients.products.update_product(request).await
    };
    assert_eq!(broken(update("OTHER-1").await), pair("sku", "immutable"));
    update(product.sku.as_deref().unwrap()).await.unwrap();
}

#[tokio::test]
async fn a_stale_etag_aborts() {
    let service = Service::start();
    let mut clients = Clients::of(&service).await;
    let customer = clients.customer().await;
    for etag in ["\"2\"", "1", "W/\"1\"", "x"] {
        let row = shop::Customer { id: customer.id.clone(), phone: text("1"), ..Default::default() };
        let update_mask = mask(&["phone"]);
        let request = shop::UpdateCustomerRequest { customer: Some(row), update_mask, etag: etag.to_owned() };
        refused(clients.customers.update_customer(request).await, Code::Aborted, "PRECONDITION_FAILED");
        let request = shop::DeleteCustomerRequest { id: customer.id.clone(), etag: etag.to_owned() };
        refused(clients.customers.delete_customer(request).await, Code::Aborted, "PRECONDITION_FAILED");
    }
}

#[tokio::test]
async fn lists_take_their_arguments() {
    let service = Service::start();
    let mut clients = Clients::of(&service).await;
    for stock in 0..7 {
        clients.product(stock).await;
    }
    let mut list = async |request: shop::ListProductsRequest| {
        clients.products.list_products(request).await.map(Response::into_inner)
    };
    let stocks = |page: &shop::ListProductsResponse| page.data.iter().map(|row| row.stock).collect::<Vec<_>>();
    let request = shop::ListProductsRequest {
        page_size: 2,
        order_by: "stock desc".to_owned(),
        filter: "stock < 6".to_owned(),
        ..Default::default()
    };
    let mut walked = Vec::new();
    let mut page_token = String::new();
    loop {
        let page = list(shop::ListProductsRequest { page_token, ..request.clone() }).await.unwrap();
        assert_eq!((page.size, page.total), (2, Some(6)));
        walked.extend(stocks(&page));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(walked, [5, 4, 3, 2, 1, 0]);
    let page =
        list(shop::ListProductsRequest { skip: 4, include_total: Some(false), ..request.clone() }).await.unwrap();
    assert_eq!((stocks(&page), page.page, page.total), (vec![1, 0], 2, None));
    let first = list(request.clone()).await.unwrap();
    let inside = String::from_utf8(URL_SAFE_NO_PAD.decode(&first.next_page_token).unwrap()).unwrap();
    let forged = URL_SAFE_NO_PAD.encode(inside.replace("\"4\"", "\"3\""));
    assert_ne!(forged, first.next_page_token, "{inside}");
    let forged = shop::ListProductsRequest { page_token: forged, ..request.clone() };
    assert_eq!(broken(list(forged).await), pair("page_token", "query.page_token"));
    let other = shop::ListProductsRequest { page_token: first.next_page_token, order_by: String::new(), ..request };
    assert_eq!(broken(list(other).await), pair("page_token", "query.page_token"));
    for (request, field, rule) in [
        (shop::ListProductsRequest { page_size: 101, ..Default::default() }, "page_size", "query.range"),
        (shop::ListProductsRequest { page_size: -1, ..Default::default() }, "page_size", "query.range"),
        (shop::ListProductsRequest { skip: -1, ..Default::default() }, "skip", "int32.gte"),
        (
            shop::ListProductsRequest { page_token: "x".to_owned(), ..Default::default() },
            "page_token",
            "query.page_token",
        ),
        (shop::ListProductsRequest { order_by: "tags".to_owned(), ..Default::default() }, "order_by", "query.order"),
        (
            shop::ListProductsRequest { order_by: "stock up".to_owned(), ..Default::default() },
            "order_by",
            "query.order",
        ),
        (shop::ListProductsRequest { filter: "tags = 1".to_owned(), ..Default::default() }, "filter", "query.filter"),
        (shop::ListProductsRequest { filter: "stock =".to_owned(), ..Default::default() }, "filter", "query.filter"),
    ] {
        assert_eq!(broken(list(request).await), pair(field, rule));
    }
    let far = shop::ListProductsRequest { skip: i32::MAX, ..Default::default() };
    assert!(list(far).await.unwrap().data.is_empty());
}

#[tokio::test]
async fn wrong_values_are_named() {
    let service = Service::start();
    let mut clients = Clients::of(&service).await;
    let empty = shop::CreateProductRequest::default();
    assert_eq!(broken(clients.products.create_product(empty).await), pair("product", "required"));
    for (product, field, rule) in [
        (shop::Product { price: text("ten"), ..new_product(1) }, "price", "decimal"),
        (shop::Product { price: text("1.001"), ..new_product(1) }, "price", "decimal.precision"),
        (shop::Product { stock: -1, ..new_product(1) }, "stock", "int32.gte"),
        (shop::Product { name: text("a\0b"), ..new_product(1) }, "name", "string.nul"),
        (shop::Product { name: None, ..new_product(1) }, "name", "required"),
        (shop::Product { sku: text("lower"), ..new_product(1) }, "sku", "string.pattern"),
        (shop::Product { tags: vec!["x".repeat(41)], ..new_product(1) }, "tags[0]", "string.max_len"),
        (shop::Product { tags: vec![String::new(); 21], ..new_product(1) }, "tags", "repeated.max_items"),
    ] {
        let request = shop::CreateProductRequest { product: Some(product) };
        assert_eq!(broken(clients.products.create_product(request).await), pair(field, rule));
    }
    for id in ["", "x", "0190d8a26c1f7b3e9d543f1a2b4c5d6e"] {
        let request = shop::GetProductRequest { id: id.to_owned() };
        assert_eq!(broken(clients.products.get_product(request).await), pair("id", "string.uuid"), "{id}");
    }
    let taken = clients.product(1).await;
    let again = shop::Product { sku: taken.sku, ..new_product(1) };
    let answer = clients.products.create_product(shop::CreateProductRequest { product: Some(again) }).await;
    let status = refused(answer, Code::AlreadyExists, "CONFLICT");
    let details = status.get_error_details();
    let violation = &details.bad_request().unwrap().field_violations[0];
    assert_eq!((violation.field.as_str(), violation.reason.as_str()), ("sku", "unique"));
    let lonely = shop::Customer { user_id: text("0190d8a2-6c1f-7b3e-9d54-3f1a2b4c5d6e"), ..new_customer() };
    let answer = clients.customers.create_customer(shop::CreateCustomerRequest { customer: Some(lonely) }).await;
    let status = refused(answer, Code::FailedPrecondition, "FAILED_PRECONDITION");
    assert_eq!(status.get_error_details().precondition_failure().unwrap().violations[0].subject, "user_id");
    let odd =
        shop::Order { placed_at: Some(prost_types::Timestamp { seconds: i64::MAX, nanos: -1 }), ..Default::default() };
    let answer = clients.orders.create_order(shop::CreateOrderRequest { order: Some(odd) }).await;
    assert!(broken(answer).contains(&("placed_at".to_owned(), "timestamp".to_owned())));
}

#[tokio::test]
async fn messages_have_a_largest_size() {
    let service = Start::new().set("server.max_body_bytes=2000").run();
    let mut clients = Clients::of(&service).await;
    let product = shop::Product { description: Some("x".repeat(2000)), ..new_product(1) };
    let answer = clients.products.create_product(shop::CreateProductRequest { product: Some(product) }).await;
    let status = answer.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(status.get_error_details().error_info().unwrap().reason, "PAYLOAD_TOO_LARGE");
}
