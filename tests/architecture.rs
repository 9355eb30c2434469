//! The shape of the code, read from `src/` itself. Proves:
//!
//! - imports point one way: what knows documents, words and concepts knows no engine, no command line and no output;
//!   the engine knows no output and no command line; the library knows neither `cli` nor `output`;
//! - only the command line prints, exits, or reads the environment;
//! - nothing outside tests panics by `unwrap` or `expect`;
//! - every file says at its head what it is for, and every module of the library stands on the map in `lib.rs`.

use std::fs;
use std::path::{Path, PathBuf};

/// A file of `src/` without comments, without what stands in quotation marks, and without its tests.
struct Source {
    /// Its path below `src/`, with slashes.
    path: String,
    /// As it is written.
    raw: String,
    /// Its code, line by line as in the file.
    code: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    paths.sort();
    assert!(paths.len() > 20, "src is not where it should be: {}", paths.len());
    paths
        .into_iter()
        .map(|path| {
            let raw = fs::read_to_string(&path).expect("a source file");
            let code = without_tests(&only_code(&raw));
            let parts: Vec<String> = path
                .strip_prefix(&root)
                .expect("below src")
                .iter()
                .map(|part| part.to_string_lossy().into_owned())
                .collect();
            Source { path: parts.join("/"), raw, code }
        })
        .collect()
}

fn collect(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of src") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            out.push(path);
        }
    }
}

/// Blanks comments and what stands in quotation marks; lines stay lines.
fn only_code(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    let blank = |out: &mut String, c: char| out.push(if c == '\n' { '\n' } else { ' ' });
    while at < chars.len() {
        let rest = &chars[at..];
        if rest.starts_with(&['/', '/']) {
            while at < chars.len() && chars[at] != '\n' {
                at += 1;
            }
        } else if rest.starts_with(&['/', '*']) {
            let mut depth = 0;
            loop {
                if chars[at..].starts_with(&['/', '*']) {
                    depth += 1;
                    at += 2;
                } else if chars[at..].starts_with(&['*', '/']) {
                    depth -= 1;
                    at += 2;
                } else if at < chars.len() {
                    blank(&mut out, chars[at]);
                    at += 1;
                }
                if depth == 0 || at >= chars.len() {
                    break;
                }
            }
        } else if let Some(hashes) = raw_string(rest, at.checked_sub(1).map(|before| chars[before])) {
            let end: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
            // The r, a b before it, the hashes and the quotation mark.
            let start = rest.iter().position(|&c| c == '"').unwrap_or(0) + 1;
            out.push_str("\"\"");
            at += start;
            while at < chars.len() && !chars[at..].starts_with(&end) {
                if chars[at] == '\n' {
                    out.push('\n');
                }
                at += 1;
            }
            at += end.len();
        } else if chars[at] == '"' {
            out.push_str("\"\"");
            at += 1;
            while at < chars.len() && chars[at] != '"' {
                if chars[at] == '\\' {
                    at += 1;
                }
                if chars.get(at) == Some(&'\n') {
                    out.push('\n');
                }
                at += 1;
            }
            at += 1;
        } else if chars[at] == '\'' && rest.get(1) == Some(&'\\') {
            // '\n', '\'', '\u{2019}'
            at += 3;
            while at < chars.len() && chars[at] != '\'' {
                at += 1;
            }
            at += 1;
            out.push_str("' '");
        } else if chars[at] == '\'' && rest.get(2) == Some(&'\'') {
            at += 3;
            out.push_str("' '");
        } else {
            out.push(chars[at]);
            at += 1;
        }
    }
    out
}

/// How many hashes a raw string that begins here has.
fn raw_string(rest: &[char], before: Option<char>) -> Option<usize> {
    if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let after_r = match rest {
        ['r', after @ ..] | ['b', 'r', after @ ..] => after,
        _ => return None,
    };
    let hashes = after_r.iter().take_while(|&&c| c == '#').count();
    (after_r.get(hashes) == Some(&'"')).then_some(hashes)
}

