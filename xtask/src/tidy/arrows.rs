//! Which crate may know which: arrows point one way.

use super::Finding;
use super::files::Tree;
use super::manifest::Manifest;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let providers = tree.providers();
    let folders = tree.folders_with("crates", "Cargo.toml");
    let paths = folders.iter().map(|folder| (*folder, format!("crates/{folder}/Cargo.toml")));
    let paths = paths.chain([("xtask", "xtask/Cargo.toml".to_owned())]);
    paths.flat_map(|(folder, path)| check_manifest(tree, &providers, folder, &path)).collect()
}

fn check_manifest(tree: &Tree, providers: &[&str], folder: &str, path: &str) -> Vec<Finding> {
    let Some(Ok(Some(manifest))) = tree.text(path).map(Manifest::parse) else { return Vec::new() };
    let mut findings = Vec::new();
    for dependency in &manifest.dependencies {
        let to = match dependency.package.strip_prefix("hooklatch-") {
            Some(to) => to,
            None if dependency.package == "xtask" => "xtask",
            None => continue,
        };
        if to != folder && !is_allowed(providers, folder, to, dependency.dev) {
            let wrong = format!("`{folder}` knows `{to}`");
            findings.push(Finding::new(path, dependency.line, wrong, right(providers, folder)));
        }
    }
    findings
}

/// What a crate is in the order of arrows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Core,
    Provider,
    Inbox,
    /// A store, the consumers, the console.
    OnInbox,
    Simulator,
    /// Holds what others offer against what must be true of it.
    Fuzz,
    Server,
    /// Measures all the others, the server too.
    Bench,
    Xtask,
    Unknown,
}

fn role(providers: &[&str], folder: &str) -> Role {
    match folder {
        "core" => Role::Core,
        "inbox" => Role::Inbox,
        "consumers" | "console" => Role::OnInbox,
        "simulator" => Role::Simulator,
        "fuzz" => Role::Fuzz,
        "server" => Role::Server,
        "bench" => Role::Bench,
        "xtask" => Role::Xtask,
        store if store.starts_with("inbox-") => Role::OnInbox,
        provider if providers.contains(&provider) => Role::Provider,
        _ => Role::Unknown,
    }
}

fn is_allowed(providers: &[&str], from: &str, to: &str, dev: bool) -> bool {
    let to = role(providers, to);
    match role(providers, from) {
        Role::Bench => !matches!(to, Role::Fuzz | Role::Xtask),
        _ if matches!(to, Role::Fuzz | Role::Server | Role::Bench | Role::Xtask) => false,
        Role::Core => false,
        // Tests may try a crate on real providers and a real store.
        Role::Inbox | Role::OnInbox if dev => true,
        Role::Provider | Role::Inbox | Role::Unknown => to == Role::Core,
        Role::OnInbox => matches!(to, Role::Core | Role::Inbox),
        Role::Simulator => matches!(to, Role::Core | Role::Provider),
        Role::Fuzz => matches!(to, Role::Core | Role::Provider | Role::Inbox),
        Role::Server | Role::Xtask => true,
    }
}

fn right(providers: &[&str], folder: &str) -> &'static str {
    match role(providers, folder) {
        Role::Core => "core knows no other crate",
        Role::Provider => "a provider knows core only",
        Role::Inbox => "the inbox knows core only; nothing knows the server or xtask",
        Role::OnInbox => {
            "stores, consumers and the console know inbox and core; nothing knows the server or xtask"
        }
        Role::Simulator => "the simulator knows core and the providers",
        Role::Fuzz => "the fuzz targets know core, the providers and the inbox",
        Role::Server | Role::Bench | Role::Xtask => {
            "nothing but the benchmark knows the server; nothing knows the fuzz targets or xtask"
        }
        Role::Unknown => {
            "a crate of a new sort gets its arrows in xtask/src/tidy/arrows.rs; until then it knows core only"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROVIDERS: [&str; 2] = ["pico", "picpay"];

    #[track_caller]
    fn check_arrow(from: &str, to: &str, allowed: bool) {
        assert_eq!(is_allowed(&PROVIDERS, from, to, false), allowed, "{from} -> {to}");
    }

    #[test]
    fn arrows_point_one_way() {
        for from in ["pico", "inbox", "inbox-sqlite", "consumers", "console", "simulator", "server"] {
            check_arrow(from, "core", true);
            check_arrow("core", from, false);
            check_arrow(from, "xtask", false);
            check_arrow(from, "server", false);
            check_arrow(from, "fuzz", false);
        }
        check_arrow("pico", "picpay", false);
        check_arrow("pico", "inbox", false);
        check_arrow("inbox", "inbox-sqlite", false);
        check_arrow("inbox-sqlite", "inbox", true);
        check_arrow("inbox-postgres", "inbox-sqlite", false);
        check_arrow("consumers", "inbox", true);
        check_arrow("consumers", "pico", false);
        check_arrow("simulator", "pico", true);
        check_arrow("fuzz", "pico", true);
        check_arrow("fuzz", "inbox", true);
        check_arrow("fuzz", "inbox-sqlite", false);
        check_arrow("server", "pico", true);
        check_arrow("novel", "inbox", false);
        check_arrow("bench", "server", true);
        check_arrow("bench", "xtask", false);
        check_arrow("server", "bench", false);
    }

    #[test]
    fn tests_may_know_more_but_never_the_server() {
        assert!(is_allowed(&PROVIDERS, "consumers", "picpay", true));
        assert!(!is_allowed(&PROVIDERS, "consumers", "server", true));
        assert!(!is_allowed(&PROVIDERS, "pico", "picpay", true));
    }

    #[test]
    fn a_wrong_arrow_is_found_on_its_line() {
        let manifest =
            "[package]\nname = 'hooklatch-pico'\n[dependencies]\nhooklatch-picpay.workspace = true\n";
        let tree = Tree::of(&[
            ("crates/pico/Cargo.toml", manifest),
            ("crates/picpay/Cargo.toml", ""),
            ("fixtures/pico/cases.toml", ""),
            ("fixtures/picpay/cases.toml", ""),
        ]);
        let expected =
            Finding::new("crates/pico/Cargo.toml", 4, "`pico` knows `picpay`", "a provider knows core only");
        assert_eq!(check(&tree), [expected]);
    }
}
