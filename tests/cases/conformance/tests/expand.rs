//! Expansion: references shown as the rows they refer to, in as many queries for many rows as for one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arcana_runtime::access::Scope;
use arcana_runtime::changes::Changes;
use arcana_runtime::context::{Context, Principal};
use arcana_runtime::entity::Entity;
use arcana_runtime::error::{Error, Result};
use arcana_runtime::expand::Expand;
use arcana_runtime::query::{ListQuery, Page};
use arcana_runtime::repository::{Repository, SqlRepository};
use arcana_runtime::service::{Hooks, Service, Standard};
use arcana_runtime::violations::Violations;
use async_trait::async_trait;
use conformance_generated::conformance::v1::account::{Account, AccountId};
use conformance_generated::conformance::v1::document::{self, Document};
use conformance_generated::conformance::v1::membership::{self, Membership, MembershipId};
use conformance_generated::conformance::v1::order::{self, Order};
use conformance_generated::conformance::v1::plain::Plain;
use conformance_generated::conformance::v1::product::Product;

use crate::cases::{Case, case};
use crate::rows;
use crate::stage::{NoLogic, Stage, query};

pub fn cases() -> Vec<Case> {
    vec![
        case(a_reference_is_a_row_only_where_it_is_asked_for),
        case(one_row_is_shown_as_rows_of_a_list_are),
        case(a_page_of_a_hundred_takes_as_many_queries_as_a_page_of_one),
        case(what_the_caller_may_not_get_stays_away),
        case(what_logic_hides_stays_away),
        case(a_row_that_is_marked_as_deleted_stays_away),
        case(a_part_of_a_key_is_shown_as_a_row),
        case(pages_by_token_go_on_expanding),
        case(an_expanded_row_is_written_as_any_other),
        case(unknown_paths_are_refused_by_name),
    ]
}

fn orders(stage: &Stage) -> Standard<Order, NoLogic> {
    let logic = Arc::new(NoLogic);
    stage
        .service::<Order>()
        .expanding::<Account, _>(&order::expand::ACCOUNT, Arc::new(stage.repository()), logic.clone())
        .expanding::<Product, _>(&order::expand::LINES_PRODUCT, Arc::new(stage.repository()), logic)
}

/// An order of both products, which knows its account.
async fn order(stage: &Stage, number: &str, account: &Account, products: &[&Product]) -> Order {
    let lines = products.iter().map(|product| rows::line(stage, product, 1)).collect();
    stage.insert(Order { lines, ..rows::order(stage, number, account) }).await
}

fn expand<E: Entity>(paths: &str) -> Result<Expand> {
    let mut found = Violations::new();
    let expand = Expand::parse(E::SPEC, paths, &mut found);
    found.into_result(expand)
}

async fn a_reference_is_a_row_only_where_it_is_asked_for(stage: Stage) {
    let (ada, lamp, cup) = rows::shop(&stage).await;
    let stored = order(&stage, "1", &ada, &[&lamp, &cup, &lamp]).await;
    let service = orders(&stage);
    let bare = service.list(&stage.cx, query::<Order>(&[]).unwrap()).await.unwrap();
    assert_eq!(bare.data, std::slice::from_ref(&stored));
    assert!(stored.account.is_none() && stored.lines.iter().all(|line| line.product.is_none()));
    let page = service.list(&stage.cx, query::<Order>(&[("expand", "account")]).unwrap()).await.unwrap();
    assert_eq!(page.data[0].account.as_deref(), Some(&ada));
    assert!(page.data[0].lines.iter().all(|line| line.product.is_none()));
    let page = service.list(&stage.cx, query::<Order>(&[("expand", "lines.product, account")]).unwrap()).await.unwrap();
    let products: Vec<_> = page.data[0].lines.iter().map(|line| line.product.as_deref().unwrap()).collect();
    assert_eq!(products, [&lamp, &cup, &lamp]);
    assert_eq!(page.data[0].account.as_deref(), Some(&ada));
}

async fn one_row_is_shown_as_rows_of_a_list_are(stage: Stage) {
    let (ada, lamp, _) = rows::shop(&stage).await;
    let stored = order(&stage, "1", &ada, &[&lamp]).await;
    let service = orders(&stage);
    assert_eq!(service.get(&stage.cx, stored.id, &Expand::NONE).await.unwrap(), stored);
    let shown = service.get(&stage.cx, stored.id, &expand::<Order>("account,lines.product").unwrap()).await.unwrap();
    assert_eq!((shown.account.as_deref(), shown.lines[0].product.as_deref()), (Some(&ada), Some(&lamp)));
}

/// Counts what it is asked.
struct Counted<E> {
    behind: SqlRepository<E>,
    asked: AtomicUsize,
    keys: AtomicUsize,
}

