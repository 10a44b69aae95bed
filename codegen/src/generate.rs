//! All files of a project from its schema: the stages one after the other, and what they made.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::emit::{EmitError, contract, descriptor, openapi, pb, rust};
use crate::fileset::FileSet;
use crate::gaps::{Gap, gaps};
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
    /// How long it took.
    pub stages: Stages,
}

/// Makes all files, and writes none. Lossy operations of the open migration must be named in `allow_lossy`.
pub fn generate(project: &Project, sources: &Sources, allow_lossy: &[String]) -> Result<Output, Diagnostics> {
    let mut stages = Stages::default();
    let model = stages.time("model", || read_model(sources))?;
    let migrations = stages.time("migrate", || plan(project, &Disk::read(project)?, &model, allow_lossy))?;
    let generated = project.generated.to_string_lossy().replace('\\', "/");
    let mut files = FileSet::new(&generated);
    migrations.add_to(&mut files, project);
    published(project, sources, &model, &mut files, &mut stages).map_err(|error| {
        let help = "the schema was checked, so this is a defect of the generator: please report it with the schema";
        Diagnostics::one(Diagnostic::new("arcana::emit", error.to_string()).help(help))
    })?;
    let gaps = stages.time("gaps", || gaps(&model));
    Ok(Output { files, gaps, model, migrations, stages })
}

/// What is made of the model. The OpenAPI text needs no contract and is made beside it; the Rust files could be as well,
/// but all of it at once takes half as much memory again.
fn published(
    project: &Project,
    sources: &Sources,
    model: &Model,
    files: &mut FileSet,
    stages: &mut Stages,
) -> Result<(), EmitError> {
    let mut beside = Stages::default();
    let (published, openapi) = rayon::join(
        || contract_and_types(project, sources, model, files, stages),
        || beside.time("OpenAPI", || openapi::emit(model, &project.name, &project.api)),
    );
    published?;
    let path = format!("{}/openapi.json", files.generated());
    files.own(path, openapi?);
    stages.extend(beside);
    stages.time("Rust", || rust::emit(project, model, files))
}

fn contract_and_types(
    project: &Project,
    sources: &Sources,
    model: &Model,
    files: &mut FileSet,
    stages: &mut Stages,
) -> Result<(), EmitError> {
    let contract = stages.time("contract", || contract::emit(project, model));
    let descriptor = stages.time("descriptor", || descriptor::compile(&contract, &sources.include))?;
    let types = stages.time("protobuf types", || pb::emit(&descriptor))?;
    let generated = files.generated().to_owned();
    for (path, text) in contract.into_iter().chain(types) {
        files.own(format!("{generated}/{path}"), text);
    }
    files.own(format!("{generated}/descriptor.bin"), descriptor.bytes);
    Ok(())
}
