//! Homes: one module per resource, which also houses the enums, messages and owned children declared beside it.

use std::collections::BTreeMap;

use heck::ToSnakeCase;

use crate::model::{Entity, Model, Service};

/// A module of the generated crate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Home {
    /// Package, such as `shop.v1`.
    pub package: String,
    /// Name of the module, such as `order`.
    pub module: String,
    /// Schema file that it stems from.
    pub file: String,
    /// Full name of the entity that it is named after, if any.
    pub entity: Option<String>,
    /// Owned children of that entity, in schema order.
    pub children: Vec<String>,
    /// Enums, in order of their names.
    pub enums: Vec<String>,
    /// Messages that are no entity, in order of their names.
    pub messages: Vec<String>,
    /// The service of its own that it is named after, if any.
    pub service: Option<String>,
}

impl Home {
    /// Path of the module in the crate, such as `shop::v1::order`.
    pub fn path(&self) -> String {
        format!("{}::{}", module_path(&self.package), self.module)
    }

    /// Folder below `src`, such as `shop/v1/order`.
    pub fn folder(&self) -> String {
        self.path().replace("::", "/").replace("r#", "")
    }
}

/// Rust path of a package, such as `shop::v1`.
pub fn module_path(package: &str) -> String {
    package.split('.').map(super::types::identifier).collect::<Vec<_>>().join("::")
}

/// All homes, sorted by path; every published name has exactly one.
pub fn homes(model: &Model) -> Vec<Home> {
    let mut homes: BTreeMap<String, Home> = BTreeMap::new();
    for entity in model.entities.iter().filter(|entity| entity.parent.is_none()) {
        let resource = model.resource(&entity.full_name);
        let (package, name) = split(&entity.full_name);
        let home = Home {
            package: package.to_owned(),
            module: module_name(name),
            file: resource.map(|resource| resource.file.clone()).unwrap_or_default(),
            entity: Some(entity.full_name.clone()),
            children: descendants(model, entity),
            ..Home::default()
        };
        homes.insert(entity.full_name.clone(), home);
    }
    for enumeration in &model.enums {
        house(&mut homes, model, &enumeration.file, &enumeration.package).enums.push(enumeration.full_name.clone());
    }
    for message in &model.messages {
        house(&mut homes, model, &message.file, &message.package).messages.push(message.full_name.clone());
    }
    for service in model.services.iter().filter(|service| service.resource.is_none()) {
        house_service(&mut homes, service);
    }
    let mut homes: Vec<Home> = homes.into_values().collect();
    homes.sort_by_key(Home::path);
    homes
}

fn descendants(model: &Model, entity: &Entity) -> Vec<String> {
    let children = entity.owned.iter().filter_map(|owned| model.entity(&owned.entity));
    children.flat_map(|child| std::iter::once(child.full_name.clone()).chain(descendants(model, child))).collect()
}

/// The home of what stands in a file: that of its first entity, else one named after the file.
fn house<'h>(homes: &'h mut BTreeMap<String, Home>, model: &Model, file: &str, package: &str) -> &'h mut Home {
    let declared = model.file(file).map(|known| known.declarations.as_slice());
    let first =
        declared.unwrap_or_default().iter().find(|name| homes.get(*name).is_some_and(|home| home.entity.is_some()));
    let stem = file.rsplit('/').next().unwrap_or(file).trim_end_matches(".proto");
    let module = module_name(stem);
    // A file may have the name of an entity that stands elsewhere, or of another file of its package.
    let twin = || homes.iter().find(|(_, home)| home.package == package && home.module == module).map(|(key, _)| key);
    let key = first.or_else(twin).cloned().unwrap_or_else(|| format!("{package}.{file}"));
    homes.entry(key).or_insert_with(|| Home {
        package: package.to_owned(),
        module,
        file: file.to_owned(),
        ..Home::default()
    })
}

/// A service of its own is named after itself, and shares the home of a file that has its name.
fn house_service(homes: &mut BTreeMap<String, Home>, service: &Service) {
    let module = module_name(service.stem());
    let shared = |home: &&mut Home| home.package == service.package && home.module == module && home.entity.is_none();
    match homes.values_mut().find(shared) {
        Some(home) => home.service = Some(service.full_name.clone()),
        None => {
            let home = Home {
                package: service.package.clone(),
                module,
                file: service.file.clone(),
                service: Some(service.full_name.clone()),
                ..Home::default()
            };
            homes.insert(service.full_name.clone(), home);
        }
    }
}

fn module_name(name: &str) -> String {
    match name.to_snake_case() {
        // The file of a folder has that name already.
        name if name == "mod" => "mod_".to_owned(),
        name if name.starts_with(|first: char| first.is_ascii_digit()) => format!("_{name}"),
        name => super::types::identifier(&name),
    }
}

/// Package and name of a full name; the name of what is declared inside a message holds that of the message.
pub fn split(full_name: &str) -> (&str, &str) {
    // Packages are in lower case, messages are not.
    let mut start = 0;
    for part in full_name.split('.') {
        if start > 0 && part.starts_with(|first: char| first.is_ascii_uppercase()) {
            return (full_name.get(..start - 1).unwrap_or_default(), full_name.get(start..).unwrap_or_default());
        }
        start += part.len() + 1;
    }
    full_name.rsplit_once('.').unwrap_or(("", full_name))
}