#[async_trait]
impl<E: Entity> Repository<E> for Counted<E> {
    async fn find_by_id(&self, cx: &Context, scope: &Scope, id: &E::Id) -> Result<Option<E>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.behind.find_by_id(cx, scope, id).await
    }
    async fn find_deleted(&self, cx: &Context, scope: &Scope, id: &E::Id) -> Result<Option<E>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.behind.find_deleted(cx, scope, id).await
    }
    async fn find_many(&self, cx: &Context, scope: &Scope, ids: &[E::Id]) -> Result<Vec<E>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.keys.fetch_add(ids.len(), Ordering::Relaxed);
        self.behind.find_many(cx, scope, ids).await
    }
    async fn list(&self, cx: &Context, scope: &Scope, query: &ListQuery) -> Result<Page<E>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.behind.list(cx, scope, query).await
    }
    async fn count(&self, cx: &Context, scope: &Scope, query: &ListQuery) -> Result<i64> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.behind.count(cx, scope, query).await
    }
}

fn counted<E: Entity>(stage: &Stage) -> Arc<Counted<E>> {
    Arc::new(Counted { behind: stage.repository(), asked: AtomicUsize::new(0), keys: AtomicUsize::new(0) })
}

async fn a_page_of_a_hundred_takes_as_many_queries_as_a_page_of_one(stage: Stage) {
    let (ada, lamp, cup) = rows::shop(&stage).await;
    let grace = stage.insert(rows::account(&stage, "Grace")).await;
    let mut changes = stage.changes();
    for n in 0..100 {
        let (account, lines) = if n % 2 == 0 { (&ada, [&lamp, &cup]) } else { (&grace, [&cup, &cup]) };
        let lines = lines.map(|product| rows::line(&stage, product, 1)).into();
        changes.insert(Order { lines, ..rows::order(&stage, &n.to_string(), account) });
    }
    stage.commit(changes).await.unwrap();
    for (size, keys) in [("1", 1..=2), ("100", 2..=2)] {
        let (accounts, products) = (counted::<Account>(&stage), counted::<Product>(&stage));
        let service = stage
            .service::<Order>()
            .expanding::<Account, _>(&order::expand::ACCOUNT, accounts.clone(), Arc::new(NoLogic))
            .expanding::<Product, _>(&order::expand::LINES_PRODUCT, products.clone(), Arc::new(NoLogic));
        let query = query::<Order>(&[("size", size), ("expand", "account,lines.product")]).unwrap();
        let page = service.list(&stage.cx, query).await.unwrap();
        assert_eq!(page.data.len().to_string(), size);
        assert!(
            page.data
                .iter()
                .all(|order| { order.account.is_some() && order.lines.iter().all(|line| line.product.is_some()) })
        );
        assert_eq!((accounts.asked.load(Ordering::Relaxed), products.asked.load(Ordering::Relaxed)), (1, 1), "{size}");
        // Each row is asked for once, however many refer to it.
        assert!(keys.contains(&products.keys.load(Ordering::Relaxed)), "{size}");
    }
}

async fn what_the_caller_may_not_get_stays_away(stage: Stage) {
    let (ada, lamp, _) = rows::shop(&stage).await;
    let mine = order(&stage, "1", &ada, &[&lamp]).await;
    let paths = expand::<Order>("account,lines.product").unwrap();
    // Owners get their own account, and no product.
    let caller = stage.called_by(Principal::account(ada.id.0, "user"));
    let shown = orders(&caller).get(&caller.cx, mine.id, &paths).await.unwrap();
    assert_eq!((shown.account.as_deref(), &shown.lines[0].product), (Some(&ada), &None));
    let admin = stage.called_by(Principal::account(stage.uuid(), "admin"));
    let shown = orders(&admin).get(&admin.cx, mine.id, &paths).await.unwrap();
    assert_eq!((shown.account.as_deref(), shown.lines[0].product.as_deref()), (Some(&ada), Some(&lamp)));
}

/// Logic that shows one account only, and by another name.
struct Only(AccountId);

#[async_trait]
impl Hooks<Account> for Only {
    async fn after_read(&self, _cx: &Context, row: &mut Account) -> Result<()> {
        if row.id != self.0 {
            return Err(Error::Forbidden("it is none of your business".to_owned()));
        }
        row.name.push('!');
        Ok(())
    }
}

async fn what_logic_hides_stays_away(stage: Stage) {
    let (ada, ..) = rows::shop(&stage).await;
    let grace = stage.insert(rows::account(&stage, "Grace")).await;
    let (first, second) = (order(&stage, "1", &ada, &[]).await, order(&stage, "2", &grace, &[]).await);
    let service = stage.service::<Order>().expanding::<Account, _>(
        &order::expand::ACCOUNT,
        Arc::new(stage.repository()),
        Arc::new(Only(ada.id)),
    );
    let paths = expand::<Order>("account").unwrap();
    let name = async |order: &Order| {
        service.get(&stage.cx, order.id, &paths).await.unwrap().account.map(|account| account.name.clone())
    };
    assert_eq!((name(&first).await.as_deref(), name(&second).await), (Some("Ada!"), None));
}

