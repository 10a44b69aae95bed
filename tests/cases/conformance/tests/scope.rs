//! Scopes: the rows of others are not there, whoever asks and however.

use arcana_runtime::access::Scope;
use arcana_runtime::context::Principal;
use arcana_runtime::error::Error;
use arcana_runtime::expand::Expand;
use arcana_runtime::repository::Repository;
use arcana_runtime::service::{Etag, Service};
use conformance_generated::conformance::v1::account::Account;
use conformance_generated::conformance::v1::document::{Document, DocumentRepository};
use conformance_generated::conformance::v1::order::{Order, OrderPatch};
use conformance_generated::conformance::v1::parcel::Parcel;
use conformance_generated::conformance::v1::plain::Plain;
use conformance_generated::conformance::v1::product::Product;

use crate::cases::{Case, case};
use crate::rows;
use crate::stage::{Stage, query};

pub fn cases() -> Vec<Case> {
    vec![
        case(an_owner_finds_only_own_rows),
        case(an_owner_lists_and_counts_only_own_rows),
        case(an_owner_owns_through_references),
        case(an_owner_owns_its_own_account),
        case(an_owner_filters_and_pages_within_own_rows),
        case(an_entity_without_owner_shows_an_owner_nothing),
        case(a_tenant_finds_only_its_rows),
        case(a_tenant_lists_and_counts_only_its_rows),
        case(tenants_are_told_apart_to_the_last_byte),
        case(a_finder_of_a_unique_value_stays_within_the_tenant),
        case(an_entity_without_tenant_shows_a_tenant_nothing),
        case(the_service_hides_the_rows_of_others),
        case(the_service_hides_the_rows_of_other_tenants),
    ]
}

/// Two accounts with an order each, and a parcel of each order.
async fn two(stage: &Stage) -> [(Account, Order, Parcel); 2] {
    let mut made = Vec::new();
    for name in ["Ada", "Grace"] {
        let account = stage.insert(rows::account(stage, name)).await;
        let order = stage.insert(rows::order(stage, name, &account)).await;
        let parcel = stage.insert(Parcel { id: stage.uuid().into(), order_id: order.id, text: name.to_owned() }).await;
        made.push((account, order, parcel));
    }
    made.try_into().unwrap()
}

async fn an_owner_finds_only_own_rows(stage: Stage) {
    let [(ada, mine, _), (_, other, _)] = two(&stage).await;
    let (repository, scope) = (stage.repository::<Order>(), Scope::Owner(ada.id.0));
    assert_eq!(repository.find_by_id(&stage.cx, &scope, &mine.id).await.unwrap().as_ref(), Some(&mine));
    assert_eq!(repository.find_by_id(&stage.cx, &scope, &other.id).await.unwrap(), None);
    assert_eq!(repository.find_many(&stage.cx, &scope, &[other.id, mine.id]).await.unwrap(), [mine]);
}

async fn an_owner_lists_and_counts_only_own_rows(stage: Stage) {
    let [(ada, mine, _), _] = two(&stage).await;
    let scope = Scope::Owner(ada.id.0);
    let page = stage.list_in::<Order>(&scope, &[]).await.unwrap();
    assert_eq!((page.data, page.total), (vec![mine], Some(1)));
    let all = query::<Order>(&[]).unwrap();
    assert_eq!(stage.repository::<Order>().count(&stage.cx, &scope, &all).await.unwrap(), 1);
    let nobody = Scope::Owner(stage.uuid());
    assert_eq!(stage.list_in::<Order>(&nobody, &[]).await.unwrap().total, Some(0));
}

async fn an_owner_owns_through_references(stage: Stage) {
    let [(ada, _, mine), (_, _, other)] = two(&stage).await;
    let (repository, scope) = (stage.repository::<Parcel>(), Scope::Owner(ada.id.0));
    assert_eq!(repository.find_by_id(&stage.cx, &scope, &other.id).await.unwrap(), None);
    let page = stage.list_in::<Parcel>(&scope, &[]).await.unwrap();
    assert_eq!((page.data, page.total), (vec![mine], Some(1)));
}

async fn an_owner_owns_its_own_account(stage: Stage) {
    let [(ada, ..), (grace, ..)] = two(&stage).await;
    let (repository, scope) = (stage.repository::<Account>(), Scope::Owner(ada.id.0));
    assert_eq!(repository.find_by_id(&stage.cx, &scope, &grace.id).await.unwrap(), None);
    assert_eq!(stage.list_in::<Account>(&scope, &[]).await.unwrap().data, [ada]);
}

async fn an_owner_filters_and_pages_within_own_rows(stage: Stage) {
    let [(ada, mine, first), (_, _, other)] = two(&stage).await;
    let second = stage.insert(Parcel { id: stage.uuid().into(), order_id: mine.id, text: "Zoe".to_owned() }).await;
    let scope = Scope::Owner(ada.id.0);
    // A filter that names the rows of others is still bound to one's own.
    let filter = format!("text = \"{}\" OR text != \"\"", other.text);
    let page = |token: String, filter: String| {
        let (stage, scope) = (stage.clone(), scope.clone());
        async move {
            let parameters = [("filter", filter.as_str()), ("sort", "text"), ("size", "1"), ("page_token", &token)];
            stage.list_in::<Parcel>(&scope, &parameters).await.unwrap()
        }
    };
    let start = page(String::new(), filter.clone()).await;
    assert_eq!((start.data, start.total), (vec![first], Some(2)));
    let end = page(start.next_page_token, filter).await;
    assert_eq!((end.data, end.next_page_token.as_str()), (vec![second], ""));
}

