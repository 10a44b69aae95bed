//! Calls with a key: carried out once, answered alike as often as they are repeated.

use std::sync::Arc;

use arcana_runtime::access::{Grant, Rule};
use arcana_runtime::changes::Changes;
use arcana_runtime::context::{Clock, Context, IdSource, Principal, Sources};
use arcana_runtime::entity::Entity as _;
use arcana_runtime::error::Result;
use arcana_runtime::json::FromJson as _;
use arcana_runtime::rest::Resource as _;
use arcana_runtime::service::{Custom, Method, Replay, Service};
use arcana_runtime::types::Timestamp;
use arcana_runtime::violations::Violations;
use conformance_generated::conformance::v1::account::{Roll, RollRequest};
use conformance_generated::conformance::v1::kind::{Kind, NewKind};
use conformance_generated::conformance::v1::order::{NewOrder, NewOrderLine, Order};
use conformance_generated::conformance::v1::plain::{NewPlain, Plain};
use futures::future::BoxFuture;
use uuid::Uuid;

use crate::cases::{Case, case};
use crate::rows;
use crate::stage::{Stage, conflict, told};

pub fn cases() -> Vec<Case> {
    vec![
        case(a_repeated_call_gets_the_same_answer),
        case(an_answer_keeps_every_kind_of_value),
        case(an_answer_keeps_children),
        case(calls_at_once_under_one_key_are_one),
        case(a_key_belongs_to_one_request),
        case(a_key_belongs_to_one_caller),
        case(a_refused_call_may_be_tried_again),
        case(a_key_is_free_again_after_a_day),
        case(the_answer_is_that_of_then),
        case(a_custom_rpc_happens_once_and_its_message_is_kept),
        case(an_answer_that_is_not_kept_is_not_made_up),
    ]
}

impl Stage {
    fn with_key(&self, key: &str) -> Self {
        let mut keyed = self.clone();
        keyed.cx.idempotency_key = Some(key.into());
        keyed
    }
}

fn new_plain(text: &str) -> NewPlain {
    NewPlain { text: text.to_owned(), count: 7 }
}

async fn create(stage: &Stage, new: NewPlain) -> Plain {
    stage.service::<Plain>().create(&stage.cx, new).await.unwrap_or_else(|error| panic!("{}", told(&error)))
}

async fn stored(stage: &Stage) -> i64 {
    stage.list::<Plain>(&[]).await.total.unwrap()
}

async fn a_repeated_call_gets_the_same_answer(stage: Stage) {
    let keyed = stage.with_key("a");
    let first = create(&keyed, new_plain("x")).await;
    assert_eq!(create(&keyed, new_plain("x")).await, first);
    // Of another process on the same database too.
    assert_eq!(create(&Stage::open(&stage.config).with_key("a"), new_plain("x")).await, first);
    assert_ne!(create(&stage.with_key("b"), new_plain("x")).await.id, first.id);
    assert_eq!(stored(&stage).await, 2);
}

async fn an_answer_keeps_every_kind_of_value(stage: Stage) {
    for n in 0..4 {
        let keyed = stage.with_key(&n.to_string());
        let service = stage.service::<Kind>();
        // What a client is shown, it may send.
        let shown = serde_json::to_value(rows::kind(n).dto()).unwrap();
        let new = NewKind::from_json(shown, &mut Violations::new()).unwrap();
        let first = service.create(&keyed.cx, new.clone()).await.unwrap_or_else(|error| panic!("{}", told(&error)));
        assert_eq!(service.create(&keyed.cx, new).await.unwrap(), first);
        assert_eq!(stage.stored(&first).await, first);
    }
}

async fn an_answer_keeps_children(stage: Stage) {
    let (account, lamp, cup) = rows::shop(&stage).await;
    let line = |product: &conformance_generated::conformance::v1::product::Product, quantity| NewOrderLine {
        id: None,
        product_id: product.id,
        quantity,
        text: Some("x".to_owned()),
    };
    let new = NewOrder {
        number: "1".to_owned(),
        account_id: account.id,
        lines: vec![line(&lamp, 1), line(&cup, 2)],
        notes: Vec::new(),
    };
    let keyed = stage.with_key("a");
    let first = stage.service::<Order>().create(&keyed.cx, new.clone()).await.unwrap();
    assert_eq!(stage.service::<Order>().create(&keyed.cx, new).await.unwrap(), first);
    assert_eq!(first.lines.len(), 2);
}

