//! Defects that are known: their cases must fail until they are mended, and then leave this list.

use std::panic::{AssertUnwindSafe, catch_unwind};

use libtest_mimic::Failed;

/// Database (`*` for all), case, and what is wrong.
const DEFECTS: &[(&str, &str, &str)] = &[];

/// Runs a case; one that is known to fail passes if it does.
pub fn judge(dialect: &str, case: &str, run: impl FnOnce()) -> Result<(), Failed> {
    let defect = DEFECTS.iter().find(|(place, name, _)| (*place == "*" || *place == dialect) && *name == case);
    let Some((_, _, what)) = defect else {
        // What panics is told by the runner.
        run();
        return Ok(());
    };
    match catch_unwind(AssertUnwindSafe(run)) {
        Err(_) => Ok(()),
        Ok(()) => Err(format!("passes: {what:?} is mended; take it out of tests/known.rs").into()),
    }
}

/// Every entry must name a case, or it would hide nothing and say the opposite.
pub fn strangers(cases: &[String]) -> Vec<&'static str> {
    DEFECTS.iter().map(|(_, name, _)| *name).filter(|name| cases.iter().all(|case| case != name)).collect()
}
