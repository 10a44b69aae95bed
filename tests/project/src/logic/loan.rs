//! What is particular to loans: each takes a copy from the shelf, and puts it back when it ends.

use std::sync::Arc;

use arcana_runtime::access::Scope;
use arcana_runtime::changes::{Adjust, Changes};
use arcana_runtime::context::Context;
use arcana_runtime::error::{Error, Result};
use arcana_runtime::service::Hooks;
use async_trait::async_trait;
use lending_generated::Repositories;
use lending_generated::lending::v1::book::{Book, BookId};
use lending_generated::lending::v1::loan::{EndLoanRequest, Loan, LoanMethods, LoanRepository};

/// The logic of loans.
pub struct LoanLogic {
    loans: Arc<dyn LoanRepository>,
}

impl LoanLogic {
    /// With the repositories that it reads from.
    pub fn new(repositories: &Repositories) -> Self {
        Self {
            loans: repositories.loans.clone(),
        }
    }
}

/// Takes a copy from the shelf, or puts one back; the guard holds against all others who do so.
fn move_copies(changes: &mut Changes, book: &BookId, count: i32) {
    changes.adjust(
        Adjust::of(book)
            .add(&Book::ON_SHELF, &count)
            .at_least(&Book::ON_SHELF, &0),
    );
}

#[async_trait]
impl Hooks<Loan> for LoanLogic {
    async fn before_create(
        &self,
        _cx: &Context,
        draft: &mut Loan,
        changes: &mut Changes,
    ) -> Result<()> {
        move_copies(changes, &draft.book_id, -1);
        Ok(())
    }
}

#[async_trait]
impl LoanMethods for LoanLogic {
    async fn end(
        &self,
        cx: &Context,
        scope: &Scope,
        request: EndLoanRequest,
        changes: &mut Changes,
    ) -> Result<Loan> {
        let found = self.loans.find_by_id(cx, scope, &request.id).await?;
        let loan = found.ok_or_else(|| Error::no_row("Loan", request.id))?;
        if loan.returned_at.is_some() {
            return Err(Error::precondition("the loan has ended already"));
        }
        move_copies(changes, &loan.book_id, 1);
        Ok(changes.update(
            &loan,
            Loan {
                returned_at: Some(cx.now()),
                ..loan.clone()
            },
        ))
    }
}

#[cfg(test)]
mod tests {
    use arcana_runtime::changes::Write;
    use arcana_runtime::db::Value;
    use arcana_runtime::fixture::Fixture;

    use super::*;

    #[test]
    fn takes_one_copy_and_never_more_than_there_are() {
        let mut changes = Changes::new(&Context::system());
        move_copies(&mut changes, &Book::fixture(0).id, -1);
        let [Write::Adjust { guards, .. }] = changes.writes() else {
            panic!("{:?}", changes.writes())
        };
        assert_eq!(
            (guards[0].column, &guards[0].value),
            ("on_shelf", &Value::I64(0))
        );
    }
}
