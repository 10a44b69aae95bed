//! `filter` (the AIP-160 subset) and equality parameters.

use serde_json::{Value, json};

use crate::support::{Service, at, order_of};

async fn skus(service: &Service, query: &[(&str, &str)]) -> Vec<String> {
    let page = service.send(service.request("GET", "/api/v1/products?sort=sku&size=100").query(query)).await.ok(200);
    let data = page["data"].as_array().unwrap();
    assert_eq!(page["total"], data.len());
    data.iter().map(|row| row["sku"].as_str().unwrap().to_owned()).collect()
}

async fn shop() -> Service {
    let service = Service::start();
    for (sku, name, price, stock) in [
        ("AAA", "Red lamp", "1.00", 0),
        ("BBB", "Blue lamp", "2.50", 5),
        ("CCC", "A \"quoted\" cup", "10.00", 5),
        ("DDD", "100% cup_", "-3.10", 9),
        ("EEE", "Ünïcödé 灯", "9999999999.99", 2147483647),
    ] {
        let body = json!({ "sku": sku, "name": name, "price": price, "stock": stock });
        service.post("/api/v1/products", &body).await.ok(201);
    }
    service
}

#[tokio::test]
async fn filters_select_what_they_say() {
    let service = shop().await;
    for (filter, expected) in [
        ("", "AAA BBB CCC DDD EEE"),
        ("  ", "AAA BBB CCC DDD EEE"),
        ("sku = AAA", "AAA"),
        ("sku = \"AAA\"", "AAA"),
        ("sku='AAA'", "AAA"),
        ("sku != AAA", "BBB CCC DDD EEE"),
        ("stock < 5", "AAA"),
        ("stock <= 5", "AAA BBB CCC"),
        ("stock > 5", "DDD EEE"),
        ("stock >= 2147483647", "EEE"),
        ("stock = -2147483648", ""),
        ("price >= 2.5 AND price < 10.00", "BBB"),
        ("price < 0", "DDD"),
        ("price = 10", "CCC"),
        ("price = 9999999999.99", "EEE"),
        ("sku = AAA OR sku = CCC", "AAA CCC"),
        // AND binds tighter than OR.
        ("sku = AAA OR stock = 5 AND price = 10", "AAA CCC"),
        ("(sku = AAA OR stock = 5) AND price = 10", "CCC"),
        ("NOT stock = 5", "AAA DDD EEE"),
        ("NOT (stock = 5 OR sku = AAA)", "DDD EEE"),
        ("NOT NOT sku = AAA", "AAA"),
        ("name : lamp", "AAA BBB"),
        ("name : \"LAMP\"", ""),
        ("name : \"%\"", "DDD"),
        ("name : _", "DDD"),
        ("name : \"\\\"quoted\\\"\"", "CCC"),
        ("name : 灯", "EEE"),
        ("name : *", "AAA BBB CCC DDD EEE"),
        ("stock : 5", "BBB CCC"),
        ("name = null", ""),
        ("name != null", "AAA BBB CCC DDD EEE"),
        ("name = \"' OR 1=1 --\"", ""),
        ("((((sku = AAA))))", "AAA"),
    ] {
        assert_eq!(skus(&service, &[("filter", filter)]).await.join(" "), expected, "{filter}");
    }
}

#[tokio::test]
async fn filters_know_the_types_of_the_schema() {
    let service = Service::start();
    let (first, second) = (service.customer().await, service.customer().await);
    let (lamp, user) = (service.product(100).await, service.user().await);
    service.patch(&at("customers", &first), &json!({ "user_id": user["id"] })).await.ok(200);
    let mut body = order_of(&first, &[(&lamp, 2)]);
    body["placed_at"] = json!("2026-01-02T03:04:05.000006Z");
    let early = service.post("/api/v1/orders", &body).await.ok(201);
    let late = service.post("/api/v1/orders", &order_of(&second, &[(&lamp, 1)])).await.ok(201);
    service.post(&format!("{}:cancel", at("orders", &late)), &json!({})).await.ok(200);
    let (early_id, late_id) = (early["id"].as_str().unwrap(), late["id"].as_str().unwrap());
    let customer = first["id"].as_str().unwrap();
    for (filter, expected) in [
        ("status = ORDER_STATUS_OPEN".to_owned(), early_id),
        ("status != ORDER_STATUS_OPEN".to_owned(), late_id),
        (format!("customer_id = {customer}"), early_id),
        (format!("customer_id = \"{}\"", customer.to_uppercase()), early_id),
        ("total > 10.50".to_owned(), early_id),
        ("placed_at = \"2026-01-02T03:04:05.000006Z\"".to_owned(), early_id),
        ("placed_at < \"2026-01-02T05:04:05+01:00\"".to_owned(), early_id),
        ("placed_at > \"2026-01-02T03:04:05.000006Z\"".to_owned(), late_id),
    ] {
        let request = service.request("GET", "/api/v1/orders").query(&[("filter", &filter)]);
        let page = service.send(request).await.ok(200);
        assert_eq!(page["data"].as_array().unwrap().len(), 1, "{filter}: {page:#}");
        assert_eq!(page["data"][0]["id"], expected, "{filter}");
    }
    for (filter, expected) in [("user_id = null", &second), ("user_id : *", &first), ("NOT user_id : *", &second)] {
        let page = service.send(service.request("GET", "/api/v1/customers").query(&[("filter", filter)])).await.ok(200);
        assert_eq!(page["data"].as_array().unwrap().len(), 1, "{filter}");
        assert_eq!(page["data"][0]["id"], expected["id"], "{filter}");
    }
}

