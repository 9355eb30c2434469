//! Runs that are killed, and several at once. Proves:
//!
//! - whenever a run is killed (SIGKILL), the index answers with a whole commit, the old one or the new one, or there is
//!   cleanly none yet; the next run finishes the work, answers as an undisturbed build does, byte for byte, and leaves
//!   nothing behind;
//! - readers never err while runs and rebuilds go on, and see the old passages or the new ones, never a part of them;
//! - two queries at once on a missing index both succeed, and so do two runs with `--wait`;
//! - a second writer is refused at once, or waits where it is asked to.
//!
//! The moments are random, from a fixed seed. `GCM_SEARCH_LONG_TESTS=1` kills 200 runs instead of 12.

mod common;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::{ALL, Random, Run, Sealed, documents, files_left_behind, times};

/// How many records take a moment to index.
const RECORDS: usize = 600;

/// A corpus that takes a moment to index.
fn corpus(sealed: &Sealed, name: &str, word: &str) {
    sealed.write(&format!("docs/{name}.jsonl"), common::alike_records(name, word, RECORDS));
    // And files of their own, which other processes read.
    sealed.write(&format!("docs/{name}.md"), format!("# Scheda\n\nI {word} e la coesione sociale.\n"));
}

const QUERIES: &[&[&str]] = &[
    &["integrazione 96"],
    &["prefetti"],
    &["autorità locali", "--explain"],
    &["\"coesione sociale\""],
    &["dimension:local", "--duplicates"],
];

/// What the index answers, byte for byte.
fn answers(sealed: &Sealed) -> Vec<String> {
    QUERIES
        .iter()
        .map(|query| {
            let run = sealed.run(["query", "--format", "json", "--limit", "60"].iter().chain(*query));
            assert!(run.code < 2 && run.stderr.is_empty(), "{run}");
            run.stdout
        })
        .collect()
}

/// What an index made afresh of the same documents answers.
fn fresh_answers(sealed: &Sealed) -> Vec<String> {
    let index = tempfile::TempDir::new().expect("a temporary folder");
    let mut command = common::bare_command(sealed.path());
    Run::of(command.arg("--index").arg(index.path()).args(["index", "docs"])).code_is(0);
    QUERIES
        .iter()
        .map(|query| {
            let mut command = common::bare_command(sealed.path());
            command.arg("--index").arg(index.path()).args(["query", "--format", "json", "--limit", "60"]);
            Run::of(command.args(*query)).stdout
        })
        .collect()
}

/// The documents that a word finds: which of them does not depend on how often other words occur.
fn found(sealed: &Sealed, word: &str) -> BTreeSet<String> {
    let answer = sealed.ask([&format!("+{word}"), "--limit", ALL, "--duplicates"]);
    assert_eq!(answer.total, answer.hits.len());
    documents(&answer).into_iter().collect()
}

/// What there is, by the words that tell the versions of the corpus apart.
fn contents(sealed: &Sealed) -> Vec<BTreeSet<String>> {
    ["sindaci", "questori", "prefetti"].map(|word| found(sealed, word)).to_vec()
}

fn start<'a>(sealed: &Sealed, args: impl IntoIterator<Item = &'a str>) -> Child {
    let mut command = sealed.command(args);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary runs")
}

/// Kills a run after a part of the time that it takes; says whether it had ended before.
fn kill_after(sealed: &Sealed, args: &[&str], pause: Duration) -> bool {
    let mut child = start(sealed, args.iter().copied());
    thread::sleep(pause);
    // SIGKILL: nothing can be tidied up.
    let ended = child.try_wait().expect("its state").is_some();
    child.kill().expect("killed or ended");
    child.wait().expect("it ended");
    ended
}

/// Random moments of a run that takes so long; every other one in its last third, where it writes.
fn moments(seed: u64, count: usize, whole: Duration) -> Vec<Duration> {
    let mut random = Random::new(seed);
    let one = |at: usize| if at.is_multiple_of(2) { 0.0 } else { 0.66 };
    (0..count).map(|at| whole.mul_f64(one(at) + random.fraction() * (1.02 - one(at)))).collect()
}

