//! A service carries the methods of an entity, or stands on its own under a name of its own.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{Model, Service};

pub(super) fn check(model: &Model, found: &mut Diagnostics) {
    for service in model.services.iter().filter(|service| service.resource.is_none()) {
        name(model, service, found);
    }
}

/// Most letters by which a name is taken for a slip of another.
const SLIP: usize = 2;

fn name(model: &Model, service: &Service, found: &mut Diagnostics) {
    let mut refuse = |message: String, help: String| {
        found.push(Diagnostic::at("arcana::service_entity", &service.span, message).help(help));
    };
    if service.stem() == service.name || service.stem().is_empty() {
        let message = format!("`{}` is the name of no service", service.name);
        return refuse(message, "let its name end in `Service`, behind what it is about: `AuthService`".to_owned());
    }
    let own = model.resources.iter().filter(|resource| resource.package == service.package);
    let slip = |name: &String| strsim::damerau_levenshtein(name, &service.name) <= SLIP;
    if let Some(meant) = own.map(|resource| format!("{}Service", resource.name)).find(slip) {
        let message = format!("`{}` belongs to no entity, but nearly has the name of `{meant}`", service.name);
        refuse(message, format!("write `{meant}` if it is that of the entity, else give it a name of its own"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{ENTITY, codes};

    fn found(service: &str) -> Vec<&'static str> {
        let rpc = "rpc Go(GoRequest) returns (Thing) { option (google.api.http) = { post: \"/api/v1/go\" }; }";
        let messages = "message GoRequest {}";
        codes(super::check, &format!("message Thing {{ {ENTITY} }} {messages} service {service} {{ {rpc} }}"))
    }

    #[test]
    fn a_service_of_its_own_has_a_name_of_its_own() {
        assert!(found("ThingService").is_empty());
        assert!(found("DepartureService").is_empty());
        for slip in ["ThingsService", "TingService", "Departure", "Service"] {
            assert_eq!(found(slip), ["arcana::service_entity"], "{slip}");
        }
    }
}
