//! How the program behaves in a shell and at a terminal. Proves:
//!
//! - in bash, zsh and fish commands, options and the names of dimensions, actors and documents complete, with accents,
//!   within quotes and behind an equals sign (where the shell is installed);
//! - every command has a manual page without an error in it, and every shell a script;
//! - at a terminal long results go through the pager, short ones do not, and `--no-pager`, `GCM_SEARCH_PAGER` and
//!   `PAGER` are heard;
//! - colours follow `--color`, `NO_COLOR`, `CLICOLOR_FORCE` and the terminal;
//! - a reader that leaves early is no error, and an interrupt ends the program as a shell expects, with the progress
//!   bar cleared and the index whole;
//! - a mistyped command, or a query without the word `query`, is answered with what was meant;
//! - nothing of other people's texts acts on the terminal, in any command.

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use common::{Run, Sealed, bare_command, built_in};
use serde_json::json;

/// Whether a program is installed; a test that needs it says so and passes where it is not.
fn is_installed(program: &str) -> bool {
    let found = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()));
    if !found {
        eprintln!("{program} is not installed: left out");
    }
    found
}

/// The binary by its own name, in a folder that can stand first in `PATH`.
#[cfg(unix)]
fn with_binary(sealed: &Sealed) -> std::ffi::OsString {
    let folder = sealed.path().join("bin");
    fs::create_dir_all(&folder).expect("a folder");
    let link = folder.join("gcm-search");
    if !link.exists() {
        std::os::unix::fs::symlink(assert_cmd::cargo::cargo_bin!("gcm-search"), link).expect("a link");
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths([folder].into_iter().chain(std::env::split_paths(&path))).expect("a path")
}

/// Runs a script in a shell, with the binary in `PATH` and the index of the built-in corpus as the default one.
#[cfg(unix)]
fn in_shell(shell: &str, args: &[&str], script: &str) -> String {
    let sealed = Sealed::new();
    let path = with_binary(&sealed);
    let output = Command::new(shell)
        .args(args)
        .arg(script)
        .current_dir(sealed.path())
        .env_clear()
        .env("PATH", path)
        .env("HOME", sealed.path())
        .env("LC_ALL", "C.UTF-8")
        .env("TERM", "xterm")
        .env("GCM_SEARCH_INDEX", built_in().index())
        .stdin(Stdio::null())
        .output()
        .expect("the shell runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.is_empty(), "{shell}: {stderr}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// What may follow each line, asked in the shell; one answer a line, an empty line behind each list.
#[cfg(unix)]
fn completed(shell: &str, lines: &[&str]) -> Vec<Vec<String>> {
    let quoted = |line: &&str| format!("'{}'", line.replace('\'', "'\\''"));
    let list: Vec<String> = lines.iter().map(quoted).collect();
    let list = list.join(" ");
    let text = match shell {
        "bash" => in_shell(
            shell,
            &["--norc", "-c"],
            &format!(
                "source <(gcm-search completions bash); for line in {list}; do COMP_LINE=$line \
                 COMP_POINT=${{#line}} COMPREPLY=(); _gcm_search gcm-search; printf '%s\\n' \"${{COMPREPLY[@]}}\" ''; \
                 done"
            ),
        ),
        // What compadd would be given, without the terminal that it needs.
        "zsh" => in_shell(
            shell,
            &["-f", "-c"],
            &format!(
                "compdef() {{ :; }}; compadd() {{ print -rl -- ${{(P)@[-1]}}; }}; \
                 source <(gcm-search completions zsh); for line in {list}; do words=(${{(z)line}}); \
                 [[ $line == *' ' ]] && words+=(''); CURRENT=$#words; PREFIX=$words[-1]; _gcm-search; print; done"
            ),
        ),
        _ => in_shell(
            shell,
            &["--no-config", "-c"],
            &format!(
                "gcm-search completions fish | source; for line in {}; complete -C$line; echo; end",
                list.replace("'\\''", "\\'")
            ),
        ),
    };
    let lists: Vec<Vec<String>> =
        text.split("\n\n").map(|list| list.lines().map(str::to_owned).collect()).collect();
    assert!(lists.len() >= lines.len(), "{shell}: {text}");
    lists
}

#[cfg(unix)]
#[test]
fn shells_complete_commands_options_and_names() {
    let lines = [
        "gcm-search sho",
        "gcm-search query x --dim",
        "gcm-search query x --dimension ",
        "gcm-search query x --dimension=glo",
        "gcm-search query x --actor \"autorità l",
        "gcm-search query x --document oim-italia/st",
        "gcm-search show oim-italia/integrazione#",
        "gcm-search cite --format cs",
        "gcm-search query x --tag actor:stat",
        "gcm-search compare x --by o",
        "gcm-search coverage oim-italia/st",
        "gcm-search coverage x --scheme dim",
    ];
    for shell in ["bash", "zsh", "fish"] {
        if !is_installed(shell) {
            continue;
        }
        let mut lines = lines;
        if shell == "zsh" {
            // Outside a terminal nobody takes the open quotation mark off.
            lines[4] = "gcm-search query x --actor autorità\\ l";
        }
        let found = completed(shell, &lines);
        // A shell may show what a value means beside it.
        let has = |at: usize, value: &str| {
            let values: Vec<&str> =
                found[at].iter().map(|line| line.split('\t').next().unwrap_or_default()).collect();
            assert!(values.contains(&value), "{shell}: {} gives {values:?}, not {value}", lines[at]);
        };
        has(0, "show");
        has(1, "--dimension");
        has(2, "human");
        has(2, "global");
        assert_eq!(found[2].len(), 6, "{shell}: {:?}", found[2]);
        // bash takes what stands behind the equals sign for the word.
        has(3, if shell == "bash" { "global" } else { "--dimension=global" });
        has(4, "autorità locali");
        has(5, "oim-italia/stocktaking-puerto-vallarta");
        has(6, "oim-italia/integrazione#1");
        assert_eq!(found[6].len(), 6, "{shell}: {:?}", found[6]);
        has(7, "csl-json");
        has(8, if shell == "bash" { "states" } else { "actor:states" });
        has(9, "objective");
        has(10, "oim-italia/stocktaking-puerto-vallarta");
        has(11, "dimension");
    }
}

#[cfg(unix)]
#[test]
fn what_bash_inserts_is_quoted() {
    if !is_installed("bash") {
        return;
    }
    let found =
        completed("bash", &["gcm-search query x --actor autorita", "gcm-search query x --publisher o"]);
    assert!(found[0].contains(&"autorità\\ locali".to_owned()), "{:?}", found[0]);
    assert_eq!(found[1], ["oim\\ italia"]);
}

#[test]
fn completion_is_silent_where_there_is_nothing_to_read() {
    let sealed = Sealed::new();
    sealed.write("gcm-search.toml", "lables = 1");
    for words in [["show", "o"], ["query", "--publisher="], ["query", "--nonsense="], ["nonsense", ""]] {
        let run =
            Run::of(bare_command(sealed.path()).args(["__complete", "zsh", "--", "gcm-search"]).args(words));
        let run = run.code_is(0);
        assert_eq!(run.stderr, "", "{run}");
    }
    let hidden = Run::of(bare_command(sealed.path()).arg("--help")).code_is(0);
    assert!(!hidden.stdout.contains("__complete"), "{hidden}");
}

#[test]
fn every_command_has_a_manual_page() {
    let sealed = Sealed::new();
    let folder = sealed.path().join("man1");
    sealed.run(["man", "--dir", folder.to_str().expect("a path")]).code_is(0);
    let help = sealed.run(["--help"]).code_is(0).stdout;
    let commands = help.split("Commands:").nth(1).expect("commands").split("Options").next().expect("a list");
    let mut pages = 1;
    for line in commands.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   ")) {
        let command = line.split_whitespace().next().expect("a name");
        if command == "help" {
            continue;
        }
        let page = fs::read_to_string(folder.join(format!("gcm-search-{command}.1"))).expect("a page");
        assert_eq!(page, sealed.run(["man", command]).code_is(0).stdout);
        assert!(page.starts_with(&format!(".TH GCM-SEARCH-{} 1", command.to_uppercase())), "{page}");
        pages += 1;
    }
    let files: Vec<_> =
        fs::read_dir(&folder).expect("the folder").flatten().map(|entry| entry.path()).collect();
    assert_eq!(files.len(), pages);
    assert!(pages > 8);
    let main = sealed.run(["man"]).code_is(0).stdout;
    for section in ["EXIT STATUS", "ENVIRONMENT", "FILES", "GCM_SEARCH_PAGER"] {
        assert!(main.contains(section), "{section}");
    }
    sealed.run(["man", "kwic"]).code_is(0).prints(&["GCM-SEARCH-CONCORDANCE"]);
    sealed.run(["man", "qery"]).code_is(2).says(&["did you mean \"query\"?"]);
    if is_installed("mandoc") {
        let output =
            Command::new("mandoc").args(["-T", "lint", "-W", "error"]).args(files).output().expect("mandoc");
        assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    for shell in ["bash", "zsh", "fish", "powershell"] {
        sealed.run(["completions", shell]).code_is(0).prints(&["__complete"]);
    }
}

/// Variables of the environment: name and value.
#[cfg(target_os = "linux")]
type Variables<'a> = &'a [(&'a str, &'a str)];

/// Runs a command line at a terminal of so many columns and rows, and returns all that the terminal was sent.
#[cfg(target_os = "linux")]
fn at_terminal(variables: &[(&str, &str)], line: &str) -> Option<String> {
    if !is_installed("script") {
        return None;
    }
    let sealed = Sealed::new();
    let mut command = Command::new("script");
    command
        .args(["-qec", &format!("stty cols 80 rows 24; {line}"), "/dev/null"])
        .current_dir(sealed.path())
        .env_clear()
        .env("PATH", with_binary(&sealed))
        .env("SHELL", "/bin/sh")
        .env("TERM", "xterm")
        .env("GCM_SEARCH_INDEX", built_in().index())
        .envs(variables.iter().copied())
        .stdin(Stdio::null());
    let output = command.output().expect("script runs");
    Some(String::from_utf8(output.stdout).expect("UTF-8").replace('\r', ""))
}

#[cfg(target_os = "linux")]
#[test]
fn long_results_go_through_the_pager() {
    let pager = ("GCM_SEARCH_PAGER", "sed s/^/paged:/");
    let Some(long) = at_terminal(&[pager], "gcm-search query migranti") else {
        return;
    };
    assert!(long.contains("paged:"), "{long}");
    let lines: Vec<&str> = long.lines().collect();
    assert!(lines.len() > 24 && lines.iter().all(|line| line.starts_with("paged:")), "all of it: {long}");
    let cases: [(Variables<'_>, &str, bool); 8] = [
        (&[pager], "gcm-search query migranti --limit 1", false),
        (&[pager], "gcm-search --no-pager query migranti", false),
        (&[pager], "gcm-search query migranti | cat", false),
        (&[("PAGER", "sed s/^/paged:/")], "gcm-search query migranti", true),
        (&[("PAGER", "sed s/^/paged:/"), ("GCM_SEARCH_PAGER", "")], "gcm-search query migranti", false),
        (&[("PAGER", "cat")], "gcm-search query migranti", false),
        // One that is not there, and one that leaves at once.
        (&[("GCM_SEARCH_PAGER", "/non/esiste")], "gcm-search query migranti", false),
        (&[("GCM_SEARCH_PAGER", "true")], "gcm-search query migranti && echo paged:", true),
    ];
    for (variables, line, paged) in cases {
        let shown = at_terminal(variables, line).expect("script is there");
        assert_eq!(shown.contains("paged:"), paged, "{variables:?} {line}\n{shown}");
        assert!(paged || shown.contains("migranti"), "{variables:?} {line}\n{shown}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn colours_follow_the_terminal_and_the_wish() {
    let no_pager = ("GCM_SEARCH_PAGER", "");
    let cases: [(Variables<'_>, &str, bool); 8] = [
        (&[], "gcm-search query migranti -n 1", true),
        (&[], "gcm-search query migranti -n 1 | cat", false),
        (&[("NO_COLOR", "1")], "gcm-search query migranti -n 1", false),
        (&[("CLICOLOR_FORCE", "1")], "gcm-search query migranti -n 1 | cat", true),
        (&[("GCM_SEARCH_COLOR", "never")], "gcm-search query migranti -n 1", false),
        (&[("NO_COLOR", "1")], "gcm-search --color always query migranti -n 1 | cat", true),
        (&[("GCM_SEARCH_PAGER", "cat -u")], "gcm-search query migranti", true),
        (&[("GCM_SEARCH_PAGER", "cat -u")], "gcm-search --color never query migranti", false),
    ];
    for (variables, line, coloured) in cases {
        let mut all = vec![no_pager];
        all.extend(variables);
        let Some(shown) = at_terminal(&all, line) else {
            return;
        };
        assert_eq!(shown.contains("\u{1b}["), coloured, "{variables:?} {line}\n{shown:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_reader_that_leaves_is_no_error() {
    for line in [
        "query migranti -n 500",
        "concordance migranti -n 5000",
        "show schede/strumenti/glossario",
        "compare migranti --by document",
        "coverage schede oim-italia --passages",
        "man query",
    ] {
        let Some(shown) = at_terminal(&[], &format!("(gcm-search {line} || echo code:$? >&2) | head -1"))
        else {
            return;
        };
        assert!(!shown.contains("error") && !shown.contains("code:"), "{line}: {shown}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_interrupt_leaves_a_clean_terminal_and_a_whole_index() {
    if !is_installed("timeout") {
        return;
    }
    let sealed = Sealed::new();
    sealed.write("note.txt", "Una nota sulle autorità locali.");
    sealed.run(["index", "note.txt"]).code_is(0);
    // Enough work for many seconds, so that the interrupt comes in its midst.
    let mut records = String::new();
    for n in 0..60_000 {
        records +=
            &json!({"_id": format!("d{n}"), "lang": "it", "text": format!("Il comune numero {n} parla di \
            migranti, diaspore e autorità locali, con lo Stato e con l'OIM.")})
            .to_string();
        records.push('\n');
    }
    sealed.write("many.jsonl", records);
    let folder = sealed.path().display().to_string();
    let line = format!(
        "cd {folder}; timeout --foreground --preserve-status -s INT 1 gcm-search --index index index many.jsonl; \
         echo code:$?"
    );
    let Some(shown) = at_terminal(&[], &line) else {
        return;
    };
    assert!(shown.contains("code:130"), "{shown:?}");
    // The bar is cleared, colours are as they were, and the cursor shows.
    let end = &shown[shown.rfind("files").expect("a progress bar")..];
    assert!(end.contains("\u{1b}[2K") && end.contains("\u{1b}[?25h"), "{end:?}");
    assert_eq!(sealed.ask(["+autorità"]).total, 1, "the last commit answers");
    sealed.run(["status", "--verify"]).code_is(0);
    sealed.run(["index"]).code_is(0);
}

#[test]
fn a_mistyped_command_is_answered_with_what_was_meant() {
    let sealed = Sealed::new();
    let folder = sealed.path();
    let run = |args: &[&str]| Run::of(bare_command(folder).args(args));
    run(&["qurey", "x"]).code_is(2).says(&["similar subcommand exists: 'query'"]);
    run(&["autorità", "locali"]).code_is(2).says(&["to search for it: gcm-search query 'autorità'"]);
    run(&["query", "x", "--lables", "en"]).code_is(2).says(&["'--labels'"]);
    run(&["query", "x", "--format", "jsno"]).code_is(2).says(&["'json'"]);
    for (option, value, near) in [
        ("--dimension", "locla", "local"),
        ("--actor", "diaspoer", "diaspore"),
        ("--lang", "italano", "italiano"),
        ("--document", "oim-italia/integrazzione", "oim-italia/integrazione"),
        ("--publisher", "oim itala", "oim italia"),
    ] {
        let run = built_in().run(["query", "x", option, value]).code_is(2);
        run.says(&[value, &format!("did you mean \"{near}\"?")]);
    }
}

#[test]
fn nothing_of_a_text_acts_on_the_terminal() {
    let sealed = Sealed::new();
    let evil =
        |what: &str| format!("{what}\u{1b}[2J\u{9b}31m\u{202e}\u{2066}\u{200f}\u{7}\u{7f}\u{e0041}\r\u{8}");
    let record = json!({"_id": evil("id"), "text": evil("testo di prova"), "title": evil("titolo"), "lang": "it",
        "publisher": evil("editore"), "symbol": evil("simbolo"), "url": evil("https://x.org/"),
        "licence": evil("licenza"), "date": "2020"});
    sealed.write("records.jsonl", record.to_string());
    let html = format!("<h1>{}</h1><p>{}</p>", evil("Capo"), evil("Altro testo di prova"));
    sealed.write(&format!("cartella/{}.html", "pagina\u{202e}"), html);
    sealed.run(["index", "records.jsonl", "cartella"]).code_is(0);
    let ids: Vec<String> = sealed.status()["document_ids"]
        .as_array()
        .expect("ids")
        .iter()
        .map(|id| id.as_str().expect("a text").to_owned())
        .collect();
    assert_eq!(ids.len(), 2);
    let mut runs = vec![
        vec!["query".to_owned(), "prova".to_owned()],
        vec!["query".to_owned(), evil("prova")],
        vec![
            "query".to_owned(),
            "prova".to_owned(),
            "--explain".to_owned(),
            "--format".to_owned(),
            "json".to_owned(),
        ],
        vec!["query".to_owned(), "prova".to_owned(), "--document".to_owned(), evil("x")],
        vec!["concordance".to_owned(), "prova".to_owned(), "--counts".to_owned()],
        vec!["concordance".to_owned(), "prova".to_owned(), "--sort".to_owned(), "left".to_owned()],
        vec!["status".to_owned(), "--documents".to_owned()],
        vec!["compare".to_owned(), "prova".to_owned(), "--by".to_owned(), "document".to_owned()],
        vec!["compare".to_owned(), "prova".to_owned(), "--by".to_owned(), "publisher".to_owned()],
        vec!["compare".to_owned(), "prova".to_owned(), "--by".to_owned(), evil("x")],
        vec!["index".to_owned(), evil("x")],
        vec!["--config".to_owned(), evil("x"), "status".to_owned()],
        vec!["man".to_owned(), evil("x")],
    ];
    for id in ids.into_iter().chain([evil("nulla")]) {
        runs.push(vec!["show".to_owned(), id.clone()]);
        runs.push(vec!["coverage".to_owned(), id.clone(), "--passages".to_owned()]);
        for format in ["bibtex", "csl-json"] {
            runs.push(vec!["cite".to_owned(), id.clone(), "--format".to_owned(), format.to_owned()]);
        }
    }
    let mut wrong = Vec::new();
    for args in runs {
        let run = sealed.run(&args);
        let acts = |c: char| {
            (c.is_control() && c != '\n')
                || matches!(c, '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{e0000}'..='\u{e007f}')
        };
        if run.stdout.contains(acts) || run.stderr.contains(acts) {
            wrong.push(format!("{args:?}\n{:?}\n{:?}", run.stdout, run.stderr));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(Path::new(&sealed.index()).is_dir());
}