/// Blanks every item behind `#[cfg(test)]`, and a file that is one as a whole.
fn without_tests(code: &str) -> String {
    if code.contains("#![cfg(test)]") {
        return code.chars().filter(|&c| c == '\n').collect();
    }
    let mut out = code.to_owned();
    while let Some(start) = out.find("#[cfg(test)]") {
        let mut depth = 0usize;
        let mut end = out.len();
        for (at, c) in out[start..].char_indices() {
            match c {
                '{' => depth += 1,
                '}' => {
                    depth -= 1;
                    if depth == 0 {
                        end = start + at + 1;
                        break;
                    }
                }
                ';' if depth == 0 => {
                    end = start + at + 1;
                    break;
                }
                _ => {}
            }
        }
        let blank: String = out[start..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        out.replace_range(start..end, &blank);
    }
    out
}

/// The top-level modules of the crate that a file names: `crate::a`, `crate::{a, b::c}`, `super::…` up to the root.
fn modules_named(source: &Source) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let depth = source.path.matches('/').count() + usize::from(!source.path.ends_with("mod.rs"));
    let to_root = format!("{}::", vec!["super"; depth].join("::"));
    let starts: Vec<&str> = if depth > 0 && !matches!(source.path.as_str(), "lib.rs" | "main.rs") {
        vec!["crate::", "gcm_search::", &to_root]
    } else {
        vec!["crate::", "gcm_search::"]
    };
    for start in starts {
        for (at, _) in source.code.match_indices(start) {
            // Within a longer path or a word, as in `$crate::` or `super::super::`.
            if source.code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            let line = source.code[..at].matches('\n').count() + 1;
            let after = &source.code[at + start.len()..];
            let names = match after.strip_prefix('{') {
                Some(group) => first_names(group),
                None => vec![first_name(after)],
            };
            found.extend(names.into_iter().map(|name| (line, name)));
        }
    }
    found
}

fn first_name(path: &str) -> String {
    path.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The first name of each path of a group that has been opened.
fn first_names(group: &str) -> Vec<String> {
    let mut names = vec![first_name(group)];
    let mut depth = 0usize;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(first_name(&group[at + 1..])),
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

fn is_in(source: &Source, module: &str) -> bool {
    source.path == format!("{module}.rs") || source.path.starts_with(&format!("{module}/"))
}

fn is_command_line(source: &Source) -> bool {
    is_in(source, "cli") || is_in(source, "output") || source.path == "main.rs"
}

#[track_caller]
fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn imports_point_one_way() {
    const OUTER: &[&str] = &["engine", "indexer", "search", "cli", "output"];
    const ABOVE_ENGINE: &[&str] =
        &["cli", "output", "indexer", "search", "corpus", "extract", "snippet", "suggest"];
    let rules: &[(&str, &[&str])] = &[
        ("document", OUTER),
        ("language", OUTER),
        ("extract", OUTER),
        ("segment", OUTER),
        ("analysis", OUTER),
        ("taxonomy", OUTER),
        ("tagger", OUTER),
        ("query", OUTER),
        ("snippet", OUTER),
        ("suggest", OUTER),
        ("eval", OUTER),
        ("corpus", OUTER),
        ("engine", ABOVE_ENGINE),
        ("indexer", &["cli", "output", "search"]),
        ("search", &["cli", "output", "indexer", "corpus", "extract"]),
        ("cite", &["cli", "output", "indexer", "search", "query", "corpus", "extract"]),
        ("concordance", &["cli", "output", "indexer", "corpus", "extract"]),
        ("compare", &["cli", "output", "indexer", "corpus", "extract"]),
        ("coverage", &["cli", "output", "indexer", "corpus", "extract"]),
        ("filters", &["cli", "output", "indexer", "search", "batch"]),
        ("batch", &["cli", "output", "indexer"]),
        ("provenance", &["cli", "output", "batch"]),
        // Within a layer: words know nothing of documents that are asked for, nor of concepts.
        ("analysis", &["query", "taxonomy", "tagger", "extract", "segment", "corpus"]),
        ("document", &["analysis", "query", "taxonomy", "tagger", "extract", "segment", "corpus"]),
        ("extract", &["query", "taxonomy", "tagger", "segment", "corpus"]),
        ("taxonomy", &["query", "tagger", "extract", "corpus"]),
        ("tagger", &["query", "extract", "corpus"]),
    ];
    let sources = sources();
    let mut wrong = Vec::new();
    for (module, forbidden) in rules {
        let files: Vec<&Source> = sources.iter().filter(|source| is_in(source, module)).collect();
        assert!(!files.is_empty(), "there is no module {module}: mend this test");
        for source in files {
            for (line, name) in modules_named(source) {
                if forbidden.contains(&name.as_str()) {
                    wrong.push(format!(
                        "src/{}:{line} names crate::{name}; {module} must not know it",
                        source.path
                    ));
                }
            }
        }
    }
    assert_none(&wrong);
}

#[test]
fn only_the_engine_names_tantivy() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| !is_in(source, "engine")) {
        for (at, _) in source.code.match_indices("tantivy") {
            wrong.push(format!(
                "src/{}:{} names tantivy",
                source.path,
                source.code[..at].matches('\n').count() + 1
            ));
        }
    }
    assert_none(&wrong);
}