async fn calls_at_once_under_one_key_are_one(stage: Stage) {
    let other = Stage::open(&stage.config);
    for round in 0..5 {
        let calls: Vec<_> = (0..8)
            .map(|n| {
                let keyed = if n % 2 == 0 { &stage } else { &other }.with_key(&round.to_string());
                tokio::spawn(async move { create(&keyed, new_plain("x")).await })
            })
            .collect();
        let mut answers = Vec::new();
        for call in calls {
            answers.push(call.await.unwrap());
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        assert_eq!(stored(&stage).await, round + 1);
    }
}

async fn a_key_belongs_to_one_request(stage: Stage) {
    let keyed = stage.with_key("a");
    create(&keyed, new_plain("x")).await;
    assert_eq!(conflict(stage.service::<Plain>().create(&keyed.cx, new_plain("y")).await), "Idempotency-Key");
    assert_eq!(stored(&stage).await, 1);
}

async fn a_key_belongs_to_one_caller(stage: Stage) {
    let ada = stage.called_by(Principal::account(stage.uuid(), "admin")).with_key("a");
    let grace = stage.called_by(Principal::account(stage.uuid(), "admin")).with_key("a");
    assert_ne!(create(&ada, new_plain("x")).await.id, create(&grace, new_plain("x")).await.id);
}

async fn a_refused_call_may_be_tried_again(stage: Stage) {
    let account = stage.insert(rows::account(&stage, "Ada")).await;
    let taken = stage.insert(rows::order(&stage, "1", &account)).await;
    let new = NewOrder { number: "1".to_owned(), account_id: account.id, lines: Vec::new(), notes: Vec::new() };
    let keyed = stage.with_key("a");
    assert_eq!(conflict(stage.service::<Order>().create(&keyed.cx, new.clone()).await), "number");
    stage.write(|changes| changes.delete(&taken)).await.unwrap();
    let first = stage.service::<Order>().create(&keyed.cx, new.clone()).await.unwrap();
    assert_eq!(stage.service::<Order>().create(&keyed.cx, new).await.unwrap(), first);
}

/// A clock that stands, so many hours from now.
struct Hours(i64);

impl Clock for Hours {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(Timestamp::now().micros() + self.0 * 3_600_000_000).unwrap()
    }
}

struct Ids;

impl IdSource for Ids {
    fn uuid(&self) -> Uuid {
        Uuid::now_v7()
    }
}

async fn a_key_is_free_again_after_a_day(stage: Stage) {
    let at = |hours: i64| {
        let mut later = stage.with_key("a");
        let sources = Sources { clock: Box::new(Hours(hours)), ids: Box::new(Ids) };
        let key = later.cx.idempotency_key.clone();
        later.cx = Context::new(Arc::new(Principal::development()), "later".into(), Arc::new(sources));
        later.cx.idempotency_key = key;
        later
    };
    let first = create(&stage.with_key("a"), new_plain("x")).await;
    assert_eq!(create(&at(23), new_plain("x")).await, first);
    let second = create(&at(25), new_plain("y")).await;
    assert_ne!(second.id, first.id);
    assert_eq!(create(&at(26), new_plain("y")).await, second);
}

async fn the_answer_is_that_of_then(stage: Stage) {
    let keyed = stage.with_key("a");
    let first = create(&keyed, new_plain("x")).await;
    stage.write(|changes| changes.update(&first, Plain { count: 8, ..first.clone() })).await.unwrap();
    assert_eq!(create(&keyed, new_plain("x")).await, first);
    let changed = stage.stored(&first).await;
    stage.write(|changes| changes.delete(&changed)).await.unwrap();
    assert_eq!(create(&keyed, new_plain("x")).await, first);
}

static TAKE: Method<Roll> = custom("case/Take", Some(Replay::MESSAGE));
static FORGET: Method<Roll> = custom("case/Forget", Some(Replay::NEVER));
static REPEAT: Method<Roll> = custom("case/Repeat", None);

const fn custom(name: &'static str, replay: Option<Replay<Roll>>) -> Method<Roll> {
    Method { name, access: Rule(&[Grant::Public]), entity: None, timeout_seconds: None, limit: None, replay }
}

/// Adds a row, and says how many there were before.
async fn take(stage: &Stage, method: &'static Method<Roll>) -> Result<Roll> {
    let service = Custom::new(Arc::new(stage.db.clone()), Arc::new(stage.clone()));
    let run = |stage: &Stage, cx: &Context, changes: &mut Changes| {
        changes.insert(Plain::create(new_plain("x"), cx, 0));
        let (stage, names) = (stage.clone(), Some(cx.uuid().to_string()));
        Box::pin(async move { Ok(Roll { accounts: stored(&stage).await, names }) }) as BoxFuture<'_, Result<Roll>>
    };
    service.custom(&stage.cx, method, RollRequest {}, |stage, cx, _, _, changes| run(stage, cx, changes)).await
}

async fn a_custom_rpc_happens_once_and_its_message_is_kept(stage: Stage) {
    let other = Stage::open(&stage.config);
    let calls: Vec<_> = (0..8)
        .map(|n| {
            let keyed = if n % 2 == 0 { &stage } else { &other }.with_key("a");
            tokio::spawn(async move { take(&keyed, &TAKE).await.unwrap_or_else(|error| panic!("{}", told(&error))) })
        })
        .collect();
    let mut answers = Vec::new();
    for call in calls {
        answers.push(call.await.unwrap());
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(stored(&stage).await, 1);
    assert_ne!(take(&stage.with_key("b"), &TAKE).await.unwrap(), answers[0]);
    // A method that may be repeated asks for no key, and takes none.
    take(&stage.with_key("a"), &REPEAT).await.unwrap();
    take(&stage.with_key("a"), &REPEAT).await.unwrap();
    assert_eq!(stored(&stage).await, 4);
}

async fn an_answer_that_is_not_kept_is_not_made_up(stage: Stage) {
    let keyed = stage.with_key("a");
    take(&keyed, &FORGET).await.unwrap();
    assert_eq!(conflict(take(&keyed, &FORGET).await), "Idempotency-Key");
    assert_eq!(stored(&stage).await, 1);
}
