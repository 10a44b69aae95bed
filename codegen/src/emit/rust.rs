//! The generated crate and the scaffolds of its logic: every home's files, and the small files that list them all.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use rayon::prelude::*;

use super::{EmitError, words};
use crate::fileset::FileSet;
use crate::model::{Entity, Field, Model, Resource};
use crate::plan::{
    EntryExpansionView, EntryView, ExpansionView, Home, HomePlan, LogicFile, LogicModFile, Overview, OwnServiceView,
    ServicesFile, homes, identifier, module_path, plain, plan_home,
};
use crate::project::Project;
use crate::render::{Scope, finish_scaffold, finish_shared};

/// Adds all Rust files of the project to the set.
pub fn emit(project: &Project, model: &Model, files: &mut FileSet) -> Result<(), EmitError> {
    let homes = homes(model);
    let overview = Overview::new(model);
    let plans: Vec<HomePlan> = homes.par_iter().map(|home| plan_home(&overview, home)).collect();
    let scope = scope(project, &plans);
    let generated = project.generated.to_string_lossy().replace('\\', "/");
    let rendered = plans.par_iter().map(|plan| plan.files(&scope)).collect::<Result<Vec<_>, _>>()?;
    for (path, text) in rendered.into_iter().flatten() {
        files.own(format!("{generated}/{path}"), text);
    }
    let entries = entries(project, model, &plans);
    let own_services = own_services(&plans, &entries);
    let services =
        ServicesFile { seeds: seed_order(model, &entries), entries: entries.clone(), own: own_services.clone() };
    let doc = "All repositories and services, by name.";
    let own = ["arcana_runtime::app::Wired", "arcana_runtime::settings::Settings", "tonic::service::Routes"];
    let own = own.map(str::to_owned);
    files.own(format!("{generated}/src/services.rs"), finish_shared(doc, &own, &services.render()?));
    for (path, text) in package_modules(&homes) {
        files.own(format!("{generated}/src/{path}"), text);
    }
    files.own(format!("{generated}/src/lib.rs"), lib(project, model, &homes));
    files.own(format!("{generated}/Cargo.toml"), manifest(project));
    logic(project, &plans, &entries, &own_services, &scope, files)
}

fn scope(project: &Project, plans: &[HomePlan]) -> Scope {
    let mut scope = Scope::default();
    for plan in plans {
        let home = &plan.home;
        scope.sources.insert(home.file.clone(), project.source(&home.file));
        for full_name in home.entity.iter().chain(&home.children).chain(&home.enums).chain(&home.messages) {
            scope.homes.insert(full_name.clone(), home.path());
        }
        for (module, name) in plan.names() {
            scope.names.entry(name).or_default().push((plan.home.path(), module));
        }
    }
    scope
}

fn entries(project: &Project, model: &Model, plans: &[HomePlan]) -> Vec<EntryView> {
    let resource = |plan: &HomePlan| plan.home.entity.as_deref().and_then(|name| model.resource(name));
    let (mut plurals, mut modules): (Counts, Counts) = Default::default();
    for (plan, resource) in plans.iter().filter_map(|plan| Some((plan, resource(plan)?))) {
        *plurals.entry(&resource.plural).or_default() += 1;
        *modules.entry(&plan.home.module).or_default() += 1;
    }
    let entry = |plan: &HomePlan| entry(plan, resource(plan)?, &plurals, &modules);
    let mut entries: Vec<EntryView> = plans.iter().filter_map(entry).collect();
    let members: BTreeMap<String, String> =
        entries.iter().map(|entry| (entry.full_name.clone(), entry.member.clone())).collect();
    let crate_name = project.generated_crate.replace('-', "_");
    for entry in &mut entries {
        let plan = plans.iter().find(|plan| plan.home.entity.as_ref() == Some(&entry.full_name));
        let expansions = plan.and_then(|plan| plan.entities.first()).map(|main| main.expansions.as_slice());
        let place = entry.path.replacen("crate", &crate_name, 1);
        let wired = |expansion: &ExpansionView| {
            let constant = format!("{place}::expand::{}", expansion.constant);
            Some(EntryExpansionView { constant, member: members.get(&expansion.target_name)?.clone() })
        };
        entry.expansions = expansions.unwrap_or_default().iter().filter_map(wired).collect();
        entry.new_logic = format!("Arc::new({}::{}Logic::new(repositories))", entry.logic, entry.name);
    }
    let shown: BTreeSet<String> =
        entries.iter().flat_map(|entry| &entry.expansions).map(|expansion| expansion.member.clone()).collect();
    entries.iter_mut().for_each(|entry| entry.shared = shown.contains(&entry.member));
    entries
}