fn timed(work: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    work();
    begin.elapsed()
}

#[track_caller]
fn is_finished(sealed: &Sealed, right: &[String], when: &str) {
    let now = answers(sealed);
    for ((query, now), right) in QUERIES.iter().zip(&now).zip(right) {
        assert!(now == right, "{when}: {query:?} is answered otherwise\n{now}\n{right}");
    }
    sealed.run(["status", "--verify"]).code_is(0);
    assert_eq!(files_left_behind(&sealed.index()), Vec::<String>::new(), "{when}");
}

#[test]
fn a_first_build_that_is_killed_leaves_nothing_or_all() {
    let sealed = Sealed::new();
    corpus(&sealed, "a", "sindaci");
    let whole = timed(|| drop(sealed.run(["index", "docs"]).code_is(0)));
    let right = answers(&sealed);
    let mut before_the_end = 0;
    for pause in moments(1, times(4, 70), whole) {
        fs::remove_dir_all(sealed.index()).expect("removed");
        kill_after(&sealed, &["index", "docs"], pause);
        let status = sealed.run(["status"]);
        if status.code == 2 {
            before_the_end += 1;
            assert!(status.stderr.contains("no index"), "killed after {pause:?}\n{status}");
        } else {
            assert_eq!(found(&sealed, "sindaci").len(), RECORDS + 1, "killed after {pause:?}");
        }
        sealed.run(["index", "docs"]).code_is(0);
        is_finished(&sealed, &right, &format!("killed after {pause:?}"));
    }
    assert!(before_the_end > 0, "every run had ended before it was killed: the test proves nothing");
}

#[test]
fn an_update_that_is_killed_leaves_the_old_or_the_new() {
    let sealed = Sealed::new();
    let old_corpus = || {
        corpus(&sealed, "a", "sindaci");
        corpus(&sealed, "b", "questori");
        for name in ["c.jsonl", "c.md"] {
            let _ = fs::remove_file(sealed.path().join("docs").join(name));
        }
    };
    let new_corpus = || {
        corpus(&sealed, "a", "prefetti");
        corpus(&sealed, "c", "prefetti");
        for name in ["b.jsonl", "b.md"] {
            fs::remove_file(sealed.path().join("docs").join(name)).expect("removed");
        }
    };
    old_corpus();
    sealed.run(["index", "docs"]).code_is(0);
    let (old, old_answers) = (contents(&sealed), answers(&sealed));
    new_corpus();
    let whole = timed(|| drop(sealed.run(["index"]).code_is(0)));
    let (new, new_answers) = (contents(&sealed), answers(&sealed));
    assert!(old != new);
    assert!(new_answers == fresh_answers(&sealed), "an update answers otherwise than a fresh build");
    let mut old_ones = 0;
    for pause in moments(2, times(4, 65), whole) {
        old_corpus();
        sealed.run(["index"]).code_is(0);
        is_finished(&sealed, &old_answers, "on the way back");
        new_corpus();
        kill_after(&sealed, &["index"], pause);
        let now = contents(&sealed);
        assert!(now == old || now == new, "killed after {pause:?}: a part of a run shows");
        old_ones += usize::from(now == old);
        sealed.run(["index"]).code_is(0);
        is_finished(&sealed, &new_answers, &format!("killed after {pause:?}"));
    }
    assert!(old_ones > 0, "every run had ended before it was killed: the test proves nothing");
}

#[test]
fn a_rebuild_that_is_killed_leaves_the_old_one() {
    let sealed = Sealed::new();
    corpus(&sealed, "a", "sindaci");
    let whole = timed(|| drop(sealed.run(["index", "docs"]).code_is(0)));
    let right = answers(&sealed);
    let mut killed = 0;
    for pause in moments(3, times(4, 65), whole) {
        killed += usize::from(!kill_after(&sealed, &["index", "--rebuild"], pause));
        assert!(answers(&sealed) == right, "killed after {pause:?}");
        // The next run has nothing to read; what the killed one left is removed all the same.
        sealed.run(["index"]).code_is(0);
        is_finished(&sealed, &right, &format!("killed after {pause:?}"));
    }
    assert!(killed > 0, "every run had ended before it was killed: the test proves nothing");
    sealed.run(["index", "--rebuild"]).code_is(0);
    is_finished(&sealed, &right, "rebuilt");
}

