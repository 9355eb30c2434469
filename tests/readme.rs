//! What the READMEs show works. Proves: every command of gcm-search in a `sh` or `console` block of `README.md` and
//! `README.it.md` runs, on an index of the built-in corpus, and ends with 0 (something found) or 1 (nothing found); the
//! scripts of the section "In scripts" run as a whole, where their interpreter is there.
//!
//! Left out are lines that cannot be run as they stand: pipes and redirections, and words in capitals to be filled in.

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::{Run, Sealed, built_in};

/// The section whose blocks are whole scripts.
const SCRIPTS: &str = "## In scripts";

/// The commands of the READMEs' blocks, each with where it stands; those of scripts are run with them.
fn commands(name: &str, text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut in_block = false;
    let mut in_scripts = false;
    let mut continued: Option<(String, String)> = None;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with("## ") && !in_block {
            in_scripts = line == SCRIPTS;
        }
        if in_scripts {
            continue;
        }
        if let Some(language) = line.strip_prefix("```") {
            in_block = !in_block && matches!(language.trim(), "sh" | "console" | "bash" | "shell");
            continue;
        }
        if !in_block {
            continue;
        }
        let line = line.strip_prefix("$ ").unwrap_or(line);
        let (place, whole) = match continued.take() {
            Some((place, before)) => (place, format!("{before} {line}")),
            None => (format!("{name}, line {}", number + 1), line.to_owned()),
        };
        if let Some(part) = whole.strip_suffix('\\') {
            continued = Some((place, part.trim_end().to_owned()));
            continue;
        }
        for start in ["gcm-search ", "cargo run --release -- "] {
            if let Some(args) = whole.strip_prefix(start) {
                found.push((place.clone(), args.to_owned()));
            }
        }
    }
    found
}

/// Splits a line as a shell does, or nothing where a shell would do more than start one program, or where a word in
/// capitals stands for something that the reader has to fill in.
fn split(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut chars = line.chars().peekable();
    loop {
        while chars.peek().is_some_and(|c| c.is_whitespace()) {
            chars.next();
        }
        let Some(&first) = chars.peek() else {
            return Some(words);
        };
        if first == '#' {
            return Some(words);
        }
        let mut word = String::new();
        let mut quoted = false;
        while let Some(&c) = chars.peek() {
            match c {
                c if c.is_whitespace() => break,
                '|' | '<' | '>' | '&' | ';' | '`' | '$' | '…' => return None,
                '\'' | '"' => {
                    quoted = true;
                    chars.next();
                    loop {
                        match chars.next()? {
                            end if end == c => break,
                            '\\' if c == '"' => word.push(chars.next()?),
                            '$' if c == '"' => return None,
                            other => word.push(other),
                        }
                    }
                }
                '\\' => {
                    chars.next();
                    word.push(chars.next()?);
                }
                _ => {
                    word.push(c);
                    chars.next();
                }
            }
        }
        let letters: Vec<char> = word.chars().filter(|c| c.is_alphabetic()).collect();
        let is_placeholder = !quoted
            && letters.len() > 1
            && letters.iter().all(|c| c.is_uppercase())
            && word.chars().all(|c| c.is_alphabetic() || "[].-_".contains(c));
        if is_placeholder {
            return None;
        }
        words.push(word);
    }
}

/// A folder that looks to a command like the repository, with a copy of the index of the built-in corpus.
fn repository() -> Sealed {
    let sealed = Sealed::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // Tests write to none of these; a link that points there is enough.
    #[cfg(unix)]
    for name in ["corpus", "tests", "benches", "examples", "README.md", "README.it.md"] {
        if root.join(name).exists() {
            std::os::unix::fs::symlink(root.join(name), sealed.path().join(name)).expect("a link");
        }
    }
    copy(&built_in().index(), &sealed.index());
    sealed
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(path, target).expect("a copy");
        }
    }
}

