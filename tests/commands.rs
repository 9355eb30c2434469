//! Commands of the table `[extract]`, run as a user runs the program. Proves:
//!
//! - a command that the user's own file names for an extension reads files of a format that gcm-search does not know; its
//!   output may be text or a web page; another command reads them again, and without one they are refused as before;
//! - a command that fails or is not there costs its files, with its last words as the reason;
//! - what came with a folder runs nothing unless the user allows it by an option or by name.
#![cfg(unix)]

mod common;

use common::{Run, Sealed, bare_command, documents};

/// An old Word file, as far as its first bytes tell, with text that a command can cut out.
const OLD_WORD: &[u8] = b"\xD0\xCF\x11\xE0I sindaci accolgono i migranti.\n";

/// What cuts it out.
const CUT: &str = "doc = [\"sh\", \"-c\", \"tail -c +5 \\\"$1\\\"\", \"sh\"]";

fn sealed() -> Sealed {
    let sealed = Sealed::new();
    sealed.write("work/docs/vecchio.DOC", OLD_WORD);
    sealed.write("work/docs/buono.txt", "I prefetti.\n");
    sealed
}

fn run(sealed: &Sealed, args: &[&str]) -> Run {
    let mut command = bare_command(&sealed.path().join("work"));
    command.env("XDG_CONFIG_HOME", sealed.path().join("home"));
    Run::of(command.arg("--index").arg(sealed.index()).args(args))
}

fn own(sealed: &Sealed, text: &str) {
    sealed.write("home/gcm-search/config.toml", text);
}

#[test]
fn a_named_command_reads_what_is_not_known() {
    let sealed = sealed();
    run(&sealed, &["index", "docs"]).code_is(2).says(&["vecchio.DOC: an old Microsoft Office document"]);
    own(&sealed, &format!("[extract]\n{CUT}\n"));
    run(&sealed, &["index"]).code_is(0).prints(&["1 changed"]);
    assert_eq!(documents(&sealed.ask(["+sindaci"])), ["vecchio"]);
    run(&sealed, &["index"]).code_is(0).prints(&["nothing to do"]);
    // Another command gives another text.
    own(
        &sealed,
        "[extract]\ndoc = [\"sh\", \"-c\", \"echo '<html><body><p>I questori.</p></body></html>'\"]\n",
    );
    run(&sealed, &["index"]).code_is(0).prints(&["1 changed"]);
    assert_eq!(documents(&sealed.ask(["+questori"])), ["vecchio"]);
    assert!(sealed.ask(["+sindaci"]).hits.is_empty());
    // Without one it is what it was.
    own(&sealed, "");
    run(&sealed, &["index"]).code_is(2).says(&["old Microsoft Office"]);
    assert!(sealed.ask(["+questori"]).hits.is_empty());
}

#[test]
fn a_command_that_fails_costs_its_files() {
    let sealed = sealed();
    own(&sealed, "[extract]\ndoc = [\"sh\", \"-c\", \"echo 'encrypted document' >&2; exit 7\"]\n");
    let failed = run(&sealed, &["index", "docs"]).code_is(2).prints(&["1 not read"]);
    failed.says(&["vecchio.DOC: sh could not read it (exit status: 7): encrypted document"]);
    assert_eq!(documents(&sealed.ask(["+prefetti"])), ["buono"]);
    own(&sealed, "[extract]\ndoc = [\"no-such-program\"]\n");
    run(&sealed, &["index"]).code_is(2).says(&["cannot run no-such-program"]);
}

#[test]
fn a_folder_of_somebody_else_runs_nothing() {
    let sealed = sealed();
    let evil = "[extract]\ndoc = [\"sh\", \"-c\", \"touch ../ran; echo I questori.\"]\n";
    sealed.write("work/gcm-search.toml", evil);
    let ran = sealed.path().join("ran");
    run(&sealed, &["index", "docs"]).code_is(2).says(&[
        "gcm-search.toml, line 1",
        "a project's file may not",
        "--allow-commands",
        "trusted = [",
        "home/gcm-search/config.toml",
    ]);
    assert!(!ran.exists());
    // A file cannot vouch for itself, nor one folder for another.
    sealed.write("work/gcm-search.toml", "trusted = [\".\"]\n");
    run(&sealed, &["index", "docs"]).code_is(2).says(&["`trusted` stands in your own configuration only"]);
    sealed.write("work/gcm-search.toml", evil);
    own(&sealed, &format!("trusted = [{:?}]\n", sealed.path().display().to_string()));
    run(&sealed, &["index", "docs"]).code_is(2).says(&["may not"]);
    assert!(!ran.exists());
    own(&sealed, &format!("trusted = [{:?}]\n", sealed.path().join("work").display().to_string()));
    run(&sealed, &["index", "docs"]).code_is(0);
    assert!(ran.exists());
    assert_eq!(documents(&sealed.ask(["+questori"])), ["vecchio"]);
    run(&sealed, &["config"]).code_is(0).prints(&["trusted", "extract.doc", "gcm-search.toml, line 2"]);
    // For one run.
    own(&sealed, "");
    std::fs::remove_file(&ran).expect("removed");
    run(&sealed, &["index", "--rebuild", "docs"]).code_is(2);
    run(&sealed, &["index", "--rebuild", "docs", "--allow-commands"]).code_is(0);
    assert!(ran.exists());
}
