//! Providers: every one complete, and named wherever the set of them is.

use super::Finding;
use super::files::Tree;
use super::manifest::Manifest;

/// The files of every provider's crate: who knows one provider knows all.
const FILES: [&str; 10] = [
    "Cargo.toml",
    "README.md",
    "src/lib.rs",
    "src/config.rs",
    "src/verify.rs",
    "src/payload.rs",
    "src/event.rs",
    "src/samples.rs",
    "src/schema.rs",
    "tests/it/main.rs",
];

const SERVER: &str = "crates/server/Cargo.toml";
const COMPOSITION: &str = "crates/server/src/providers.rs";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = halves(tree);
    for provider in tree.providers() {
        findings.extend(complete(tree, provider));
    }
    findings.extend(readme(tree));
    findings.extend(server(tree));
    findings
}

/// Fixtures without a crate, and crates that look like a provider's without fixtures.
fn halves(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let crates = tree.folders_with("crates", "Cargo.toml");
    let fixtures = tree.folders_with("fixtures", "cases.toml");
    for name in fixtures.iter().filter(|name| !crates.contains(name)) {
        let file = format!("fixtures/{name}/cases.toml");
        findings.push(Finding::new(&file, 1, "fixtures of no provider", format!("a crate crates/{name}")));
    }
    let alike = tree.folders_with("crates", "src/samples.rs");
    for name in alike.iter().filter(|name| !fixtures.contains(name)) {
        let file = format!("crates/{name}/src/samples.rs");
        findings.push(Finding::new(
            &file,
            1,
            "a provider without fixtures",
            format!("fixtures/{name}/cases.toml"),
        ));
    }
    findings
}

fn complete(tree: &Tree, provider: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let files = FILES.iter().map(|file| format!("crates/{provider}/{file}"));
    for file in files.chain([format!("fixtures/{provider}/README.md")]).filter(|file| !tree.has(file)) {
        let right = if file.starts_with("fixtures/") {
            "a README that says where each sample came from, when, and what was anonymised"
        } else {
            "the same file names in every provider's crate"
        };
        findings.push(Finding::new(&file, 1, "missing", right));
    }
    let must_say = [
        (
            "tests/it/main.rs",
            "fn fixtures_are_as_derived()".to_owned(),
            "conformance::fixtures in a test of this name",
        ),
        ("tests/it/main.rs", "conformance::suite::<".to_owned(), "a test that runs the shared suite"),
        (
            "src/lib.rs",
            format!("pub const NAME: &str = \"{provider}\";"),
            "the provider's name as its crate's constant",
        ),
    ];
    for (file, what, right) in must_say {
        let file = format!("crates/{provider}/{file}");
        if tree.text(&file).is_some_and(|text| !text.contains(&what)) {
            findings.push(Finding::new(&file, 1, format!("`{what}` is not there"), right));
        }
    }
    findings
}

/// The root's README has a table with a row for every provider.
fn readme(tree: &Tree) -> Vec<Finding> {
    const FILE: &str = "README.md";
    const RIGHT: &str = "a table with a column `provider` and a row for each";
    let Some(text) = tree.text(FILE) else {
        return vec![Finding::new(FILE, 1, "missing", "what it is, two commands, the provider table")];
    };
    let Some(rows) = provider_rows(text) else {
        return vec![Finding::new(FILE, 1, "no table of providers", RIGHT)];
    };
    let providers = tree.providers();
    let mut findings = Vec::new();
    for provider in providers.iter().filter(|provider| !rows.iter().any(|(_, row)| row == *provider)) {
        let line = rows.first().map_or(1, |(line, _)| *line);
        findings.push(Finding::new(FILE, line, format!("the table of providers lacks `{provider}`"), RIGHT));
    }
    for (line, row) in rows.iter().filter(|(_, row)| !providers.contains(&row.as_str())) {
        findings.push(Finding::new(
            FILE,
            *line,
            format!("`{row}` is no provider"),
            "only rows for providers that exist",
        ));
    }
    findings
}

/// The lines and names of the first table that has a column `provider`.
fn provider_rows(text: &str) -> Option<Vec<(usize, String)>> {
    let mut lines = text.lines().enumerate();
    let column = lines
        .find_map(|(_, line)| cells(line)?.iter().position(|cell| cell.eq_ignore_ascii_case("provider")))?;
    // The rule below the heading.
    lines.next()?;
    let rows = lines.map_while(|(number, line)| Some((number + 1, row_name(cells(line)?.get(column)?))));
    Some(rows.collect())
}

fn cells(line: &str) -> Option<Vec<&str>> {
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    Some(inner.split('|').map(str::trim).collect())
}

/// The name in a cell: what stands as code, else all of it.
fn row_name(cell: &str) -> String {
    cell.split('`').nth(1).map_or_else(|| cell.to_lowercase(), str::to_owned)
}

