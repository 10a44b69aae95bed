//! A case: a name and what it does on a stage.

use futures::future::LocalBoxFuture;

use crate::stage::Stage;

pub struct Case {
    pub name: String,
    pub run: Box<dyn Fn(Stage) -> LocalBoxFuture<'static, ()> + Send + Sync>,
}

/// A case that is a function; its name is that of its module and its own.
pub fn case<F, Done>(run: F) -> Case
where
    F: Fn(Stage) -> Done + Send + Sync + 'static,
    Done: Future<Output = ()> + 'static,
{
    let path = std::any::type_name::<F>();
    named(path.split_once("::").map_or(path, |(_, name)| name), run)
}

/// A case from a table.
pub fn named<F, Done>(name: impl Into<String>, run: F) -> Case
where
    F: Fn(Stage) -> Done + Send + Sync + 'static,
    Done: Future<Output = ()> + 'static,
{
    Case { name: name.into(), run: Box::new(move |stage| Box::pin(run(stage))) }
}