#[test]
fn every_command_of_the_readmes_works() {
    let mut wrong = Vec::new();
    for name in ["README.md", "README.it.md"] {
        let Ok(text) = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)) else {
            // Not written yet.
            continue;
        };
        let found = commands(name, &text);
        assert!(found.len() >= 5, "{name} shows {} commands, which is too few to learn from", found.len());
        let sealed = repository();
        let mut run_at_all = 0;
        for (place, line) in found {
            let Some(args) = split(&line) else {
                continue;
            };
            // It would serve until somebody stops it, or ask the network.
            if args.iter().any(|arg| arg == "serve" || arg == "fetch") {
                continue;
            }
            run_at_all += 1;
            // The index is where a command looks for it by itself: in ./index.
            let run = Run::of(common::bare_command(sealed.path()).args(&args));
            if run.code > 1 {
                wrong.push(format!("{place}: {line}\n{run}"));
            }
        }
        assert!(run_at_all >= 5, "of the commands of {name} only {run_at_all} could be run");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// The blocks of the section with scripts: the language and the text of each.
fn scripts(text: &str) -> Vec<(String, String)> {
    let section = text.split(&format!("{SCRIPTS}\n")).nth(1).unwrap_or_default();
    let section = section.split("\n## ").next().unwrap_or_default();
    let blocks = section.split("```").skip(1).step_by(2);
    blocks.filter_map(|block| block.split_once('\n')).map(|(l, t)| (l.to_owned(), t.to_owned())).collect()
}

#[test]
fn the_scripts_of_the_readme_work() {
    let text =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("README.md");
    let scripts = scripts(&text);
    let languages: Vec<&str> = scripts.iter().map(|(language, _)| language.as_str()).collect();
    assert_eq!(languages, ["sh", "python", "r"]);
    let folder = assert_cmd::cargo::cargo_bin!("gcm-search").parent().expect("a folder").to_path_buf();
    for (language, script) in scripts {
        let interpreter: &[&str] = match language.as_str() {
            "sh" => &["sh", "-e"],
            "python" => &["python3"],
            _ => &["Rscript", "--vanilla"],
        };
        let there = Command::new(interpreter[0]).arg("--version").output();
        if there.is_err() || (language == "python" && !there.is_ok_and(|output| output.status.success())) {
            continue;
        }
        let sealed = repository();
        let path = sealed.write("script", &script);
        let paths = std::env::var_os("PATH").unwrap_or_default();
        let paths = std::env::split_paths(&paths).collect::<Vec<_>>();
        let run = Run::of(
            common::bare_command_of(interpreter[0], sealed.path())
                .args(&interpreter[1..])
                .arg(path)
                .env("PATH", std::env::join_paths([vec![folder.clone()], paths].concat()).expect("a PATH")),
        )
        .code_is(0);
        match language.as_str() {
            "sh" => {
                assert_eq!(
                    run.stdout, "same: program, index, taxonomy, options, queries and results\n",
                    "{run}"
                );
                let lines = |name: &str| {
                    fs::read_to_string(sealed.path().join(name)).expect("a file").lines().count()
                };
                assert_eq!(
                    (lines("passages.csv"), lines("run.trec"), lines("answers.jsonl")),
                    (6, 5, 2),
                    "{run}"
                );
            }
            "python" => {
                assert_eq!(run.stdout.lines().count(), 4, "{run}");
                assert!(run.stdout.starts_with("q1 1 oim-italia/stocktaking-puerto-vallarta#4 ["), "{run}");
            }
            _ => drop(run.prints(&["q1", "q2", "10"])),
        }
    }
}

#[test]
fn commands_are_told_from_other_lines() {
    let text = "gcm-search no\n```sh\ngcm-search query \"autorità locali\" --limit 3  # dice chi\n$ gcm-search query \\\n    migranti\n\
                cargo run --release -- status\ncargo build\n```\n```json\ngcm-search no\n```\n";
    let found: Vec<String> = commands("README.md", text).into_iter().map(|(_, line)| line).collect();
    assert_eq!(found.len(), 3, "{found:?}");
    assert_eq!(split(&found[0]).expect("words"), ["query", "autorità locali", "--limit", "3"]);
    assert_eq!(split(&found[1]).expect("words"), ["query", "migranti"]);
    assert_eq!(split("query A/RES/73/195 'migranti AND rifugiati'").expect("words").len(), 3);
    assert_eq!(split("show A/RES/73/195#3").expect("words")[1], "A/RES/73/195#3");
    for skipped in
        ["index PATH...", "query x | head", "tag FILE", "tag < in.txt", "query x > out", "index [PATH...]"]
    {
        assert_eq!(split(skipped), None, "{skipped}");
    }
}