/// The server has a feature for every provider, and composes it.
fn server(tree: &Tree) -> Vec<Finding> {
    let Some(Ok(Some(manifest))) = tree.text(SERVER).map(Manifest::parse) else { return Vec::new() };
    let composition = tree.text(COMPOSITION).unwrap_or_default();
    let default = manifest.features.iter().find(|feature| feature.name == "default");
    let mut findings = Vec::new();
    for provider in tree.providers() {
        let package = format!("dep:hooklatch-{provider}");
        let feature = manifest.features.iter().find(|feature| feature.name == provider);
        if !feature.is_some_and(|feature| feature.enables.contains(&package)) {
            let right = format!("{provider} = [\"{package}\"]");
            let line = feature.map_or(1, |feature| feature.line);
            findings.push(Finding::new(SERVER, line, format!("no feature for `{provider}`"), right));
        }
        if !default.is_some_and(|default| default.enables.iter().any(|name| name == provider)) {
            let line = default.map_or(1, |default| default.line);
            let wrong = format!("`{provider}` is not built in by default");
            findings.push(Finding::new(SERVER, line, wrong, "every provider among the default features"));
        }
        if !composition.contains(&format!("feature = \"{provider}\"")) {
            let right = format!("one block with #[cfg(feature = \"{provider}\")]");
            findings.push(Finding::new(COMPOSITION, 1, format!("`{provider}` is not composed"), right));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const README: &str = "# Hooklatch\n\n| provider | proof |\n|---|---|\n| [`pico`](crates/pico) | none |\n| Orders | none |\n\nMore.\n";

    #[test]
    fn rows_are_named_by_their_code() {
        let expected = [(5, "pico".to_owned()), (6, "orders".to_owned())];
        assert_eq!(provider_rows(README).unwrap(), expected);
        assert_eq!(provider_rows("| a | b |\n|---|---|\n"), None);
    }

    #[test]
    fn the_readme_lists_the_providers_that_exist() {
        let tree = Tree::of(&[
            ("README.md", README),
            ("crates/pico/Cargo.toml", ""),
            ("crates/picpay/Cargo.toml", ""),
            ("fixtures/pico/cases.toml", ""),
            ("fixtures/picpay/cases.toml", ""),
        ]);
        let wrong: Vec<_> = readme(&tree).into_iter().map(|finding| (finding.line, finding.wrong)).collect();
        let expected = [
            (5, "the table of providers lacks `picpay`".to_owned()),
            (6, "`orders` is no provider".to_owned()),
        ];
        assert_eq!(wrong, expected);
    }

    #[test]
    fn the_server_has_a_feature_for_each() {
        let manifest = "[package]\nname = 'hooklatch-server'\n[features]\ndefault = ['pico']\npico = ['dep:hooklatch-pico']\n";
        let files = [
            (SERVER, manifest),
            (COMPOSITION, "#[cfg(feature = \"pico\")]"),
            ("crates/pico/Cargo.toml", ""),
            ("fixtures/pico/cases.toml", ""),
        ];
        assert_eq!(server(&Tree::of(&files)), []);
        let more = [("crates/picpay/Cargo.toml", ""), ("fixtures/picpay/cases.toml", "")];
        assert_eq!(server(&Tree::of(&[files.as_slice(), &more].concat())).len(), 3);
    }

    #[test]
    fn a_provider_is_complete_or_named_with_what_it_lacks() {
        let mut files: Vec<(String, &str)> =
            FILES.iter().map(|file| (format!("crates/pico/{file}"), "")).collect();
        files.push(("fixtures/pico/README.md".to_owned(), ""));
        for (path, text) in &mut files {
            match path.as_str() {
                "crates/pico/src/lib.rs" => *text = "pub const NAME: &str = \"pico\";",
                "crates/pico/tests/it/main.rs" => {
                    *text = "fn fixtures_are_as_derived() {} conformance::suite::<Pico>()";
                }
                _ => {}
            }
        }
        let borrowed: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
        assert_eq!(complete(&Tree::of(&borrowed), "pico"), []);
        for left_out in 0..borrowed.len() {
            let mut rest = borrowed.clone();
            let (path, _) = rest.remove(left_out);
            let findings = complete(&Tree::of(&rest), "pico");
            assert_eq!(findings.iter().map(|finding| finding.file.as_str()).collect::<Vec<_>>(), [path]);
        }
    }

    #[test]
    fn half_a_provider_is_found() {
        assert_eq!(halves(&Tree::of(&[("fixtures/pico/cases.toml", "")])).len(), 1);
        assert_eq!(halves(&Tree::of(&[("crates/pico/src/samples.rs", "")])).len(), 1);
    }
}
