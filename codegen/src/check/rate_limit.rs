//! Rate limits are numbers in a window of time.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{MethodOptions, Model, Span};

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    for resource in &model.resources {
        resource.methods.iter().for_each(|method| limit(&method.options, &resource.span, found));
    }
    for rpc in model.services.iter().flat_map(|service| &service.rpcs) {
        limit(&rpc.options, &rpc.span, found);
    }
}

fn limit(options: &MethodOptions, span: &Span, found: &mut Diagnostics) {
    let Some(limit) = &options.rate_limit else { return };
    if options.rate().is_none() {
        found.push(
            Diagnostic::at("arcana::rate_limit", span, format!("`{limit}` is no rate limit"))
                .help("write a number, `/` and `s`, `min` or `h`, such as \"100/min\"")
                .word(limit.clone()),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::codes;

    #[test]
    fn refuses_windows_it_does_not_know() {
        let found = |limit: &str| {
            let rpc = format!("rpc Do(A) returns (A) {{ option (arcana.method) = {{ rate_limit: \"{limit}\" }}; }}");
            codes(super::check, &format!("message A {{}} service S {{ {rpc} }}"))
        };
        assert_eq!(found("100/day"), ["arcana::rate_limit"]);
        assert_eq!(found("0/s"), ["arcana::rate_limit"]);
        assert!(found("100/min").is_empty());
    }
}
