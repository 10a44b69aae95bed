//! Several rows in one call: all of it or none, and errors that name the request that they are about.

use serde_json::{Value, json};

use crate::support::{Service, unique};

async fn two(service: &Service) -> (String, String) {
    let n = unique();
    let product = |end: &str| json!({ "product": { "sku": format!("TWO-{n}-{end}"), "name": end, "price": "1" } });
    let body = json!({ "requests": [product("A"), product("B")] });
    let made = service.post("/api/v1/products:batchCreate", &body).await.ok(200);
    let id = |at: usize| made["products"][at]["id"].as_str().unwrap().to_owned();
    (id(0), id(1))
}

#[tokio::test]
async fn answers_stand_in_the_order_of_the_requests() {
    let service = Service::start();
    let (first, second) = two(&service).await;
    let rows = service.get(&format!("/api/v1/products:batchGet?ids={second}&ids={first}")).await.ok(200);
    let names: Vec<&Value> = rows["products"].as_array().unwrap().iter().map(|row| &row["name"]).collect();
    assert_eq!(names, ["B", "A"]);
    let change = |id: &str, stock: i32| json!({ "product": { "id": id, "stock": stock } });
    let body = json!({ "requests": [change(&second, 7), change(&first, 8)] });
    let rows = service.post("/api/v1/products:batchUpdate", &body).await.ok(200);
    assert_eq!((&rows["products"][0]["stock"], &rows["products"][1]["stock"]), (&json!(7), &json!(8)));
    assert_eq!((&rows["products"][0]["name"], &rows["products"][0]["version"]), (&json!("B"), &json!(2)));
}

#[tokio::test]
async fn violations_name_the_request_and_the_member() {
    let service = Service::start();
    let requests = json!([
        { "product": { "sku": "FINE-1", "name": "Cup", "price": "1" } },
        { "product": { "sku": "FINE-2", "name": "", "price": "ten", "colour": "red" } },
        { "prodct": {} },
        null,
    ]);
    let refusal = service.post("/api/v1/products:batchCreate", &json!({ "requests": requests })).await;
    refusal.breaks("requests[3]", "required");
    let requests = json!([requests[0], requests[1], requests[2]]);
    let refusal = service.post("/api/v1/products:batchCreate", &json!({ "requests": requests })).await;
    let refusal = refusal.refused(400, "VALIDATION_FAILED");
    let broken = [
        ("requests[1].product.price", "decimal"),
        ("requests[1].product.colour", "unknown"),
        ("requests[1].product.name", "string.min_len"),
        ("requests[2].product", "required"),
        ("requests[2].prodct", "unknown"),
    ];
    assert_eq!(refusal.broken(), broken);
    let (first, second) = two(&service).await;
    let change = |id: &str, row: Value| {
        let mut row = row;
        row["id"] = json!(id);
        json!({ "product": row })
    };
    let body = json!({ "requests": [change(&first, json!({ "stock": -1, "name": null })), change(&second, json!({ "sku": "NEW-1" }))] });
    let refusal = service.post("/api/v1/products:batchUpdate", &body).await.refused(400, "VALIDATION_FAILED");
    let broken = [("requests[0].product.name", "required")];
    assert_eq!(refusal.broken(), broken, "what cannot be read comes before what breaks a rule");
}

#[tokio::test]
async fn what_a_commit_refuses_names_its_request() {
    let service = Service::start();
    let (first, second) = two(&service).await;
    let taken = service.get(&format!("/api/v1/products/{second}")).await.ok(200)["sku"].clone();
    let fresh = format!("NEW-{}", unique());
    let requests = json!([
        { "product": { "sku": fresh, "name": "Mug", "price": "1" } },
        { "product": { "sku": taken, "name": "Mug", "price": "1" } },
    ]);
    let refusal = service.post("/api/v1/products:batchCreate", &json!({ "requests": requests })).await;
    refusal.refused(409, "CONFLICT").names("requests[1].product.sku", "unique");
    let list = service.get(&format!("/api/v1/products?sku={fresh}")).await.ok(200);
    assert_eq!(list["total"], 0, "all or none");

    let unknown = "0190d8a2-6c1f-7b3e-9d54-3f1a2b4c5d6e";
    let body = json!({ "requests": [{ "id": first }, { "id": unknown }] });
    let refusal = service.post("/api/v1/products:batchDelete", &body).await.refused(404, "NOT_FOUND");
    refusal.says(&format!("requests[1]: there is no Product {unknown}"));
    let refusal = service.get(&format!("/api/v1/products:batchGet?ids={first}&ids={unknown}")).await;
    refusal.refused(404, "NOT_FOUND").says("ids[1]: there is no Product");
    service.get(&format!("/api/v1/products/{first}")).await.ok(200);
}

