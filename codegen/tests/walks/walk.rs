//! A walk: steps from schema to schema, each planned and sealed as a project would, and taken by three databases with rows.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use arcana_codegen::contract::Contract;
use arcana_codegen::lock::Lock;
use arcana_codegen::migrate::{Class, Disk, fresh, plan, seal};
use arcana_codegen::{Diagnostics, Model, Project, Sources, read_model};
use arcana_runtime::db::Dialect;
use arcana_runtime::db::introspect::differences;
use tempfile::TempDir;

use super::draw::Draw;
use super::engine::{DIALECTS, Engine, Step, differs_from_fresh, name};
use super::rows::{Rows, converted, make};
use super::shape::{Shape, start};
use super::step::step;

const PROJECT: &str = "name = \"walk\"\ndialects = [\"sqlite\", \"postgres\", \"mysql\"]";
const STEPS: usize = 6;
/// Schemas that are tried for a start: some are refused.
const STARTS: usize = 8;

type Counts = BTreeMap<&'static str, usize>;

/// A step that was planned.
struct Next {
    lock: Lock,
    files: Vec<(String, String)>,
    steps: [Step; 3],
    /// The worst of its operations.
    class: Class,
    words: Vec<String>,
}

struct Walker<'c> {
    folder: TempDir,
    project: Project,
    engines: Vec<Engine>,
    lock: Lock,
    counts: &'c mut Counts,
    /// What was done, for whoever reads that it failed.
    told: Vec<String>,
}

/// Walks as the bytes say; an error is what is wrong, with the way there.
pub async fn walk(bytes: &[u8], counts: &mut Counts) -> Result<(), String> {
    let mut draw = Draw::new(bytes);
    let folder = tempfile::tempdir().unwrap();
    let project = Project::parse(folder.path(), PROJECT).unwrap();
    let mut engines = Vec::new();
    for dialect in DIALECTS {
        engines.push(Engine::new(dialect).await);
    }
    let mut walker = Walker { folder, project, engines, lock: Lock::default(), counts, told: Vec::new() };
    let outcome = walker.go(&mut draw).await;
    walker.engines.drain(..).for_each(Engine::end);
    outcome.map_err(|wrong| format!("{wrong}\n\nThe way there:\n{}", walker.told.join("\n")))
}

