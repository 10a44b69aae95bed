//! How often and how long a derived method may be called, as the schema says.

use std::sync::Arc;
use std::time::Instant;

use arcana_runtime::context::Principal;
use arcana_runtime::error::{Error, Result};
use arcana_runtime::query::Page;
use arcana_runtime::service::Service;
use conformance_generated::conformance::v1::doctor::Doctor;

use crate::cases::{Case, case};
use crate::stage::{Stage, query};

pub fn cases() -> Vec<Case> {
    vec![case(a_derived_method_answers_each_caller_so_often), case(a_call_that_has_no_time_left_ends)]
}

async fn list(stage: &Stage) -> Result<Page<Doctor>> {
    stage.service::<Doctor>().list(&stage.cx, query::<Doctor>(&[])?).await
}

async fn a_derived_method_answers_each_caller_so_often(stage: Stage) {
    let ada = stage.called_by(Principal::account(stage.uuid(), "admin"));
    for _ in 0..3 {
        list(&ada).await.unwrap();
    }
    let refused = list(&ada).await.unwrap_err();
    let Error::RateLimited { rate: Some(rate), .. } = refused else { panic!("{refused:?}") };
    assert_eq!((rate.calls, rate.seconds), (3, 3600));
    // Another caller has a count of its own, and so has another method.
    list(&stage.called_by(Principal::account(stage.uuid(), "admin"))).await.unwrap();
    let none = ada.service::<Doctor>().get(&ada.cx, ada.uuid().into(), &Default::default()).await.unwrap_err();
    assert!(matches!(none, Error::NotFound(_)), "{none:?}");
}

async fn a_call_that_has_no_time_left_ends(stage: Stage) {
    let mut late = stage.called_by(Principal::account(stage.uuid(), "admin"));
    // What the schema allows does not lengthen what the caller has left.
    late.cx = late.cx.until(Instant::now());
    let late = Arc::new(late);
    assert!(matches!(list(&late).await.unwrap_err(), Error::Timeout));
}