/// How often each name is taken.
type Counts<'n> = BTreeMap<&'n str, usize>;

/// What the lists say of an entity; what two packages both have is called by its package too.
fn entry(plan: &HomePlan, resource: &Resource, plurals: &Counts<'_>, modules: &Counts<'_>) -> Option<EntryView> {
    let full_name = &resource.full_name;
    let package = resource.package.replace('.', "_");
    let called = |name: &str, counts: &Counts<'_>| match counts.get(name) {
        Some(1) => identifier(name.trim_start_matches("r#")),
        _ => format!("{package}_{}", name.trim_start_matches("r#")),
    };
    Some(EntryView {
        member: called(&resource.plural, plurals),
        words: words::plural_human(resource),
        searched: resource.fields.iter().any(Field::is_searched),
        path: format!("crate::{}", plan.home.path()),
        name: plain(&plan.entities.first()?.name),
        service: plan.service.is_some(),
        logic: called(&plan.home.module, modules),
        full_name: full_name.clone(),
        shared: false,
        new_logic: String::new(),
        expansions: Vec::new(),
        queries: plan.entities.first()?.queries.iter().map(|query| query.constant.clone()).collect(),
    })
}

/// What the lists say of services of their own; one whose name is taken is called by its package too.
fn own_services(plans: &[HomePlan], entries: &[EntryView]) -> Vec<OwnServiceView> {
    let mut taken: BTreeSet<String> = ["mailer", "security", "store"].map(str::to_owned).into();
    taken.extend(entries.iter().flat_map(|entry| [entry.member.clone(), entry.logic.clone()]));
    let own = plans.iter().filter(|plan| plan.home.service.is_some());
    let view = |plan: &HomePlan| {
        let (home, service) = (&plan.home, plan.service.as_ref()?);
        let mut member = home.module.clone();
        if !taken.insert(member.clone()) {
            member = format!("{}_{}", home.package.replace('.', "_"), member.trim_start_matches("r#"));
        }
        Some(OwnServiceView {
            member,
            words: service.words.clone(),
            path: format!("crate::{}", home.path()),
            name: service.name.clone(),
            stem: service.stem.clone(),
            rpcs: service.rpcs.clone(),
        })
    };
    own.filter_map(view).collect()
}

/// Entities so that each comes after those it refers to; a cycle is cut where it closes.
fn seed_order(model: &Model, entries: &[EntryView]) -> Vec<EntryView> {
    let mut order: Vec<EntryView> = Vec::new();
    let mut seen = BTreeSet::new();
    let by_name: BTreeMap<&str, &EntryView> = entries.iter().map(|entry| (entry.full_name.as_str(), entry)).collect();
    for entry in entries {
        visit(model, &by_name, &entry.full_name, &mut seen, &mut order);
    }
    order
}

fn visit(
    model: &Model,
    entries: &BTreeMap<&str, &EntryView>,
    full_name: &str,
    seen: &mut BTreeSet<String>,
    order: &mut Vec<EntryView>,
) {
    if !seen.insert(full_name.to_owned()) {
        return;
    }
    let Some(entity) = model.entity(full_name) else { return };
    for target in references(model, entity) {
        visit(model, entries, &target, seen, order);
    }
    order.extend(entries.get(full_name).copied().cloned());
}

/// What an entity and its owned children refer to, by full name.
fn references(model: &Model, entity: &Entity) -> BTreeSet<String> {
    let children = entity.owned.iter().filter_map(|owned| model.entity(&owned.entity));
    let inherited = children.flat_map(|child| references(model, child));
    let own = entity.foreign_keys.iter().map(|key| key.entity.clone());
    own.chain(inherited).filter(|name| *name != entity.full_name).collect()
}

