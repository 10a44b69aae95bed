//! Services and rpcs: what they take and answer, where they are, and who may call them.

use std::collections::BTreeSet;

use super::access;
use super::diff::Diff;
use super::{Change, Verdict};
use crate::contract::{Rpc, Service};
use Verdict::{Breaking, Ok};

/// Services come behind the messages of their entity.
const RANK: u8 = 2;

impl Diff<'_> {
    pub(super) fn services(&mut self) {
        let names: BTreeSet<String> = self.old.services.keys().chain(self.new.services.keys()).cloned().collect();
        for name in &names {
            match (self.old.services.get(name).copied(), self.new.services.get(name).copied()) {
                (Some(old), Some(new)) => self.service(name, old, new),
                (Some(old), None) if !self.is_in_removed_package(name) => {
                    let over_rest = old.rpcs.values().any(|rpc| !rpc.routes.is_empty());
                    let change = Change::new(name, group(name, old), "removed")
                        .verdicts(Breaking, Verdict::breaking_if(over_rest))
                        .because("all calls of its rpcs fail", KEEP);
                    self.push(change, RANK, None);
                }
                (None, Some(new)) => self.push(Change::new(name, group(name, new), "added"), RANK, None),
                _ => {}
            }
        }
    }

    fn service(&mut self, name: &str, old: &Service, new: &Service) {
        let group = group(name, new);
        for (rpc, before) in &old.rpcs {
            let subject = format!("{name}.{rpc}");
            let Some(after) = new.rpcs.get(rpc) else {
                let change = Change::new(subject, group, "removed")
                    .verdicts(Breaking, Verdict::breaking_if(!before.routes.is_empty()))
                    .because("all calls of it fail", KEEP);
                self.push(change, RANK, None);
                continue;
            };
            if before != after {
                for change in of_rpc(&subject, group, before, after) {
                    self.push(change, RANK, None);
                }
            }
        }
        for rpc in new.rpcs.keys().filter(|rpc| !old.rpcs.contains_key(*rpc)) {
            self.push(Change::new(format!("{name}.{rpc}"), group, "added"), RANK, None);
        }
    }
}

const KEEP: &str = "keep it until nobody calls it";

fn group<'g>(name: &'g str, service: &'g Service) -> &'g str {
    service.resource.as_deref().unwrap_or(name)
}

fn of_rpc(subject: &str, group: &str, old: &Rpc, new: &Rpc) -> Vec<Change> {
    let routed = Verdict::breaking_if(!old.routes.is_empty());
    let change = |what: String| Change::new(subject, group, what);
    let mut found = Vec::new();
    for (word, before, after) in [("takes", &old.request, &new.request), ("answers", &old.response, &new.response)] {
        if before != after {
            found.push(change(format!("{word} {before} → {after}")).verdicts(Breaking, routed).because(
                "clients send and read the message that they were built with",
                "keep the message and add fields to it; or add an rpc beside this one",
            ));
        }
    }
    let streams = [
        ("takes", old.client_streaming, new.client_streaming),
        ("answers", old.server_streaming, new.server_streaming),
    ];
    for (word, before, after) in streams.into_iter().filter(|(_, before, after)| before != after) {
        let said = |many| if many { "a stream" } else { "one message" };
        found.push(
            change(format!("{word} {} → {}", said(before), said(after)))
                .verdicts(Breaking, routed)
                .because("clients wait for the other", "add an rpc beside this one"),
        );
    }
    found.extend(routes(subject, group, old, new));
    if old.access != new.access {
        found.push(
            change(format!("access {} → {}", old.access, new.access))
                .verdicts(Ok, Verdict::breaking_if(access::is_narrower(&old.access, &new.access)))
                .because(
                    "callers are refused that were not, over gRPC too",
                    "give the callers the role first, then require it",
                ),
        );
    }
    if old.order != new.order {
        let said = |order: &Option<String>| order.clone().unwrap_or_else(|| "none".to_owned());
        found.push(
            change(format!("order of pages {} → {}", said(&old.order), said(&new.order))).verdicts(Ok, routed).because(
                "lists without `sort` come in another order, over gRPC too, and pages that clients hold no longer fit",
                "tell clients to name the order that they need",
            ),
        );
    }
    if old.idempotent != new.idempotent {
        let what = if new.idempotent { "becomes idempotent" } else { "no longer idempotent" };
        found.push(
            change(what.to_owned())
                .verdicts(Verdict::breaking_if(old.idempotent), Verdict::breaking_if(old.idempotent))
                .because(
                    "clients and proxies that took its word repeat calls that now do something twice",
                    "keep it as it is, and give what repeats badly an rpc of its own",
                ),
        );
    }
    found
}

/// Routes that are gone or read another body. What the variables of a path are called, no client sees.
fn routes(subject: &str, group: &str, old: &Rpc, new: &Rpc) -> Vec<Change> {
    let plain = |route: &String| {
        let mut parts = route.split('{');
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |text, part| {
            format!("{text}{{{}", part.find('}').and_then(|at| part.get(at..)).unwrap_or(part))
        })
    };
    let (before, after): (BTreeSet<String>, BTreeSet<String>) =
        (old.routes.iter().map(plain).collect(), new.routes.iter().map(plain).collect());
    let lacks = |routes: &BTreeSet<String>, route: &String| !routes.contains(&plain(route));
    let gone = old.routes.iter().filter(|route| lacks(&after, route)).map(|route| {
        Change::new(subject, group, format!("route {route} removed"))
            .verdicts(Ok, Breaking)
            .because("calls of it fail", "keep it as one of the `additional_bindings`")
    });
    let come = new.routes.iter().filter(|route| lacks(&before, route));
    gone.chain(come.map(|route| Change::new(subject, group, format!("route {route} added")))).collect()
}