#[tokio::test]
async fn an_update_is_a_patch_beside_its_key() {
    let service = Service::start();
    let (first, second) = two(&service).await;
    let sent = async |row: Value| {
        let body = json!({ "requests": [{ "product": row }] });
        service.post("/api/v1/products:batchUpdate", &body).await
    };
    sent(json!({ "stock": 1 })).await.breaks("requests[0].product.id", "string.uuid");
    sent(json!(7)).await.breaks("requests[0].product", "object");
    let masked = json!({ "requests": [{ "product": { "id": first, "stock": 1 }, "update_mask": "stock" }] });
    service.post("/api/v1/products:batchUpdate", &masked).await.breaks("requests[0].update_mask", "unknown");
    let row = service.get(&format!("/api/v1/products/{second}")).await.ok(200);
    let mut answer = sent(row.clone()).await.ok(200)["products"][0].clone();
    answer["version"] = row["version"].clone();
    answer["updated_at"] = row["updated_at"].clone();
    assert_eq!(answer, row, "an answer can be sent back as it is");
}

#[tokio::test]
async fn what_two_requests_say_of_one_row_is_done_in_their_order() {
    let service = Service::start();
    let (first, second) = two(&service).await;
    let requests = json!([
        { "product": { "id": first, "stock": 1, "description": "once" }, "etag": "\"1\"" },
        { "product": { "id": second, "stock": 9 } },
        { "product": { "id": first, "stock": 2 }, "etag": "\"1\"" },
    ]);
    let rows = service.post("/api/v1/products:batchUpdate", &json!({ "requests": requests })).await.ok(200);
    let seen = |at: usize| (rows["products"][at]["stock"].clone(), rows["products"][at]["version"].clone());
    assert_eq!((seen(0), seen(1), seen(2)), ((json!(2), json!(2)), (json!(9), json!(2)), (json!(2), json!(2))));
    assert_eq!(rows["products"][0]["description"], "once");
    let rows = service.get(&format!("/api/v1/products:batchGet?ids={first}&ids={second}&ids={first}")).await.ok(200);
    assert_eq!((&rows["products"][0], &rows["products"][1]["id"]), (&rows["products"][2], &json!(second)));
    let body = json!({ "requests": [{ "id": first }, { "id": second }, { "id": first }] });
    service.post("/api/v1/products:batchDelete", &body).await.ok(204);
    service.get(&format!("/api/v1/products/{first}")).await.refused(404, "NOT_FOUND");
}

#[tokio::test]
async fn a_batch_has_a_hundred_rows_at_most() {
    let service = Service::start();
    let (first, _) = two(&service).await;
    let query: Vec<String> = (0..101).map(|_| format!("ids={first}")).collect();
    let refusal = service.get(&format!("/api/v1/products:batchGet?{}", query.join("&"))).await;
    refusal.breaks("ids", "repeated.max_items").says("100");
    let rows: Vec<Value> = (0..100)
        .map(|n| json!({ "product": { "sku": format!("MANY-{}-{n}", unique()), "name": "Cup", "price": "1" } }))
        .collect();
    let made = service.post("/api/v1/products:batchCreate", &json!({ "requests": rows })).await.ok(200);
    assert_eq!(made["products"].as_array().map(Vec::len), Some(100));
}

#[tokio::test]
async fn the_verbs_have_one_method_each_and_take_no_other_parameters() {
    let service = Service::start();
    let (first, _) = two(&service).await;
    let wrong = service.send(service.request("POST", "/api/v1/products:batchGet")).await;
    assert!(wrong.refused(405, "METHOD_NOT_ALLOWED").0["message"].is_string());
    let refusal = service.get(&format!("/api/v1/products:batchGet?ids={first}&page=1")).await;
    refusal.breaks("page", "query.unknown");
    service.get("/api/v1/customers:batchGet?ids=x").await.refused(404, "NOT_FOUND");
}