/// Where in these files one of these words stands in code.
fn places(which: impl Fn(&Source) -> bool, forbidden: &[&str]) -> Vec<String> {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| which(source)) {
        for (number, line) in source.code.lines().enumerate() {
            for word in forbidden {
                let stands = line
                    .match_indices(word)
                    .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'));
                if stands {
                    wrong.push(format!("src/{}:{} has {word}", source.path, number + 1));
                }
            }
        }
    }
    wrong
}

#[test]
fn only_the_command_line_prints_exits_and_reads_the_environment() {
    let printing = [
        "println!",
        "eprintln!",
        "print!",
        "eprint!",
        "dbg!",
        "stdout()",
        "stderr()",
        "process::exit",
        "process::abort",
    ];
    let environment = ["env::var", "env::vars", "env::args", "env::current_dir"];
    let all: Vec<&str> = printing.into_iter().chain(environment).collect();
    assert_none(&places(|source| !is_command_line(source), &all));
}

#[test]
fn the_command_line_exits_by_its_result() {
    // So that everything is flushed and dropped on the way out.
    assert_none(&places(is_command_line, &["process::exit", "process::abort", "dbg!"]));
}

#[test]
fn nothing_panics_for_want_of_a_value() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (number, line) in source.code.lines().enumerate() {
            for call in [
                ".unwrap()",
                ".expect(",
                ".unwrap_err()",
                ".expect_err(",
                "unimplemented!",
                "todo!",
                "panic!(",
            ] {
                if line.contains(call) {
                    wrong.push(format!("src/{}:{} has {call}", source.path, number + 1));
                }
            }
        }
    }
    assert_none(&wrong);
}

#[test]
fn every_file_says_what_it_is_for() {
    let wrong: Vec<String> = sources()
        .iter()
        .filter(|source| !source.raw.lines().next().unwrap_or_default().starts_with("//! "))
        .map(|source| format!("src/{} does not begin with //!", source.path))
        .collect();
    assert_none(&wrong);
}

#[test]
fn every_module_stands_on_the_map() {
    let sources = sources();
    let map = sources.iter().find(|source| source.path == "lib.rs").expect("lib.rs");
    let wrong: Vec<String> = map
        .code
        .lines()
        .filter_map(|line| line.trim().strip_prefix("pub mod ")?.strip_suffix(';'))
        .filter(|module| !map.raw.contains(&format!("[`{module}`]")))
        .map(|module| format!("the head of src/lib.rs does not name {module}"))
        .collect();
    assert_none(&wrong);
}

#[test]
fn every_test_file_says_what_it_proves() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    for entry in fs::read_dir(folder).expect("tests").flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a test");
            assert!(text.starts_with("//! "), "{} does not begin with //!", path.display());
        }
    }
}

// ---- the means of these tests ----

#[test]
fn code_is_told_from_comments_and_strings() {
    let text = "use crate::engine; // crate::cli\n/* crate::output */ let a = \"crate::cli \\\" x\"; let b = r#\"\"y\"#;\n\
                let c = '\"'; let d = '\\''; fn e<'a>(x: &'a str) {}\n#[cfg(test)]\nmod tests { fn f() { x.unwrap() } }\nend";
    let code = without_tests(&only_code(text));
    assert_eq!(code.lines().count(), text.lines().count());
    for kept in ["use crate::engine;", "let b = \"\";", "fn e<'a>(x: &'a str) {}", "end"] {
        assert!(code.contains(kept), "{kept}: {code}");
    }
    for gone in ["crate::cli", "crate::output", "unwrap", "y"] {
        assert!(!code.contains(gone), "{gone}: {code}");
    }
    let source = Source {
        path: "query/plan.rs".to_owned(),
        raw: String::new(),
        code: "use crate::{a, b::{c, d}, e};\nuse super::syntax;\nuse super::super::engine::X;".to_owned(),
    };
    let names: Vec<String> = modules_named(&source).into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, ["a", "b", "e", "engine"]);
}
