//! Settings, run as a user runs the program. Proves:
//!
//! - options win over the environment, this over the project's file, that over the user's own, and the defaults lose;
//! - `config` says of each value where it came from, as text and as JSON, and `config --files` which files count;
//! - the project's file is found from the folders below it, and its paths are relative to it;
//! - an unknown key and a wrong value are refused with file, line and what may have been meant;
//! - only the user's own file or a named one can name programs to run;
//! - `--config` and `--no-config` do what they say, and an empty variable is an unset one;
//! - settings reach the commands: `query` lists as many hits, in the form, that they say.

mod common;

use std::process::Command;

use common::{Run, Sealed, bare_command, built_in};
use serde_json::Value;

/// The binary in a folder below the project, with a home of its own in the sealed folder and no `--index`.
fn command(sealed: &Sealed, args: &[&str]) -> Command {
    let below = sealed.path().join("project/below");
    std::fs::create_dir_all(&below).expect("a folder");
    let mut command = bare_command(&below);
    command.env("XDG_CONFIG_HOME", sealed.path().join("home")).args(args);
    command
}

fn run(sealed: &Sealed, args: &[&str]) -> Run {
    Run::of(&mut command(sealed, args))
}

fn write_user(sealed: &Sealed, text: &str) {
    sealed.write("home/gcm-search/config.toml", text);
}

fn write_project(sealed: &Sealed, text: &str) {
    sealed.write("project/gcm-search.toml", text);
}

/// The value of a key and the kind of its origin.
fn setting(run: Run, key: &str) -> (Value, String) {
    let run = run.code_is(0);
    let config: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}\n{run}"));
    let settings = config["settings"].as_array().expect("settings");
    let one = settings.iter().find(|one| one["key"] == key).unwrap_or_else(|| panic!("no {key}\n{run}"));
    (one["value"].clone(), one["origin"]["kind"].as_str().expect("a kind").to_owned())
}

#[test]
fn each_layer_wins_over_the_one_below() {
    let sealed = Sealed::new();
    let json = ["config", "--format", "json"];
    let labels = |run: Run| {
        let (value, kind) = setting(run, "labels");
        format!("{} {kind}", value.as_str().expect("a text"))
    };
    assert_eq!(labels(run(&sealed, &json)), "it default");
    write_user(&sealed, "labels = \"en\"\nlimit = 3\n");
    assert_eq!(labels(run(&sealed, &json)), "en file");
    write_project(&sealed, "labels = \"fr\"\n");
    assert_eq!(labels(run(&sealed, &json)), "fr file");
    assert_eq!(setting(run(&sealed, &json), "limit").0, "3", "the user's file still counts");
    let environment = || {
        let mut command = command(&sealed, &json);
        command.env("GCM_SEARCH_LABELS", "es");
        command
    };
    assert_eq!(labels(Run::of(&mut environment())), "es environment");
    assert_eq!(labels(Run::of(environment().args(["--labels", "it"]))), "it option");
    let mut empty = command(&sealed, &json);
    assert_eq!(labels(Run::of(empty.env("GCM_SEARCH_LABELS", ""))), "fr file");
}

#[test]
fn config_says_where_each_value_came_from() {
    let sealed = Sealed::new();
    write_user(&sealed, "\npager = \"less -R\"\n[extract]\n\".RTF\" = [\"unrtf\", \"--text\"]\n");
    write_project(&sealed, "# ours\nindex = \"made/index\"\n");
    let text = run(&sealed, &["config", "--color", "never"]).code_is(0);
    let line = |key: &str| {
        text.stdout.lines().find(|line| line.starts_with(key)).unwrap_or_else(|| panic!("{key}\n{text}"))
    };
    assert!(line("index").ends_with("project/gcm-search.toml, line 2"), "{text}");
    assert!(line("index").contains("/project/made/index"), "relative to its file: {text}");
    assert!(line("pager").ends_with("home/gcm-search/config.toml, line 2"), "{text}");
    assert!(line("extract.rtf").contains("unrtf --text"), "{text}");
    assert!(line("color").ends_with("--color"), "{text}");
    assert!(line("limit").ends_with("default"), "{text}");
    let files = run(&sealed, &["config", "--files"]).code_is(0).stdout;
    let files: Vec<&str> = files.lines().collect();
    assert!(files.len() == 2 && files[0].contains("project/gcm-search.toml"), "{files:?}");
    assert!(files[1].contains("config.toml (user; read)"), "{files:?}");
    let (value, kind) = setting(run(&sealed, &["config", "--no-pager", "--format", "json"]), "pager");
    assert_eq!((value, kind.as_str()), (Value::Null, "option"));
}

