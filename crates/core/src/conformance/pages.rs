//! `docs/providers/<provider>.md` says what the code does.
//!
//! A page is for people, and its tables are read here: kinds with identity, subject and topic, topics by what stands in
//! the body, attributes, the contract, and the members of every object and the words of every enumeration.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::value::Error;
use serde::de::{Deserializer, Visitor};
use serde_json::Value;

use super::Bench;
use super::cases::{Case, Cases};
use super::tree::places;
use crate::{Contract, Decoded, Provider};

/// What stands under a heading of its own in a provider's page: the members of an object, or the words of an enumeration.
#[derive(Clone, Copy, Debug)]
pub struct Described {
    name: &'static str,
    rows: &'static [&'static str],
}

impl Described {
    /// An object, with its members as the provider names them.
    pub fn object<T: for<'de> Deserialize<'de>>() -> Self {
        let mut found = None;
        let _ = T::deserialize(Members(&mut found));
        let (name, rows) = found.unwrap_or_else(|| panic!("{} is no object", std::any::type_name::<T>()));
        Self { name, rows }
    }

    /// An enumeration, with the words that it knows.
    pub const fn words(name: &'static str, rows: &'static [&'static str]) -> Self {
        Self { name, rows }
    }
}

type Found = Option<(&'static str, &'static [&'static str])>;

/// Reads nothing: it only hears how a struct and its members are called.
struct Members<'a>(&'a mut Found);

impl<'de> Deserializer<'de> for Members<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(serde::de::Error::custom("no struct"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        members: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        *self.0 = Some((name, members));
        self.deserialize_any(visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// Holds the provider's page against its code.
///
/// `described` are all objects and enumerations of the crate; one that is left out is found in its sources.
pub fn page<P: Provider>(described: &[Described]) {
    let cases = Cases::load(P::NAME);
    let handler = P::new(cases.settings()).unwrap();
    let bench = Bench { cases: &cases, sender: &handler };
    let page = Page::read(P::NAME);

    page.check_described(described);
    assert_eq!(
        declared(P::NAME),
        described.iter().map(|one| one.name.to_owned()).collect(),
        "declared and described"
    );
    let by_body = page.check_topics(&bench, &handler);
    page.check_kinds(&bench, &handler, &by_body);
    page.check_attributes(&bench, &handler);
    page.check_contract(handler.contract());
}

struct Page {
    file: PathBuf,
    text: String,
}

/// A table's rows, by the names of their columns.
struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// The cells of a row in the columns of these names.
    fn cells<const N: usize>(&self, names: [&str; N]) -> impl Iterator<Item = [&str; N]> {
        let columns = names.map(|name| {
            let column = self.columns.iter().position(|column| column == name);
            column.unwrap_or_else(|| panic!("no column `{name}` in {:?}", self.columns))
        });
        self.rows.iter().map(move |row| columns.map(|column| row[column].as_str()))
    }
}

impl Page {
    fn read(provider: &str) -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../docs/providers/{provider}.md"));
        let text =
            std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        Self { file, text }
    }

    /// The first table under the heading.
    fn table(&self, heading: &str) -> Table {
        let mut lines = self.text.lines().skip_while(|line| line.trim_start_matches('#').trim() != heading);
        assert!(lines.next().is_some(), "{}: no heading `{heading}`", self.file.display());
        let mut rows = lines
            .take_while(|line| !line.starts_with('#'))
            .skip_while(|line| !line.starts_with('|'))
            .take_while(|line| line.starts_with('|'))
            .map(|line| {
                line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>()
            });
        let columns = rows.next().unwrap_or_else(|| panic!("no table under `{heading}`"));
        let rows: Vec<_> = rows.skip(1).collect();
        assert!(!rows.is_empty(), "an empty table under `{heading}`");
        for row in &rows {
            assert_eq!(row.len(), columns.len(), "under `{heading}`: {row:?}");
        }
        Table { columns, rows }
    }

    fn check_described(&self, described: &[Described]) {
        let headings: BTreeSet<&str> =
            self.text.lines().filter_map(|line| line.strip_prefix("### `")?.strip_suffix('`')).collect();
        assert_eq!(headings, described.iter().map(|one| one.name).collect(), "headings and descriptions");
        for Described { name, rows } in described {
            let table = self.table(&format!("`{name}`"));
            let written: Vec<&str> = table.rows.iter().map(|row| row[0].trim_matches('`')).collect();
            assert_eq!(written, *rows, "{}: `{name}`", self.file.display());
        }
    }

    /// Every row of the table of topics, tried. Gives the kinds and topics that were seen.
    fn check_topics<P: Provider>(&self, bench: &Bench<'_>, handler: &P) -> BTreeSet<(String, String)> {
        const HEADING: &str = "Topics by what the body says";
        let mut seen = BTreeSet::new();
        if !self.text.contains(&format!("## {HEADING}")) {
            return seen;
        }
        for [case, with, topic] in self.table(HEADING).cells(["case", "with", "topic"]) {
            let found = bench.cases.cases.iter().find(|found| codes(case) == [found.name.as_str()]);
            let found = found.unwrap_or_else(|| panic!("no case {case}"));
            let changed = changed(found, with);
            let event = bench.decode(handler, &found.kind, changed.to_string()).unwrap().event;
            assert_eq!(codes(topic), [event.topic().as_str()], "{case} with {with}");
            seen.insert((found.kind.clone(), event.topic().to_string()));
        }
        seen
    }

    fn check_kinds<P: Provider>(&self, bench: &Bench<'_>, handler: &P, by_body: &BTreeSet<(String, String)>) {
        let mut seen = by_body.clone();
        let table = self.table("Kinds");
        for case in &bench.cases.cases {
            let event = bench.decode(handler, &case.kind, case.body()).unwrap().event;
            let name = if case.is_unknown { "any other" } else { event.kind() };
            let mut rows = table.cells(["kind", "identity", "subject", "topic"]);
            let row = rows.find(|[kind, ..]| kind.trim_matches('`') == name);
            let Some([_, identity, subject, topic]) = row else { panic!("no row for the kind `{name}`") };
            assert_eq!(identity, event.identity().class().as_str(), "{name}");
            let found = event.subject().map_or("none".to_owned(), |subject| {
                let object = subject.as_str().split('/').next().unwrap_or_default();
                format!("`{object}/…`")
            });
            assert!(subject.split(", ").any(|listed| listed == found), "{name}: {subject}, not {found}");
            let listed = codes(topic);
            assert!(listed.contains(&event.topic().as_str()), "{name}: {topic}, not {}", event.topic());
            seen.insert((name.to_owned(), event.topic().to_string()));
        }
        for [kind, topic] in table.cells(["kind", "topic"]) {
            for topic in codes(topic) {
                let claimed = (kind.trim_matches('`').to_owned(), topic.to_owned());
                assert!(seen.contains(&claimed), "nothing shows that {kind} can be `{topic}`");
            }
        }
    }

    fn check_attributes<P: Provider>(&self, bench: &Bench<'_>, handler: &P) {
        let mut found = BTreeSet::new();
        for case in &bench.cases.cases {
            let Decoded { event, .. } = bench.decode(handler, &case.kind, case.body()).unwrap();
            found.extend(event.attributes().iter().map(|(name, _)| format!("`{name}`")));
        }
        if found.is_empty() {
            found.insert("none".to_owned());
        }
        let table = self.table("Attributes");
        let written: BTreeSet<String> = table.cells(["attribute"]).map(|[name]| name.to_owned()).collect();
        assert_eq!(written, found);
    }

    fn check_contract(&self, contract: Contract) {
        let unknown = || "unknown".to_owned();
        let expected = [
            ("accepted statuses", contract.accepted.map_or_else(unknown, |_| "200 to 299".to_owned())),
            (
                "time limit",
                contract.answer_within.map_or_else(unknown, |limit| format!("{} s", limit.as_secs())),
            ),
            (
                "equal failures in a row that end the feed",
                contract.switched_off_after.map_or_else(unknown, |refusals| refusals.to_string()),
            ),
        ];
        let table = self.table("What the sender expects");
        for (what, value) in expected {
            let row = table.cells(["what", "value"]).find(|[written, _]| *written == what);
            assert_eq!(row, Some([what, value.as_str()]));
        }
    }
}

/// The texts between backticks.
fn codes(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// The body of a case with members set as in `` `data.status = "PAID"` ``.
fn changed(case: &Case, with: &str) -> Value {
    let mut body = case.value();
    for assignment in codes(with) {
        let (path, json) = assignment.split_once(" = ").unwrap_or_else(|| panic!("no ` = ` in {assignment}"));
        let places = places(&body);
        let place = places.iter().find(|place| place.path == path);
        let place = place.unwrap_or_else(|| panic!("{}: no member `{path}`", case.name));
        let value = serde_json::from_str(json).unwrap_or_else(|error| panic!("{json}: {error}"));
        body = place.set(&body, value);
    }
    body
}

/// The names of everything that the crate's sources declare with a macro of `wire`: what is indented is inside of one.
fn declared(provider: &str) -> BTreeSet<String> {
    /// What is only looked at before the rest is read.
    const PEEKED: &str = "Outline";

    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../{provider}/src"));
    let mut names = BTreeSet::new();
    for file in rust_files(&sources) {
        let text = std::fs::read_to_string(&file).unwrap();
        for line in text.lines() {
            let item = line.strip_prefix("    pub struct ").or_else(|| line.strip_prefix("    pub enum "));
            let name = item.and_then(|item| item.split([' ', '<']).next()).unwrap_or(PEEKED);
            if name != PEEKED && !name.starts_with('$') {
                names.insert(name.to_owned());
            }
        }
    }
    names
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
