//! What was found, and how it is told: as Markdown for people, as JSON for programs.

mod figures;
mod target;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

pub(crate) use figures::{Key, Series};
pub(crate) use target::{Target, Wanted};

use crate::Result;
use crate::machine::Machine;
use crate::options::Options;

/// Everything that was measured in a run.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    settings: Vec<(&'static str, String)>,
    is_quick: bool,
    series: Vec<Series>,
    targets: Vec<Target>,
    /// Of each scenario, which share of the processors went to other machines meanwhile.
    stolen: Vec<String>,
    notes: Vec<String>,
}

impl Report {
    pub(crate) fn new(machine: Machine, options: &Options) -> Self {
        let settings = vec![
            ("rounds", options.rounds().to_string()),
            ("a turn", format!("{:?} after {:?}", options.measured(), options.warm_up())),
            ("events in the large inbox", options.events().to_string()),
            ("events in a backlog", options.backlog().to_string()),
        ];
        Self {
            machine,
            settings,
            is_quick: options.is_quick(),
            series: Vec::new(),
            targets: Vec::new(),
            stolen: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Adds the figures of one round; a figure's name says its unit.
    #[expect(clippy::print_stderr, reason = "who waits wants to see that it goes on")]
    pub(crate) fn add(&mut self, key: Key<'_>, figures: &[(&'static str, f64)]) {
        let mut line = format!("  {}, {}:", key.case, key.contestant);
        for (measure, figure) in figures {
            let _ = write!(line, " {} {measure};", figures::shown(*figure));
            match self.series.iter_mut().find(|series| series.is(key, measure)) {
                Some(series) => series.figures.push(*figure),
                None => self.series.push(Series::new(key, measure, *figure)),
            }
        }
        eprintln!("{}", line.trim_end_matches(';'));
    }

    /// The figures of all rounds, in order.
    pub(crate) fn figures(&self, key: Key<'_>, measure: &str) -> &[f64] {
        let found = self.series.iter().find(|series| series.is(key, measure));
        found.map_or(&[], |series| &series.figures)
    }

    /// Holds a figure against what was promised.
    pub(crate) fn target(&mut self, what: impl Into<String>, wanted: Wanted, figure: f64) {
        self.targets.push(Target { what: what.into(), wanted, figure });
    }

    /// Says something that the figures do not show: what was skipped, and why.
    #[expect(clippy::print_stderr, reason = "what is skipped is said loudly")]
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if !self.notes.contains(&note) {
            eprintln!("  NOTE: {note}");
            self.notes.push(note);
        }
    }

    /// Says which share of the processors a hypervisor gave to others during a scenario.
    pub(crate) fn stolen(&mut self, scenario: &str, share: f64) {
        self.stolen.push(format!("{scenario} {:.0} %", 100.0 * share));
    }

    /// Looks at the machine once more.
    pub(crate) fn finish(&mut self) {
        self.machine.facts.push(("processors stolen by other machines", self.stolen.join(", ")));
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split(' ').take(3).collect::<Vec<_>>().join(" ");
        self.machine.facts.push(("load after the run", load));
    }

    /// The whole report as Markdown.
    pub(crate) fn markdown(&self) -> String {
        let mut text = String::new();
        if self.is_quick {
            text.push_str("A quick run: it shows that everything works, not how fast it is.\n\n");
        }
        text.push_str("| | |\n|---|---|\n");
        for (name, value) in self.machine.facts.iter().chain(&self.settings) {
            let _ = writeln!(text, "| {name} | {value} |");
        }
        if !self.targets.is_empty() {
            text.push_str("\n| target | wanted | measured | |\n|---|---|---|---|\n");
            for target in &self.targets {
                let _ = writeln!(text, "{}", target.row());
            }
        }
        for scenario in figures::scenarios(&self.series) {
            let _ = write!(text, "\n{}", figures::table(&self.series, scenario));
        }
        if !self.notes.is_empty() {
            text.push('\n');
            for note in &self.notes {
                let _ = writeln!(text, "- {note}");
            }
        }
        text
    }

    fn json(&self) -> Value {
        let facts = |facts: &[(&str, String)]| -> serde_json::Map<String, Value> {
            facts.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect()
        };
        json!({
            "quick": self.is_quick,
            "machine": facts(&self.machine.facts),
            "settings": facts(&self.settings),
            "targets": self.targets.iter().map(Target::json).collect::<Vec<_>>(),
            "series": self.series.iter().map(Series::json).collect::<Vec<_>>(),
            "notes": self.notes,
        })
    }

    /// Writes `bench.md` and `bench.json` into a folder.
    pub(crate) fn write(&self, folder: &Path) -> Result<Vec<PathBuf>> {
        let (markdown, json) = (folder.join("bench.md"), folder.join("bench.json"));
        fs::write(&markdown, self.markdown())?;
        fs::write(&json, format!("{:#}\n", self.json()))?;
        Ok(vec![markdown, json])
    }
}
