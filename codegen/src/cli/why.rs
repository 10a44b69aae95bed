//! `why`: which lines of the schema made a generated line.

use std::path::Path;
use std::process::ExitCode;

use serde_json::json;

use super::say::{self, Paint, paint};
use super::schema;
use crate::project::Project;
use crate::trace::{Names, Origin, origins};

/// Arguments of `why`.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// The generated line, such as generated/openapi.json:120
    #[arg(value_name = "FILE:LINE")]
    pub place: String,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

/// Runs the command.
pub fn run(args: &Args, project: &Project) -> ExitCode {
    let (sources, model) = match schema::read(project) {
        Ok(read) => read,
        Err(code) => return code,
    };
    let Some((path, line)) = split(&args.place) else {
        let _ = say::error(&format!("`{}` names no line; write it as FILE:LINE", args.place));
        return say::USAGE.into();
    };
    match origins(project, &Names::of(&model, &sources), &inside(project, path), line) {
        Ok(found) if args.json => say::json(&json!({ "origins": found })),
        Ok(found) => found.iter().for_each(tell),
        Err(error) => return say::error(&error),
    }
    ExitCode::SUCCESS
}

/// The path below the root of the project, whether it was seen from there or from here.
fn inside(project: &Project, path: &str) -> String {
    let below = || {
        let (file, root) = (Path::new(path).canonicalize().ok()?, project.root.canonicalize().ok()?);
        Some(file.strip_prefix(root).ok()?.to_string_lossy().replace('\\', "/"))
    };
    below().unwrap_or_else(|| path.to_owned())
}

/// `path:12` or `path:12:3`, as tools print it.
fn split(place: &str) -> Option<(&str, usize)> {
    let (path, last) = place.rsplit_once(':')?;
    let last: usize = last.parse().ok()?;
    match path.rsplit_once(':').and_then(|(path, line)| Some((path, line.parse().ok()?))) {
        Some((path, line)) => Some((path, line)),
        None => Some((path, last)),
    }
}

fn tell(origin: &Origin) {
    println!("{} {}", origin.kind.words(), origin.short());
    println!("  {}: {}", origin.place, origin.text);
    if let Some(cause) = &origin.cause {
        println!("  {}: {}", cause.place, paint(&format!("{}: {}", cause.option, cause.text), Paint::Dim));
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn reads_a_place_as_tools_print_it() {
        assert_eq!(split("a/b.rs:12"), Some(("a/b.rs", 12)));
        assert_eq!(split("a/b.rs:12:3"), Some(("a/b.rs", 12)));
        assert_eq!(split("a/b.rs"), None);
        assert_eq!(split("a/b.rs:x"), None);
    }
}