#[test]
fn a_commit_that_was_not_merged_is_merged_by_the_next_run() {
    // A run is stopped at every moment of its end in turn, by the files that it has just written.
    let sealed = Sealed::new();
    corpus(&sealed, "a", "sindaci");
    sealed.run(["index", "docs"]).code_is(0);
    corpus(&sealed, "a", "prefetti");
    corpus(&sealed, "c", "prefetti");
    let new = fresh_answers(&sealed);
    let current = fs::read_to_string(sealed.index().join("CURRENT")).expect("CURRENT");
    let generation = current.split('"').find(|part| part.starts_with("generation-")).expect("a generation");
    let meta = sealed.index().join(generation).join("meta.json");
    let before = fs::read(&meta).expect("meta.json");
    let mut child = start(&sealed, ["index"]);
    // As soon as the commit shows, before what was removed is merged away.
    while fs::read(&meta).is_ok_and(|now| now == before) && child.try_wait().expect("its state").is_none() {
        thread::sleep(Duration::from_micros(200));
    }
    child.kill().expect("killed or ended");
    child.wait().expect("it ended");
    assert_eq!(found(&sealed, "prefetti").len(), 2 * (RECORDS + 1));
    sealed.run(["index"]).code_is(0).prints(&["nothing to do"]);
    is_finished(&sealed, &new, "merged");
}

// ---- several at once ----