async fn a_row_that_is_marked_as_deleted_stays_away(stage: Stage) {
    let ada = stage.insert(rows::account(&stage, "Ada")).await;
    let document = Document { account_id: Some(ada.id), ..rows::document(&stage, "red", "a") };
    let kept = stage.insert(document).await;
    let alone = stage.insert(rows::document(&stage, "red", "b")).await;
    let service = stage.service::<Document>().expanding::<Account, _>(
        &document::expand::ACCOUNT,
        Arc::new(stage.repository()),
        Arc::new(NoLogic),
    );
    let accounts = async || {
        let query = query::<Document>(&[("sort", "slug"), ("show_deleted", "true"), ("expand", "account")]).unwrap();
        let page = service.list(&stage.cx, query).await.unwrap();
        assert_eq!(page.data.iter().map(|row| row.id).collect::<Vec<_>>(), [kept.id, alone.id]);
        page.data.into_iter().map(|row| row.account.map(|account| account.id)).collect::<Vec<_>>()
    };
    assert_eq!(accounts().await, [Some(ada.id), None]);
    stage.write(|changes: &mut Changes| changes.delete(&kept)).await.unwrap();
    stage.write(|changes: &mut Changes| changes.delete(&ada)).await.unwrap();
    assert_eq!(accounts().await, [None, None]);
}

async fn a_part_of_a_key_is_shown_as_a_row(stage: Stage) {
    let coded = stage.insert(rows::coded("a/b ")).await;
    let numbered = stage.insert(rows::numbered(7)).await;
    let row = Membership { coded: None, coded_code: coded.code.clone(), numbered_nr: numbered.id, role: String::new() };
    stage.insert(row).await;
    let service = stage.service::<Membership>().expanding(
        &membership::expand::CODED,
        Arc::new(stage.repository()),
        Arc::new(NoLogic),
    );
    let id = MembershipId { coded_code: coded.code.clone(), numbered_nr: numbered.id };
    let shown = service.get(&stage.cx, id, &expand::<Membership>("coded").unwrap()).await.unwrap();
    assert_eq!(shown.coded.as_deref(), Some(&coded));
}

async fn pages_by_token_go_on_expanding(stage: Stage) {
    let ada = stage.insert(rows::account(&stage, "Ada")).await;
    for number in ["1", "2", "3"] {
        order(&stage, number, &ada, &[]).await;
    }
    let service = orders(&stage);
    let first = service.list(&stage.cx, query::<Order>(&[("size", "1")]).unwrap()).await.unwrap();
    // What is shown of a row has nothing to do with where a page starts.
    let next = [("size", "1"), ("expand", "account"), ("page_token", first.next_page_token.as_str())];
    let page = service.list(&stage.cx, query::<Order>(&next).unwrap()).await.unwrap();
    assert_eq!(page.data[0].account.as_deref(), Some(&ada));
}

async fn an_expanded_row_is_written_as_any_other(stage: Stage) {
    let (ada, lamp, _) = rows::shop(&stage).await;
    let stored = order(&stage, "1", &ada, &[&lamp]).await;
    let paths = expand::<Order>("account,lines.product").unwrap();
    let shown = orders(&stage).get(&stage.cx, stored.id, &paths).await.unwrap();
    let changed = Order { number: "2".to_owned(), ..shown.clone() };
    let written = stage.write(|changes| changes.update(&shown, changed)).await.unwrap();
    let now = stage.stored(&stored).await;
    assert_eq!((now.number.as_str(), &now.account, now.lines.len()), ("2", &None, 1));
    assert_eq!((now.version, stage.stored(&ada).await), (written.version, ada));
}

async fn unknown_paths_are_refused_by_name(stage: Stage) {
    let refused = |outcome: Result<Expand>| match outcome {
        Err(Error::Validation(found)) => (found[0].field.to_string(), found[0].message.to_string()),
        other => panic!("{other:?} instead of a refused path"),
    };
    for (paths, says) in [
        ("customer", "cannot expand \"customer\"; known are account, lines.product"),
        ("account.orders", "cannot expand \"account.orders\"; known are account, lines.product"),
        ("lines", "cannot expand \"lines\"; known are account, lines.product"),
        ("account,", "cannot expand \"\"; known are account, lines.product"),
        ("account,account", "names account twice"),
    ] {
        assert_eq!(refused(expand::<Order>(paths)), ("expand".to_owned(), says.to_owned()), "{paths}");
    }
    // Where there is nothing to expand, the parameter is as unknown as any other.
    assert!(query::<Plain>(&[("expand", "account")]).is_err());
    assert!(expand::<Order>("").unwrap().is_empty() && expand::<Order>(" account ").unwrap().paths() == ["account"]);
    // A service that was put together without what reads the rows says so, and shows no half of them.
    let (ada, ..) = rows::shop(&stage).await;
    let stored = order(&stage, "1", &ada, &[]).await;
    let answer = stage.service::<Order>().get(&stage.cx, stored.id, &expand::<Order>("account").unwrap()).await;
    assert!(matches!(answer, Err(Error::Internal(_))));
}
