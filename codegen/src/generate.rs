//! All files of a project from its schema: the stages one after the other, and what they made.

use crate::contract::Contract;
use crate::diagnostic::Diagnostics;
use crate::emit::{EmitError, contract, descriptor, openapi, pb, rust};
use crate::fileset::FileSet;
use crate::gaps::{Gap, gaps};
use crate::impact::{Change, changes, contract_of, page};
use crate::load::Sources;
use crate::migrate::{Disk, Planned, plan};
use crate::model::Model;
use crate::project::Project;
use crate::read_model;
use crate::stages::Stages;

/// What a run makes.
#[derive(Debug, Clone)]
pub struct Output {
    /// All files.
    pub files: FileSet,
    /// The model they come from.
    pub model: Model,
    /// What the schema leaves unsaid.
    pub gaps: Vec<Gap>,
    /// What becomes of the migrations.
    pub migrations: Planned,
    /// What differs from the sealed contract and storage; nothing if there is no sealed contract.
    pub impact: Option<Vec<Change>>,
    /// How long it took.
    pub stages: Stages,
}

/// Makes all files, and writes none. Lossy operations of the open migration must be named in `allow_lossy`.
pub fn generate(project: &Project, sources: &Sources, allow_lossy: &[String]) -> Result<Output, Diagnostics> {
    let mut stages = Stages::default();
    let model = stages.time("model", || read_model(sources))?;
    let disk = Disk::read(project)?;
    let migrations = stages.time("migrate", || plan(project, &disk, &model, allow_lossy))?;
    let generated = project.generated.to_string_lossy().replace('\\', "/");
    let mut files = FileSet::new(&generated);
    migrations.add_to(&mut files, project);
    let contract = published(project, sources, &model, &mut files, &mut stages)?;
    let impact = stages
        .time("impact", || disk.contract.as_ref().map(|sealed| changes(sealed, &contract, &migrations.operations)));
    files.own(format!("{generated}/IMPACT.md"), page(impact.as_deref(), !disk.sealed.is_empty()));
    let gaps = stages.time("gaps", || gaps(&model));
    Ok(Output { files, gaps, model, migrations, impact, stages })
}

/// What is made of the model, and what of it clients see. The OpenAPI text needs no contract and is made beside it; the Rust files could be as well,
/// but all of it at once takes half as much memory again.
fn published(
    project: &Project,
    sources: &Sources,
    model: &Model,
    files: &mut FileSet,
    stages: &mut Stages,
) -> Result<Contract, EmitError> {
    let mut beside = Stages::default();
    let (published, openapi) = rayon::join(
        || contract_and_types(project, sources, model, files, stages),
        || beside.time("OpenAPI", || openapi::emit(model, &project.name, &project.api)),
    );
    let published = published?;
    let path = format!("{}/openapi.json", files.generated());
    files.own(path, openapi?);
    stages.extend(beside);
    stages.time("Rust", || rust::emit(project, model, files))?;
    Ok(published)
}

fn contract_and_types(
    project: &Project,
    sources: &Sources,
    model: &Model,
    files: &mut FileSet,
    stages: &mut Stages,
) -> Result<Contract, EmitError> {
    let contract = stages.time("contract", || contract::emit(project, model));
    let descriptor = stages.time("descriptor", || descriptor::compile(&contract, &sources.include))?;
    let types = stages.time("protobuf types", || pb::emit(&descriptor))?;
    let generated = files.generated().to_owned();
    for (path, text) in contract.into_iter().chain(types) {
        files.own(format!("{generated}/{path}"), text);
    }
    let seen = contract_of(model, &descriptor);
    files.own(format!("{generated}/descriptor.bin"), descriptor.bytes);
    Ok(seen)
}
