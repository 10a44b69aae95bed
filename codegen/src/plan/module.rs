//! The files of one home, planned and printed.

use std::collections::BTreeMap;

use askama::Template;

use super::entity;
use super::home::Home;
use super::overview::Overview;
use super::service::{own_service, service};
use super::types::{Types, plain};
use super::views::{
    DtoFile, EntityView, EnumView, ExpandFile, FixtureFile, GrpcFile, HttpFile, MapperFile, MessageView, MockFile,
    ModFile, ModelFile, RepositoryFile, ServiceFile, ServiceView, SqlFile, ValidateFile,
};
use crate::render::{Scope, finish};

/// The plan of one home.
pub struct HomePlan {
    /// The home.
    pub home: Home,
    /// Entities, the main one first.
    pub entities: Vec<EntityView>,
    /// Enums.
    pub enums: Vec<EnumView>,
    /// Messages.
    pub messages: Vec<MessageView>,
    /// The service.
    pub service: Option<ServiceView>,
    patterns: Vec<(String, String)>,
}

/// Plans one home.
pub fn plan_home(overview: &Overview<'_>, home: &Home) -> HomePlan {
    let model = overview.model;
    let types = Types::new(model);
    let mut plan = HomePlan {
        home: home.clone(),
        entities: Vec::new(),
        enums: Vec::new(),
        messages: Vec::new(),
        service: None,
        patterns: Vec::new(),
    };
    for name in home.entity.iter().chain(&home.children) {
        if let (Some(stored), Some(resource)) = (model.entity(name), model.resource(name)) {
            let (view, patterns) = entity::entity(overview, stored, resource, &types);
            plan.entities.push(view);
            plan.patterns.extend(patterns);
        }
    }
    plan.enums = home.enums.iter().filter_map(|name| model.enumeration(name)).map(entity::enumeration).collect();
    for message in home.messages.iter().filter_map(|name| model.message(name)) {
        let (view, patterns) = entity::message(overview, message, &types);
        plan.messages.push(view);
        plan.patterns.extend(patterns);
    }
    let named = home.entity.as_deref();
    if let Some(declared) = named.and_then(|name| model.service_of(name))
        && let Some((stored, resource)) = named.and_then(|name| Some((model.entity(name)?, model.resource(name)?)))
    {
        let view = service(model, declared, resource, stored, &types, &overview.variables);
        if let Some(main) = plan.entities.first_mut() {
            main.allow.clone_from(&view.allow);
            main.verbs =
                view.verbs.iter().map(|(verb, allow)| format!("Verb {{ name: {verb}, allow: {allow} }}")).collect();
        }
        plan.service = Some(view);
    }
    let own = model.services.iter().find(|service| home.service.as_ref() == Some(&service.full_name));
    if let Some(declared) = own {
        plan.service = Some(own_service(model, declared, &types, &overview.variables));
    }
    plan
}