/// One `mod.rs` per package, listing its modules.
fn package_modules(homes: &[Home]) -> BTreeMap<String, String> {
    let mut packages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for home in homes {
        let path = module_path(&home.package);
        packages.entry(path.clone()).or_default().insert(home.module.clone());
        let mut parts: Vec<&str> = path.split("::").collect();
        while let Some(last) = parts.pop() {
            if !parts.is_empty() {
                packages.entry(parts.join("::")).or_default().insert(last.to_owned());
            }
        }
    }
    let file = |(path, modules): (String, BTreeSet<String>)| {
        let list: Vec<String> = modules.iter().map(|module| format!("pub mod {module};\n")).collect();
        let doc = format!("Package `{}`.", path.replace("::", ".").replace("r#", ""));
        let folder = path.replace("::", "/").replace("r#", "");
        (format!("{folder}/mod.rs"), finish_shared(&doc, &[], &list.concat()))
    };
    packages.into_iter().map(file).collect()
}

fn lib(project: &Project, model: &Model, homes: &[Home]) -> String {
    let has = |store: &str| model.stores.iter().any(|entity| entity.full_name == format!("arcana.store.v1.{store}"));
    let (outbox, idempotency) = (has("OutboxEntry"), has("IdempotencyKey"));
    let roots: BTreeSet<String> =
        homes.iter().filter_map(|home| module_path(&home.package).split("::").next().map(str::to_owned)).collect();
    let roots: Vec<String> = roots.iter().map(|root| format!("#[rustfmt::skip]\npub mod {root};\n")).collect();
    let body = format!(
        "// What is deprecated for clients is served all the same.\n\
         #![allow(deprecated)]\n\
         // Comments of the schema are written for its readers, not for rustdoc.\n\
         #![allow(rustdoc::all)]\n\n\
         use arcana_runtime::app::{{App, Wire}};\nuse arcana_runtime::db::Stores;\n\n\
         #[rustfmt::skip]\npub mod migrations;\n#[rustfmt::skip]\npub mod pb;\n#[rustfmt::skip]\nmod services;\n{}\n\
         pub use services::{{QUERIES, ROUTES, Repositories, SEARCHED, Services, seed}};\n\n\
         /// The contract as OpenAPI.\npub const OPENAPI: &str = include_str!(\"../openapi.json\");\n\n\
         /// The contract as protobuf descriptors, for reflection.\n\
         pub const DESCRIPTOR: &[u8] = include_bytes!(\"../descriptor.bin\");\n\n\
         /// The program: all but its version, and the wiring with its logic. Whoever wants another member than the one that\n\
         /// is here replaces it: `App {{ seed, ..app(version, wire) }}`.\n\
         #[rustfmt::skip]\n\
         pub const fn app(version: &'static str, wire: Wire) -> App {{\n    \
             App {{\n        \
                 name: {:?},\n        \
                 version,\n        \
                 env_prefix: {:?},\n        \
                 openapi: OPENAPI,\n        \
                 descriptor: DESCRIPTOR,\n        \
                 migrations: migrations::ALL,\n        \
                 stores: Stores {{ outbox: {outbox}, idempotency: {idempotency} }},\n        \
                 searched: SEARCHED,\n        \
                 routes: ROUTES,\n        \
                 wire,\n        \
                 accounts: None,\n        \
                 seed: |db, rows| Box::pin(seed(db, rows)),\n    \
             }}\n\
         }}\n",
        roots.concat(),
        project.name,
        project.env_prefix
    );
    finish_shared("The service that the schema describes: everything but its logic.", &[], &body)
}