#[test]
fn queries_at_once_on_a_missing_index_all_succeed() {
    let sealed = Sealed::new();
    corpus(&sealed, "a", "sindaci");
    let children: Vec<Child> = (0..3)
        .map(|_| {
            let mut command = sealed.command(["--corpus", "docs", "query", "sindaci", "--format", "json"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs")
        })
        .collect();
    let ended =
        |child: Child| Run::from_output("at once".to_owned(), child.wait_with_output().expect("it ended"));
    let runs: Vec<Run> = children.into_iter().map(ended).collect();
    for run in &runs {
        assert_eq!(run.code, 0, "{run}");
        assert_eq!(run.stdout, runs[0].stdout);
    }
    sealed.run(["status", "--verify"]).code_is(0).prints(&[&(RECORDS + 1).to_string()]);
    assert_eq!(files_left_behind(&sealed.index()), Vec::<String>::new());
}

#[test]
fn runs_at_once_on_a_missing_index_end_well() {
    let sealed = Sealed::new();
    corpus(&sealed, "a", "sindaci");
    let run = |wait: bool| {
        let mut command = sealed.command(["index", "docs"]);
        command.args(wait.then_some("--wait")).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("the binary runs")
    };
    let children = [run(true), run(true), run(false)];
    for (at, child) in children.into_iter().enumerate() {
        let output = child.wait_with_output().expect("it ended");
        let run = Run::from_output("index at once".to_owned(), output);
        // The one that does not wait comes in time or says who is in its way.
        let is_busy = at == 2 && run.code == 2 && run.stderr.contains("another gcm-search is writing");
        assert!(run.code == 0 || is_busy, "{run}");
    }
    sealed.run(["status", "--verify"]).code_is(0).prints(&[&(RECORDS + 1).to_string()]);
    assert_eq!(files_left_behind(&sealed.index()), Vec::<String>::new());
}

/// Runs a command again and again until it is told to stop, and hands each run over.
fn repeat(sealed: &Sealed, args: &[&str], stop: &AtomicBool, runs: &AtomicUsize, each: impl Fn(&Run)) {
    while !stop.load(Ordering::Relaxed) {
        let run = sealed.run(args);
        assert!(run.code == 0 && run.stderr.is_empty(), "{run}");
        each(&run);
        runs.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn readers_never_err_and_never_see_half_a_run() {
    let sealed = Sealed::new();
    let old_corpus = || {
        corpus(&sealed, "a", "sindaci");
        let _ = fs::remove_file(sealed.path().join("docs/b.jsonl"));
        let _ = fs::remove_file(sealed.path().join("docs/b.md"));
    };
    old_corpus();
    sealed.run(["index", "docs"]).code_is(0);
    let (stop, runs) = (AtomicBool::new(false), AtomicUsize::new(0));
    let total = |run: &Run| {
        let answer: gcm_search::search::Answer = serde_json::from_str(&run.stdout).expect("an answer");
        answer.total
    };
    let query = ["query", "--format", "json", "--limit", "3", "+migranti"];
    thread::scope(|scope| {
        let (sealed, stop, runs) = (&sealed, &stop, &runs);
        scope.spawn(move || {
            repeat(sealed, &query, stop, runs, |run| {
                let total = total(run);
                assert!(total == RECORDS || total == 2 * RECORDS, "{total} passages\n{run}");
            });
        });
        scope.spawn(move || {
            repeat(sealed, &["status", "--format", "json"], stop, runs, |run| {
                let status: serde_json::Value = serde_json::from_str(&run.stdout).expect("a status");
                let passages = status["passages"].as_u64().expect("a number") as usize;
                assert!(passages == RECORDS + 1 || passages == 2 * (RECORDS + 1), "{run}");
            });
        });
        scope.spawn(move || {
            repeat(sealed, &["status", "--verify"], stop, runs, |_| {});
        });
        let writer = scope.spawn(move || {
            for _ in 0..times(3, 30) {
                corpus(sealed, "b", "prefetti");
                sealed.run(["index"]).code_is(0);
                sealed.run(["index", "--rebuild"]).code_is(0);
                old_corpus();
                sealed.run(["index"]).code_is(0);
            }
        });
        let result = writer.join();
        stop.store(true, Ordering::Relaxed);
        assert!(result.is_ok(), "a writer failed");
    });
    assert!(runs.load(Ordering::Relaxed) > 6, "too few readers to prove anything");
    assert_eq!(files_left_behind(&sealed.index()), Vec::<String>::new());
}

#[test]
fn a_second_writer_is_refused_or_waits() {
    let sealed = Sealed::with_records(&[("a", "I comuni."), ("b", "Le autorità locali.")]);
    sealed.write("nuovo.txt", "I sindaci.\n");
    let lock = File::options().write(true).open(sealed.index().join(".lock")).expect("the lock");
    lock.lock().expect("locked");
    sealed.run(["index"]).code_is(2).says(&["another gcm-search is writing", "--wait"]);
    sealed.run(["index", "--rebuild"]).code_is(2).says(&["another gcm-search is writing"]);
    // Readers do not care.
    sealed.run(["query", "comuni"]).code_is(0);
    sealed.run(["status", "--verify"]).code_is(0);
    let mut waiting = sealed
        .command(["index", "--wait", "nuovo.txt"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    thread::sleep(Duration::from_millis(500));
    assert!(waiting.try_wait().expect("its state").is_none(), "it did not wait");
    assert!(found(&sealed, "sindaci").is_empty());
    lock.unlock().expect("unlocked");
    let output = waiting.wait_with_output().expect("it ended");
    Run::from_output("index --wait".to_owned(), output).code_is(0).prints(&["(1 added)"]);
    assert_eq!(found(&sealed, "sindaci").len(), 1);
}

#[test]
fn what_is_not_ours_in_an_index_is_left_alone() {
    let sealed = Sealed::with_records(&[("a", "I comuni.")]);
    let notes = sealed.write("index/generation-000001/appunti.txt", "di altri");
    sealed.write("index/generation-000001/manifest-0000000000000000.json", "{}");
    sealed.run(["index"]).code_is(0);
    assert!(notes.is_file());
    assert_eq!(files_left_behind(&sealed.index()), ["generation-000001/appunti.txt"]);
}