impl Walker<'_> {
    async fn go(&mut self, draw: &mut Draw<'_>) -> Result<(), String> {
        let mut tries = std::iter::repeat_with(|| start(draw)).take(STARTS);
        let Some((mut shape, first)) = tries.find_map(|shape| self.plan(&shape).ok().map(|first| (shape, first)))
        else {
            self.count("starts refused");
            return Ok(());
        };
        drop(tries);
        self.told.push(format!("start\n{}", shape.text()));
        self.take(&first, &shape, draw).await?;
        for _ in 0..STEPS {
            let Some((after, what)) = step(&shape, draw) else { continue };
            self.told.push(format!("step: {what}"));
            match self.plan(&after) {
                Ok(next) => {
                    self.told.push(format!("{}\n{}", next.words.join("\n"), after.text()));
                    self.take(&next, &after, draw).await.map_err(|wrong| format!("{what}: {wrong}"))?;
                    shape = after;
                }
                Err(why) => {
                    self.told.push(format!("refused: {why}"));
                    self.count("refused");
                }
            }
        }
        Ok(())
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    fn model(&self, shape: &Shape) -> Result<Model, Diagnostics> {
        let files = BTreeMap::from([("walk/v1/walk.proto".to_owned(), shape.text())]);
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        read_model(&Sources::of(files, root)?)
    }

    /// Plans a step with what it loses allowed by name, or says why it is refused.
    fn plan(&self, shape: &Shape) -> Result<Next, String> {
        let said =
            |found: Diagnostics| found.iter().map(|one| format!("{}: {}", one.code, one.message)).collect::<Vec<_>>();
        let model = self.model(shape).map_err(|found| said(found).join("; "))?;
        let disk = Disk::read(&self.project).map_err(|found| said(found).join("; "))?;
        let planned = match plan(&self.project, &disk, &model, &[]) {
            Ok(planned) => planned,
            Err(found) => {
                let lossy = found.iter().filter(|one| one.code == "arcana::lossy_migration");
                let names = lossy.filter_map(|one| one.help.as_ref()?.rsplit(' ').next().map(str::to_owned));
                plan(&self.project, &disk, &model, &names.collect::<Vec<_>>())
                    .map_err(|found| said(found).join("; "))?
            }
        };
        let text = |dialect: Dialect, way: &str| {
            let wanted =
                |path: &str| path.contains(&format!("/{}/", name(dialect))) && path.ends_with(&format!(".{way}.sql"));
            planned.files.iter().find(|(path, _)| wanted(path)).map(|(_, text)| text.clone()).unwrap_or_default()
        };
        let dialect =
            |dialect: Dialect| self.project.dialects.iter().copied().find(|own| own.name() == name(dialect)).unwrap();
        let steps = DIALECTS.map(|own| Step {
            up: text(own, "up"),
            down: text(own, "down"),
            fresh: fresh(dialect(own), &model),
        });
        let class = planned.operations.iter().map(|operation| operation.class).max().unwrap_or(Class::Safe);
        let words =
            planned.operations.iter().map(|one| format!("  {}: {}: {}", one.class.words(), one.subject, one.words));
        let words = words.collect();
        Ok(Next { lock: Lock::after(&disk.lock, &model), files: planned.files, steps, class, words })
    }

    /// Seals what was planned, as a project does.
    fn seal(&self, next: &Next, shape: &Shape) {
        let write = |files: &[(String, String)]| {
            for (path, text) in files {
                let path = self.folder.path().join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
        };
        write(&next.files);
        let disk = Disk::read(&self.project).unwrap();
        let sealed = seal(&self.project, &disk, &self.model(shape).unwrap(), &Contract::default()).unwrap();
        write(&sealed.files);
    }

    /// All databases take a step, back and forth.
    async fn take(&mut self, next: &Next, shape: &Shape, draw: &mut Draw<'_>) -> Result<(), String> {
        if next.files.is_empty() {
            // Nothing about the storage changes; the lock alone moves.
            self.seal(next, shape);
            self.lock = next.lock.clone();
            self.count("without a migration");
            return Ok(());
        }
        self.count("taken");
        let rows = make(&self.lock, draw, false);
        self.fill(&rows).await?;
        let expected = converted(&rows, &self.lock, &next.lock);
        let settled = match self.up(next, &rows, &expected).await? {
            true => expected.unwrap_or_default(),
            false => {
                // Rows that fit are taken; of those that are made at random, none always do.
                let mut mild = make(&self.lock, draw, true);
                if converted(&mild, &self.lock, &next.lock).is_err() {
                    mild = Rows::new();
                }
                self.fill(&mild).await?;
                let expected = converted(&mild, &self.lock, &next.lock);
                if !self.up(next, &mild, &expected).await? {
                    return Err("fails on rows that fit".to_owned());
                }
                expected.unwrap_or_default()
            }
        };
        self.back(next, &settled).await?;
        self.seal(next, shape);
        self.lock = next.lock.clone();
        Ok(())
    }

    /// Makes all databases hold these rows and no others.
    async fn fill(&mut self, rows: &Rows) -> Result<(), String> {
        for engine in &self.engines {
            engine.clear(&self.lock).await?;
            engine.put(rows, &self.lock).await?;
        }
        Ok(())
    }

    /// The way up: whether the databases took it, which they must do alike and as expected.
    async fn up(&mut self, next: &Next, rows: &Rows, expected: &Result<Rows, String>) -> Result<bool, String> {
        if let (Err(why), Class::Safe) = (expected, next.class) {
            return Err(format!("is called safe, but rows do not fit: {why}"));
        }
        let mut midway = 0;
        for (at, engine) in self.engines.iter_mut().enumerate() {
            let (who, step) = (name(engine.dialect), &next.steps[at]);
            let (before, held) = (engine.live().await, engine.rows(&self.lock).await);
            let outcome = engine.up(step).await;
            match (&outcome, expected) {
                (Err(told), Ok(_)) => return Err(format!("{who}, up: {told}\n{}", step.up)),
                (Ok(()), Err(why)) => return Err(format!("{who}, up: succeeds, though {why}\n{}", step.up)),
                (Ok(()), Ok(expected)) => {
                    let live = engine.live().await;
                    same(who, "up", differs_from_fresh(&live, step).await, &step.up)?;
                    same(who, "rows after up", rows_differ(&engine.rows(&next.lock).await, expected), &step.up)?;
                }
                (Err(told), Err(why)) => {
                    let foreseen = told.contains("needs") && told.contains("nothing of it was done");
                    if !foreseen && !told.contains("failed on its way up") {
                        return Err(format!("{who}, up: fails for another reason than {why}: {told}"));
                    }
                    if engine.dialect == Dialect::Mysql && engine.stopped_midway().await {
                        if foreseen {
                            return Err(format!("{who}: something was done of what was foreseen to fail: {told}"));
                        }
                        midway += 1;
                        engine.anew(rows, &self.lock).await?;
                    } else {
                        same(who, "failed", differences(&engine.live().await, &before), &step.up)?;
                        same(
                            who,
                            "rows after a failure",
                            rows_differ(&engine.rows(&self.lock).await, &held),
                            &step.up,
                        )?;
                        if !engine.is_settled().await {
                            return Err(format!("{who}: a step that failed is noted"));
                        }
                    }
                }
            }
        }
        (0..midway).for_each(|_| self.count("stopped midway"));
        self.count(if expected.is_ok() { "up" } else { "failed as expected" });
        Ok(expected.is_ok())
    }

    /// The way back and up again.
    async fn back(&mut self, next: &Next, settled: &Rows) -> Result<(), String> {
        let expected = converted(settled, &next.lock, &self.lock);
        let mut outcomes = Vec::new();
        for (at, engine) in self.engines.iter_mut().enumerate() {
            let (who, step) = (name(engine.dialect), &next.steps[at]);
            let mut outcome = engine.down().await;
            outcomes.push(outcome.is_ok());
            if let (Err(told), Class::Safe, Ok(_)) = (&outcome, next.class, &expected) {
                return Err(format!("{who}, down: {told}\n{}", step.down));
            }
            if outcome.is_err() {
                if engine.dialect == Dialect::Mysql {
                    engine.anew(&Rows::new(), &next.lock).await?;
                }
                engine.clear(&next.lock).await?;
                outcome = engine.down().await;
            }
            outcome.map_err(|told| format!("{who}, down without rows: {told}\n{}", step.down))?;
            same(who, "down", engine.differs_from_before().await, &step.down)?;
            if let (true, Ok(expected)) = (outcomes.last() == Some(&true) && next.class < Class::Lossy, &expected) {
                same(who, "rows after down", rows_differ(&engine.rows(&self.lock).await, expected), &step.down)?;
            }
            engine.clear(&self.lock).await?;
            engine.up(step).await.map_err(|told| format!("{who}, up again: {told}\n{}", step.up))?;
            same(who, "up again", differs_from_fresh(&engine.live().await, step).await, &step.up)?;
        }
        if outcomes.windows(2).any(|pair| pair[0] != pair[1]) {
            return Err(format!("the databases do not agree on the way back: {outcomes:?}, expected {expected:?}"));
        }
        Ok(())
    }
}

fn same(who: &str, when: &str, found: Vec<String>, sql: &str) -> Result<(), String> {
    if found.is_empty() { Ok(()) } else { Err(format!("{who}, {when}:\n  {}\n{sql}", found.join("\n  "))) }
}

fn rows_differ(found: &Rows, expected: &Rows) -> Vec<String> {
    let mut told = Vec::new();
    for (entity, rows) in expected {
        let mut rows = rows.clone();
        rows.sort();
        let own = found.get(entity).cloned().unwrap_or_default();
        if own != rows {
            told.push(format!("{entity}:\n    found    {own:?}\n    expected {rows:?}"));
        }
    }
    told
}