fn manifest(project: &Project) -> String {
    format!(
        "# Generated by cargo xtask gen. Do not edit.\n\
         [package]\n\
         name = {:?}\n\
         description = \"The service that the schema describes, as generated\"\n\
         version = \"0.1.0\"\n\
         edition = \"2024\"\n\
         publish = false\n\
         \n\
         [lib]\n\
         # Comments of the schema hold no Rust.\n\
         doctest = false\n\
         \n\
         [features]\n\
         # Repositories that answer what a test tells them to.\n\
         mock = [\"dep:mockall\"]\n\
         \n\
         [dependencies]\n\
         arcana-runtime = {}\n\
         async-trait = \"0.1\"\n\
         axum = {{ version = \"0.8\", default-features = false }}\n\
         mockall = {{ version = \"0.15\", optional = true }}\n\
         prost = \"0.14\"\n\
         prost-types = \"0.14\"\n\
         serde = \"1\"\n\
         serde_json = \"1\"\n\
         tonic = {{ version = \"0.14\", default-features = false, features = [\"channel\", \"codegen\", \"router\"] }}\n\
         tonic-prost = \"0.14\"\n",
        project.generated_crate,
        project.runtime_line()
    )
}

/// Said of every scaffold.
const YOURS: &str = "\n//! Written once by `cargo xtask gen`, and yours from then on.";

/// The folder of hand-written logic: a scaffold per entity, written once, and the file that lists them.
fn logic(
    project: &Project,
    plans: &[HomePlan],
    entries: &[EntryView],
    own_services: &[OwnServiceView],
    scope: &Scope,
    files: &mut FileSet,
) -> Result<(), EmitError> {
    let folder = project.logic.to_string_lossy().replace('\\', "/");
    if folder.is_empty() {
        return Ok(());
    }
    let crate_name = project.generated_crate.replace('-', "_");
    let named = |plan: &'_ HomePlan| plan.home.entity.clone();
    let by_name: BTreeMap<String, &HomePlan> = plans.iter().filter_map(|plan| Some((named(plan)?, plan))).collect();
    let served: Vec<EntryView> = entries.iter().filter(|entry| entry.service).cloned().collect();
    for entry in &served {
        let Some(plan) = by_name.get(entry.full_name.as_str()) else { continue };
        let rpcs = plan.service.as_ref().map(|service| service.rpcs.clone()).unwrap_or_default();
        let mut own = vec![format!("{crate_name}::Repositories")];
        if !rpcs.is_empty() {
            own.push(format!("{}::{}Methods", entry.path.replacen("crate", &crate_name, 1), entry.name));
        }
        let entity = plan.entities.first().map(|entity| entity.name.clone()).unwrap_or_default();
        let doc = format!("What is particular to {}: rules, computed members, custom rpcs.{YOURS}", entry.words);
        let body = LogicFile { words: entry.words.clone(), stem: entry.name.clone(), entity, rpcs }.render()?;
        let path = format!("{folder}/{}.rs", entry.logic.replace("r#", ""));
        files.scaffold(path, finish_scaffold(scope, &crate_name, &doc, &own, &body));
    }
    for service in own_services {
        let methods = format!("{}::{}Methods", service.path.replacen("crate", &crate_name, 1), service.stem);
        let own = [format!("{crate_name}::Repositories"), methods];
        let doc = format!("What the service `{}` does.{YOURS}", service.name);
        let rpcs = service.rpcs.clone();
        let body = LogicFile { words: service.words.clone(), stem: service.stem.clone(), entity: String::new(), rpcs }
            .render()?;
        let path = format!("{folder}/{}.rs", service.member.replace("r#", ""));
        files.scaffold(path, finish_scaffold(scope, &crate_name, &doc, &own, &body));
    }
    let mut listed = served;
    listed.sort_by(|one, other| one.logic.cmp(&other.logic));
    let mut modules: Vec<String> = listed.iter().map(|entry| entry.logic.clone()).collect();
    modules.extend(own_services.iter().map(|service| service.member.clone()));
    modules.sort();
    let body = LogicModFile { entries: listed, own: own_services.to_vec(), modules }.render()?;
    let doc = "The logic of all entities, put together with what is generated.";
    let own = [format!("{crate_name}::Repositories"), format!("{crate_name}::Services")];
    files.own(format!("{folder}/mod.rs"), finish_shared(doc, &own, &body));
    Ok(())
}