async fn an_entity_without_owner_shows_an_owner_nothing(stage: Stage) {
    stage.insert(rows::plain(&stage, "a")).await;
    let page = stage.list_in::<Plain>(&Scope::Owner(stage.uuid()), &[]).await;
    assert!(matches!(page, Err(Error::Forbidden(_))), "{page:?}");
}

async fn a_tenant_finds_only_its_rows(stage: Stage) {
    let (mine, other) = (
        stage.insert(rows::document(&stage, "red", "a")).await,
        stage.insert(rows::document(&stage, "blue", "a")).await,
    );
    let (repository, scope) = (stage.repository::<Document>(), Scope::Tenant("red".to_owned()));
    assert_eq!(repository.find_by_id(&stage.cx, &scope, &mine.id).await.unwrap().as_ref(), Some(&mine));
    assert_eq!(repository.find_by_id(&stage.cx, &scope, &other.id).await.unwrap(), None);
    assert_eq!(
        repository.find_many(&stage.cx, &scope, &[other.id, mine.id]).await.unwrap(),
        std::slice::from_ref(&mine)
    );
    stage.write(|changes| changes.delete(&other)).await.unwrap();
    assert_eq!(repository.find_deleted(&stage.cx, &scope, &other.id).await.unwrap(), None);
}

async fn a_tenant_lists_and_counts_only_its_rows(stage: Stage) {
    let mine = stage.insert(rows::document(&stage, "red", "a")).await;
    stage.insert(rows::document(&stage, "blue", "a")).await;
    let scope = Scope::Tenant("red".to_owned());
    let page = stage.list_in::<Document>(&scope, &[("slug", "a")]).await.unwrap();
    assert_eq!((page.data, page.total), (vec![mine], Some(1)));
    let all = query::<Document>(&[]).unwrap();
    assert_eq!(stage.repository::<Document>().count(&stage.cx, &scope, &all).await.unwrap(), 1);
}

async fn tenants_are_told_apart_to_the_last_byte(stage: Stage) {
    for tenant in ["red", "Red", "red ", "réd", "re\u{301}d"] {
        stage.insert(rows::document(&stage, tenant, "a")).await;
    }
    for tenant in ["red", "Red", "red ", "réd", "re\u{301}d"] {
        let page = stage.list_in::<Document>(&Scope::Tenant(tenant.to_owned()), &[]).await.unwrap();
        assert_eq!((page.data.len(), page.data[0].tenant_id.as_str()), (1, tenant));
    }
}

async fn a_finder_of_a_unique_value_stays_within_the_tenant(stage: Stage) {
    let (mine, other) = (
        stage.insert(rows::document(&stage, "red", "a")).await,
        stage.insert(rows::document(&stage, "blue", "b")).await,
    );
    let (repository, scope) = (stage.repository::<Document>(), Scope::Tenant("red".to_owned()));
    let find = async |tenant: &str, slug: &str| {
        repository.find_by_tenant_id_and_slug(&stage.cx, &scope, tenant, slug).await.unwrap()
    };
    assert_eq!(find("red", "a").await, Some(mine));
    assert_eq!(find("blue", "b").await, None);
    assert_eq!(find("red", "A").await, None);
    stage.write(|changes| changes.delete(&other)).await.unwrap();
    let everyone = Scope::Unrestricted;
    let gone = repository.find_by_tenant_id_and_slug(&stage.cx, &everyone, "blue", "b").await.unwrap();
    assert_eq!(gone, None, "it is marked as deleted");
}

async fn an_entity_without_tenant_shows_a_tenant_nothing(stage: Stage) {
    stage.insert(rows::product(&stage, "A", 1)).await;
    let page = stage.list_in::<Product>(&Scope::Tenant("red".to_owned()), &[]).await;
    assert!(matches!(page, Err(Error::Forbidden(_))), "{page:?}");
}

async fn the_service_hides_the_rows_of_others(stage: Stage) {
    let [(ada, mine, _), (_, other, _)] = two(&stage).await;
    let stage = stage.called_by(Principal::account(ada.id.0, "user"));
    let service = stage.service::<Order>();
    assert_eq!(service.get(&stage.cx, mine.id, &Expand::NONE).await.unwrap(), mine);
    let patch = OrderPatch { number: Some("stolen".to_owned()), ..OrderPatch::default() };
    for outcome in [
        service.get(&stage.cx, other.id, &Expand::NONE).await.map(drop),
        service.update(&stage.cx, other.id, patch, Etag::Any).await.map(drop),
        service.delete(&stage.cx, other.id, Etag::Any).await,
    ] {
        assert!(matches!(outcome, Err(Error::NotFound(_))), "{outcome:?}");
    }
    assert_eq!(service.list(&stage.cx, query::<Order>(&[]).unwrap()).await.unwrap().total, Some(1));
    service.delete(&stage.cx, mine.id, Etag::Any).await.unwrap();
}

async fn the_service_hides_the_rows_of_other_tenants(stage: Stage) {
    let (mine, other) = (
        stage.insert(rows::document(&stage, "red", "a")).await,
        stage.insert(rows::document(&stage, "blue", "a")).await,
    );
    let admin = Principal { tenant: Some("red".to_owned()), ..Principal::account(stage.uuid(), "admin") };
    let stage = stage.called_by(admin);
    let service = stage.service::<Document>();
    assert_eq!(service.get(&stage.cx, mine.id, &Expand::NONE).await.unwrap(), mine);
    let outcome = service.delete(&stage.cx, other.id, Etag::Any).await;
    assert!(matches!(outcome, Err(Error::NotFound(_))), "{outcome:?}");
    assert_eq!(service.list(&stage.cx, query::<Document>(&[]).unwrap()).await.unwrap().data, [mine]);
}