impl HomePlan {
    /// The files of the module, by their path below the crate.
    pub fn files(&self, scope: &Scope) -> Result<BTreeMap<String, String>, askama::Error> {
        let mut files = BTreeMap::new();
        let (entities, enums, messages) = (self.entities.clone(), self.enums.clone(), self.messages.clone());
        let model = ModelFile { entities: entities.clone(), enums, messages: messages.clone() };
        self.add(&mut files, scope, "model", "What is stored, sent and changed.", model.render()?);
        if !entities.is_empty() || !messages.is_empty() {
            let dto = DtoFile { entities: entities.clone(), messages: messages.clone() };
            self.add(&mut files, scope, "dto", "JSON shapes: what REST shows and takes.", dto.render()?);
            let mapper = MapperFile { entities: entities.clone(), messages: messages.clone() };
            self.add(&mut files, scope, "mapper", "Between protobuf messages and the model.", mapper.render()?);
            let validate = ValidateFile {
                entities: entities.clone(),
                messages: messages.clone(),
                patterns: self.patterns.clone(),
            };
            self.add(&mut files, scope, "validate", "Value rules of the schema.", validate.render()?);
        }
        if !entities.is_empty() {
            let sql = SqlFile { entities: entities.clone() };
            self.add(&mut files, scope, "sql", "Tables, columns and statements.", sql.render()?);
            let fixture = FixtureFile { entities: entities.clone() };
            self.add(&mut files, scope, "fixture", "Sample rows, the same in every run.", fixture.render()?);
        }
        if let Some(main) = entities.into_iter().next() {
            let mock = MockFile { entity: main.clone() };
            self.add(&mut files, scope, "mock", "What stands in for a repository in tests.", mock.render()?);
            if !main.expansions.is_empty() {
                let expand = ExpandFile { entity: main.clone() };
                self.add(&mut files, scope, "expand", "References that answers may show as rows.", expand.render()?);
            }
            let repository = RepositoryFile { entity: main };
            self.add(&mut files, scope, "repository", "Reading rows.", repository.render()?);
        }
        if let Some(view) = &self.service {
            let service = ServiceFile { service: view.clone() };
            self.add(
                &mut files,
                scope,
                "service",
                "What transports call, and where logic attaches.",
                service.render()?,
            );
            let http = HttpFile { service: view.clone() };
            self.add(&mut files, scope, "http", "REST routes.", http.render()?);
            let grpc = GrpcFile { service: view.clone() };
            self.add(&mut files, scope, "grpc", "gRPC methods.", grpc.render()?);
        }
        let modules = ModFile {
            modules: self.modules(),
            exports: self.exports(),
            mock: self.entities.first().map(|main| format!("Mock{}Repository", main.name)).unwrap_or_default(),
        };
        let doc = match (self.entities.first(), &self.service) {
            (Some(main), _) => format!("Everything about {}.", main.article),
            (None, Some(service)) => format!("Everything about {}.", service.words),
            (None, None) => format!("What `{}` declares for all.", self.home.file),
        };
        self.add(&mut files, scope, "mod", &doc, modules.render()?);
        Ok(files)
    }

    fn add(&self, files: &mut BTreeMap<String, String>, scope: &Scope, file: &str, doc: &str, body: String) {
        let path = format!("src/{}/{file}.rs", self.home.folder());
        files.insert(path, finish(scope, &self.home, file, doc, &body));
    }

    fn modules(&self) -> Vec<String> {
        let mut modules: Vec<&str> = Vec::new();
        if !self.entities.is_empty() || !self.messages.is_empty() {
            modules.extend(["dto", "mapper", "validate"]);
        }
        if !self.entities.is_empty() {
            modules.extend(["fixture", "mock", "repository", "sql"]);
        }
        if self.expands() {
            modules.push("expand");
        }
        if self.service.is_some() {
            modules.extend(["grpc", "http", "service"]);
        }
        modules.push("model");
        modules.sort_unstable();
        modules.into_iter().map(str::to_owned).collect()
    }

    fn expands(&self) -> bool {
        self.entities.first().is_some_and(|main| !main.expansions.is_empty())
    }

    fn exports(&self) -> Vec<(String, String)> {
        let mut exports: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (module, name) in self.names() {
            exports.entry(module).or_default().push(name);
        }
        let join = |(module, mut names): (&str, Vec<String>)| {
            names.sort();
            let names = names.join(", ");
            (module.to_owned(), if names.contains(',') { format!("{{{names}}}") } else { names })
        };
        exports.into_iter().map(join).collect()
    }

    /// Names that other files may use, with the module that declares them.
    pub fn names(&self) -> Vec<(&'static str, String)> {
        let mut names = Vec::new();
        for entity in &self.entities {
            let name = plain(&entity.name);
            names.push(("model", name.clone()));
            names.push(("model", format!("{name}Id")));
            names.push(("model", format!("New{name}")));
            names.push(("model", format!("{name}Patch")));
            names.push(("dto", format!("{name}Dto")));
            names.push(("sql", entity.spec.constant.clone()));
            names.extend(entity.queries.iter().map(|query| ("sql", query.constant.clone())));
        }
        names.extend(self.enums.iter().map(|view| ("model", plain(&view.name))));
        names.extend(self.messages.iter().map(|view| ("model", plain(&view.name))));
        if let Some(main) = self.entities.first() {
            names.push(("repository", format!("{}Repository", plain(&main.name))));
        }
        if let Some(service) = &self.service {
            names.push(("service", service.name.clone()));
            if !service.rpcs.is_empty() {
                names.push(("service", plain(&service.methods)));
            }
        }
        names
    }
}