#[tokio::test]
async fn a_wrong_filter_is_explained() {
    let service = Service::start();
    let deep = format!("{}stock = 1{}", "(".repeat(60), ")".repeat(60));
    let long = format!("name = \"{}\"", "x".repeat(5000));
    let wide = vec!["stock=1"; 300].join(" OR ");
    for (filter, words) in [
        ("nothing = 1", "cannot use \"nothing\"; fields to filter by are: sku, name, price, stock"),
        ("tags = a", "cannot use \"tags\""),
        ("sku", "lacks a comparison"),
        ("sku =", "lacks a value behind sku"),
        ("= 1", "where a field is expected"),
        ("\"sku\" = 1", "where a field is expected"),
        ("sku = AAA BBB", "where AND, OR or the end is expected"),
        ("sku = AAA AND", "ends where a field is expected"),
        ("sku = AAA and stock = 1", "where AND, OR or the end is expected"),
        ("(sku = AAA", "lacks a closing parenthesis"),
        ("sku = AAA)", "where AND, OR or the end is expected"),
        ("sku = \"AAA", "without its closing quote"),
        ("stock = many", "must be a whole number"),
        ("stock = 1.5", "must be a whole number"),
        ("stock > null", "can only ask whether"),
        ("price = 1.001", "must be a decimal number"),
        ("price = 1e5", "must be a decimal number"),
        ("price = 1_000", "must be a decimal number"),
        ("stock ~ 1", "lacks a comparison"),
        ("stock ! 1", "means nothing here"),
        ("name = \"a\u{0}b\"", "NUL"),
        (deep.as_str(), "nested deeper"),
        (long.as_str(), "longer than 4096 bytes"),
    ] {
        let answer = service.send(service.request("GET", "/api/v1/products").query(&[("filter", filter)])).await;
        assert_eq!(answer.status, 400, "{filter}: {}", answer.text);
        answer.breaks("filter", "query.filter").says(words);
    }
    let answer = service.send(service.request("GET", "/api/v1/products").query(&[("filter", &wide)])).await;
    answer.ok(200);
    for (collection, filter) in
        [("orders", "status = OPEN"), ("orders", "customer_id = me"), ("orders", "placed_at = now")]
    {
        let request = service.request("GET", &format!("/api/v1/{collection}")).query(&[("filter", filter)]);
        service.send(request).await.breaks("filter", "query.filter");
    }
}

#[tokio::test]
async fn equality_parameters_are_filters_too() {
    let service = shop().await;
    assert_eq!(skus(&service, &[("stock", "5")]).await, ["BBB", "CCC"]);
    assert_eq!(skus(&service, &[("stock", "5"), ("price", "10.00")]).await, ["CCC"]);
    assert_eq!(skus(&service, &[("stock", "5"), ("filter", "price < 10")]).await, ["BBB"]);
    assert_eq!(skus(&service, &[("name", "Red lamp")]).await, ["AAA"]);
    assert_eq!(skus(&service, &[("name", "red lamp")]).await, Vec::<String>::new());
    assert_eq!(skus(&service, &[("name", "")]).await, Vec::<String>::new());
    let page = service.get("/api/v1/products?name=Red+lamp").await.ok(200);
    assert_eq!(page["data"][0]["sku"], Value::from("AAA"));
    service.get("/api/v1/orders?status=OPEN").await.breaks("status", "query.value").says("ORDER_STATUS_OPEN");
    service.get("/api/v1/orders?customer_id=1").await.breaks("customer_id", "query.value").says("UUID");
}

#[tokio::test]
async fn a_search_finds_words_in_name_and_description() {
    let service = shop().await;
    let body = json!({ "sku": "FFF", "name": "Café table", "description": "For a LAMP, or two.", "price": "5.00" });
    service.post("/api/v1/products", &body).await.ok(201);
    for (q, expected) in [
        ("lamp", "AAA BBB FFF"),
        ("LÄM", "AAA BBB FFF"),
        ("lamp red", "AAA"),
        ("lamp cafe", "FFF"),
        ("amp", ""),
        ("unicode", "EEE"),
        ("100%", "DDD"),
        ("灯", "EEE"),
    ] {
        assert_eq!(skus(&service, &[("q", q)]).await.join(" "), expected, "{q}");
    }
    assert_eq!(skus(&service, &[("q", "lamp"), ("filter", "stock = 5")]).await, ["BBB"]);
}

#[tokio::test]
async fn a_search_without_a_word_says_what_is_wrong() {
    let service = shop().await;
    for (q, message) in [("", "has no word"), ("%_", "has no word"), ("a b c d e f g h i", "at most 8")] {
        let request = service.request("GET", "/api/v1/products").query(&[("q", q)]);
        let problem = service.send(request).await.refused(400, "VALIDATION_FAILED").0;
        assert_eq!(problem["errors"][0]["field"], "q");
        assert!(problem["errors"][0]["message"].as_str().unwrap().contains(message), "{problem}");
    }
    let other = service.send(service.request("GET", "/api/v1/orders").query(&[("q", "lamp")])).await;
    other.refused(400, "VALIDATION_FAILED");
}
