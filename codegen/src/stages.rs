//! How long each stage of a run took: for people who wait, never for what is written. Stages overlap.

use std::time::{Duration, Instant};

use serde::ser::{Serialize, SerializeMap, Serializer};

/// Stages in the order in which they ended, with their times.
#[derive(Debug, Clone, Default)]
pub struct Stages(Vec<(&'static str, Duration)>);

impl Stages {
    /// Does something and notes how long it took.
    pub fn time<T>(&mut self, name: &'static str, stage: impl FnOnce() -> T) -> T {
        let started = Instant::now();
        let made = stage();
        self.0.push((name, started.elapsed()));
        made
    }

    /// Adds those of a part of the run.
    pub fn extend(&mut self, part: Self) {
        self.0.extend(part.0);
    }
}

impl Serialize for Stages {
    /// As an object of milliseconds by name.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, time) in &self.0 {
            map.serialize_entry(name, &(time.as_micros() as f64 / 1000.0))?;
        }
        map.end()
    }
}