#[test]
fn mistakes_are_named_with_file_line_and_suggestion() {
    let sealed = Sealed::new();
    for (text, parts) in [
        ("limit = 3\nlables = \"en\"\n", ["gcm-search.toml, line 2", "did you mean `labels`?"]),
        ("labels = \"de\"\n", ["gcm-search.toml, line 1: `labels`", "it, en, fr or es"]),
        ("\n\nformat = \"jsno\"\n", ["gcm-search.toml, line 3: `format`", "did you mean `json`?"]),
        ("limit = \"many\"\n", ["line 1", "whole number"]),
        ("limit = -1\n", ["line 1: `limit`", "no number of hits"]),
        ("labels = en\n", ["gcm-search.toml, line 1", ""]),
        ("pager = \"sh -c evil\"\n", ["line 1: `pager` names a program", "home/gcm-search/config.toml"]),
        ("[extract]\nrtf = [\"evil\"]\n", ["line 1: `extract` names a program", "--config"]),
    ] {
        write_project(&sealed, text);
        run(&sealed, &["query", "migranti"]).code_is(2).says(&parts);
        // The way to the mistake stays open.
        run(&sealed, &["config", "--files"]).code_is(0).prints(&["gcm-search.toml"]);
    }
    let open = Run::of(command(&sealed, &["--no-config", "config"]).env("GCM_SEARCH_PAGER", "less \"-R"));
    open.code_is(2).says(&["GCM_SEARCH_PAGER", "not closed"]);
    let wrong = Run::of(command(&sealed, &["--no-config", "config"]).env("GCM_SEARCH_LIMIT", "ten"));
    wrong.code_is(2).says(&["GCM_SEARCH_LIMIT", "\"ten\""]);
}

#[test]
fn a_named_file_replaces_the_others() {
    let sealed = Sealed::new();
    write_project(&sealed, "lables = 1");
    let named =
        sealed.write("other.toml", "labels = \"en\"\npager = \"more\"\n[extract]\nrtf = [\"unrtf\"]\n");
    let named = named.to_str().expect("a path");
    let by_option = run(&sealed, &["--config", named, "config", "--format", "json"]);
    assert_eq!(setting(by_option, "labels").0, "en");
    let mut by_variable = command(&sealed, &["config", "--format", "json"]);
    assert_eq!(setting(Run::of(by_variable.env("GCM_SEARCH_CONFIG", named)), "pager").0, "more");
    let none = run(&sealed, &["--no-config", "config", "--format", "json"]);
    assert_eq!(setting(none, "labels").0, "it");
    run(&sealed, &["--config", "/non/esiste.toml", "config"]).code_is(2).says(&["/non/esiste.toml"]);
}

#[test]
fn settings_reach_the_query() {
    let sealed = Sealed::new();
    write_user(&sealed, "limit = 2\nformat = \"jsonl\"\n");
    let index = built_in().index();
    write_project(&sealed, &format!("index = {:?}\n", index.to_str().expect("a path")));
    let hits = run(&sealed, &["query", "autorità locali"]).code_is(0).json_lines();
    assert_eq!(hits.len(), 2);
    assert_eq!(hits[0]["dimensions"][0]["label"], "Dimensione locale");
    let three =
        run(&sealed, &["query", "autorità locali", "-n", "3", "--labels", "en"]).code_is(0).json_lines();
    assert_eq!(three.len(), 3);
    assert_eq!(three[0]["dimensions"][0]["label"], "Local (subnational) dimension");
    let said = run(&sealed, &["-v", "query", "autorità locali"]).code_is(0);
    said.says(&["settings from", "gcm-search.toml", "passages"]);
}
