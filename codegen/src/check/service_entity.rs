//! A service carries the methods of an entity; nothing would serve one that stands alone.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::Model;
use crate::nearest::hint;

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    for service in model.services.iter().filter(|service| service.resource.is_none()) {
        let message = format!("`{}` belongs to no entity, and services of their own are not served yet", service.name);
        let own = model.resources.iter().filter(|resource| resource.package == service.package);
        let names: Vec<String> = own.map(|resource| format!("{}Service", resource.name)).collect();
        let way = "declare its rpcs in the service of an entity of this package, such as `OrderService` for `Order`";
        let help = hint(&service.name, names.iter().map(String::as_str), way);
        found.push(Diagnostic::at("arcana::service_entity", &service.span, message).help(help));
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{ENTITY, codes};

    #[test]
    fn refuses_a_service_that_belongs_to_no_entity() {
        let found = |service: &str| {
            let rpc = "rpc Go(GoRequest) returns (Thing) { option (google.api.http) = { post: \"/api/v1/go\" }; }";
            let messages = "message GoRequest {}";
            codes(super::check, &format!("message Thing {{ {ENTITY} }} {messages} service {service} {{ {rpc} }}"))
        };
        assert_eq!(found("GoService"), ["arcana::service_entity"]);
        assert!(found("ThingService").is_empty());
    }
}
