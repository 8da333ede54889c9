//! All text: line ends, trailing space, to-dos, and words that belong to one machine only.

use super::Finding;
use super::files::{Tree, has_extension};

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let words = Words::new();
    let texts = tree.texts().filter(|(path, _)| !is_verbatim(path));
    texts.flat_map(|(path, text)| check_file(&words, path, text)).collect()
}

/// Bytes as a provider sent or published them, or as a fuzzer found them.
fn is_verbatim(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    matches!(
        parts.as_slice(),
        ["fixtures", _, _, "body"] | ["fixtures", _, "published", ..] | ["crates", "fuzz", "regressions", ..]
    )
}

/// What must not be written anywhere; put together here, so that this file does not trip over itself.
struct Words {
    todos: [String; 2],
    folders: Vec<String>,
    hosts: Vec<String>,
}

impl Words {
    fn new() -> Self {
        let hosts = [
            ["index", "crates", "io"].as_slice(),
            &["static", "crates", "io"],
            &["pypi", "org"],
            &["files", "pythonhosted", "org"],
            &["registry", "npmjs", "org"],
            &["deb", "debian", "org"],
        ];
        Self {
            todos: [["TO", "DO"], ["FIX", "ME"]].map(|parts| parts.concat()),
            folders: ["work", "root", "home", "Users"].iter().map(|name| format!("/{name}/")).collect(),
            hosts: hosts.iter().map(|parts| parts.join(".")).collect(),
        }
    }
}

fn check_file(words: &Words, path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add =
        |line: usize, wrong: String, right: &str| findings.push(Finding::new(path, line, wrong, right));
    for (number, line) in text.split('\n').enumerate().map(|(index, line)| (index + 1, line)) {
        if line.contains('\r') {
            add(number, "carriage return".to_owned(), "lines end with a line feed only");
        }
        if line.trim_end_matches('\r').ends_with([' ', '\t']) {
            add(number, "trailing space".to_owned(), "nothing after the last word");
        }
        if is_code(path) && words.todos.iter().any(|word| has_word(line, word)) && !names_condition(line) {
            let right = "the condition for its removal, on the same line: `when …`, `once …`, `until …`";
            add(number, "a to-do that nothing will ever end".to_owned(), right);
        }
        for folder in words.folders.iter().filter(|folder| has_absolute(line, folder)) {
            add(number, format!("`{folder}` is a folder of one machine"), "a path as seen from the root");
        }
        for host in words.hosts.iter().filter(|host| line.contains(host.as_str())) {
            add(
                number,
                format!("`{host}` is the host of a registry"),
                "nothing: the client knows where it gets packages",
            );
        }
    }
    if !text.is_empty() && !text.ends_with('\n') {
        add(text.lines().count(), "no line feed at the end".to_owned(), "every line ends with one");
    }
    findings
}

/// Prose may speak of to-dos; code must not hold them for ever.
fn is_code(path: &str) -> bool {
    !has_extension(path, "md") && !path.starts_with("fixtures/")
}

fn has_word(line: &str, word: &str) -> bool {
    line.split(|letter: char| !letter.is_alphanumeric() && letter != '_').any(|found| found == word)
}

fn names_condition(line: &str) -> bool {
    let line = line.to_lowercase();
    ["when", "once", "until", "if", "after"].iter().any(|word| has_word(&line, word))
}

/// Whether an absolute path begins with `folder`: a URL's path does not.
fn has_absolute(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line.get(..at).and_then(|before| before.chars().next_back());
        before.is_none_or(|letter| !letter.is_alphanumeric() && !"/._-~}>)$*".contains(letter))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(path: &str, text: &str) -> Vec<(usize, String)> {
        check_file(&Words::new(), path, text)
            .into_iter()
            .map(|finding| (finding.line, finding.wrong))
            .collect()
    }

    #[test]
    fn lines_end_plainly() {
        assert_eq!(wrong("a.md", "one\n\ntwo\n"), []);
        assert_eq!(wrong("a.md", ""), []);
        assert_eq!(wrong("a.md", "one\r\ntwo\n"), [(1, "carriage return".to_owned())]);
        assert_eq!(wrong("a.md", "one \ntwo\t\n").len(), 2);
        assert_eq!(wrong("a.md", "one\ntwo"), [(2, "no line feed at the end".to_owned())]);
    }

    #[test]
    fn what_a_provider_sent_is_left_alone() {
        for path in ["fixtures/pico/a/body", "fixtures/pico/published/a.json", "crates/fuzz/regressions/a/b"]
        {
            assert_eq!(check(&Tree::of(&[(path, "{} ")])), []);
        }
        assert_eq!(check(&Tree::of(&[("fixtures/pico/a/expect.json", "{} ")])).len(), 2);
    }

    #[test]
    fn a_to_do_names_what_ends_it() {
        for word in Words::new().todos {
            assert_eq!(wrong("a.rs", &format!("// {word}: tidy up\n")).len(), 1);
            assert_eq!(wrong("a.rs", &format!("// {word} when rust 1.99 is out: use let chains\n")), []);
            assert_eq!(wrong("a.rs", &format!("const X{word}: u8 = 1;\n")), []);
            assert_eq!(wrong("a.md", &format!("A {word} names its condition.\n")), []);
        }
    }

    #[test]
    fn words_of_one_machine_are_found() {
        let words = Words::new();
        for folder in &words.folders {
            assert_eq!(wrong("a.toml", &format!("path = \"{folder}x\"\n")).len(), 1);
            assert_eq!(wrong("a.md", &format!("https://example.com{folder}x and target{folder}x\n")), []);
        }
        for host in &words.hosts {
            assert_eq!(wrong("a.toml", &format!("index = \"sparse+https://{host}/\"\n")).len(), 1);
        }
        assert_eq!(wrong("a.md", "Packages of crates.io are named there.\n"), []);
    }
}
