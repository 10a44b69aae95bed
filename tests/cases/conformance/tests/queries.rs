//! Named queries: they prepare, answer the same everywhere, and stay within the scope.

use arcana_runtime::access::Scope;
use arcana_runtime::error::Error;
use arcana_runtime::repository::verify;
use conformance_generated::QUERIES;
use conformance_generated::conformance::v1::account::{
    AccountRepository, Roll, RollRequest, SoldPerProductRequest, TitleOfRequest,
};
use conformance_generated::conformance::v1::document::DocumentRepository;
use conformance_generated::conformance::v1::order::{Order, OrderRepository};
use conformance_generated::conformance::v1::product::Product;

use crate::cases::{Case, case};
use crate::rows;
use crate::stage::Stage;

pub fn cases() -> Vec<Case> {
    vec![
        case(every_named_query_prepares),
        case(rows_are_grouped_and_read_by_their_types),
        case(an_owner_sees_only_own_rows),
        case(a_tenant_sees_only_its_live_rows),
        case(an_unrestricted_query_is_refused_to_the_rest),
    ]
}

async fn every_named_query_prepares(stage: Stage) {
    assert_eq!(QUERIES.len(), 3);
    let wrong = verify(&stage.db, QUERIES).await.unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn selling(stage: &Stage) -> (Product, Product, [Order; 2]) {
    let balance = |product: Product, cents: i64| Product { balance: rust_decimal::Decimal::new(cents, 2), ..product };
    let cup = stage.insert(balance(rows::product(stage, "cup", 9), 150)).await;
    let lamp = stage.insert(balance(rows::product(stage, "lamp", 9), 999)).await;
    let mut orders = Vec::new();
    for (name, lines) in [("Ada", vec![(&cup, 2), (&lamp, 5)]), ("Grace", vec![(&cup, 4)])] {
        let account = stage.insert(rows::account(stage, name)).await;
        let lines = lines.into_iter().map(|(product, quantity)| rows::line(stage, product, quantity)).collect();
        orders.push(stage.insert(Order { lines, ..rows::order(stage, name, &account) }).await);
    }
    (cup, lamp, orders.try_into().unwrap())
}

async fn rows_are_grouped_and_read_by_their_types(stage: Stage) {
    let (cup, lamp, _) = selling(&stage).await;
    let repository = stage.repository::<Order>();
    let request = SoldPerProductRequest { at_least: 0, number: None };
    let sold = repository.sold_per_product(&stage.cx, &Scope::Unrestricted, &request).await.unwrap();
    let told: Vec<_> = sold.iter().map(|row| (row.product_id, row.lines, row.pieces, row.worth.to_string())).collect();
    assert_eq!(told, [(cup.id, 2, 6, "9.00".to_owned()), (lamp.id, 1, 5, "49.95".to_owned())]);
    assert_eq!((sold[0].number.as_deref(), sold[0].newest_at), (Some("Grace"), stage.cx.now()));
    let request = SoldPerProductRequest { at_least: 3, number: Some("Ada".to_owned()) };
    let sold = repository.sold_per_product(&stage.cx, &Scope::Unrestricted, &request).await.unwrap();
    assert_eq!(sold.iter().map(|row| row.pieces).collect::<Vec<_>>(), [5]);
    // A parameter is a value and nothing else.
    let request = SoldPerProductRequest { at_least: 0, number: Some("' OR '1' = '1".to_owned()) };
    assert!(repository.sold_per_product(&stage.cx, &Scope::Unrestricted, &request).await.unwrap().is_empty());
}

async fn an_owner_sees_only_own_rows(stage: Stage) {
    let (cup, _, [_, other]) = selling(&stage).await;
    let request = SoldPerProductRequest { at_least: 0, number: None };
    let scope = Scope::Owner(other.account_id.0);
    let sold = stage.repository::<Order>().sold_per_product(&stage.cx, &scope, &request).await.unwrap();
    assert_eq!(sold.iter().map(|row| (row.product_id, row.pieces)).collect::<Vec<_>>(), [(cup.id, 4)]);
    let tenant = Scope::Tenant("red".to_owned());
    let refused = stage.repository::<Order>().sold_per_product(&stage.cx, &tenant, &request).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
}

async fn a_tenant_sees_only_its_live_rows(stage: Stage) {
    let mine = stage.insert(rows::document(&stage, "red", "a")).await;
    stage.insert(rows::document(&stage, "blue", "b")).await;
    let repository = stage.repository();
    let red = Scope::Tenant("red".to_owned());
    let ask = |slug: &str| TitleOfRequest { slug: slug.to_owned() };
    let found = repository.title_of(&stage.cx, &red, &ask("a")).await.unwrap().unwrap();
    assert_eq!((found.title, found.version), (mine.title.clone(), 1));
    assert_eq!(repository.title_of(&stage.cx, &red, &ask("b")).await.unwrap(), None);
    assert!(repository.title_of(&stage.cx, &Scope::Unrestricted, &ask("b")).await.unwrap().is_some());
    stage.write(|changes| changes.delete(&mine)).await.unwrap();
    assert_eq!(repository.title_of(&stage.cx, &Scope::Unrestricted, &ask("a")).await.unwrap(), None);
}

async fn an_unrestricted_query_is_refused_to_the_rest(stage: Stage) {
    let repository = stage.repository();
    let nobody = Roll { accounts: 0, names: None };
    assert_eq!(repository.roll(&stage.cx, &Scope::Unrestricted, &RollRequest {}).await.unwrap(), nobody);
    for name in ["Grace", "Ada"] {
        stage.insert(rows::account(&stage, name)).await;
    }
    let all = Roll { accounts: 2, names: Some("Ada, Grace".to_owned()) };
    assert_eq!(repository.roll(&stage.cx, &Scope::Unrestricted, &RollRequest {}).await.unwrap(), all);
    let refused = repository.roll(&stage.cx, &Scope::Owner(stage.uuid()), &RollRequest {}).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
}
