//! Queries that ask for too much. Proves that each is answered with a note, in bounded memory and time: the program runs
//! under a limit of memory and of processor time, which ends it with a signal where it is exceeded.

mod common;

use common::{Run, bare_command_of, built_in};
use gcm_search::search::Answer;

/// The memory that a query may take here, in kilobytes of address space.
const MEMORY: u32 = 700_000;
/// The processor time, in seconds: many times what it takes, also on a slow machine and without optimisation.
const SECONDS: u32 = 60;

/// Asks through a batch, since a command line has a limit of its own; under limits of memory and time.
fn ask(query: &str, options: &[&str]) -> Answer {
    let record = serde_json::json!({"_id": "q", "query": query}).to_string();
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let input = folder.path().join("queries.jsonl");
    std::fs::write(&input, record).expect("written");
    let mut shell = bare_command_of("sh", folder.path());
    shell.args(["-c", &format!("ulimit -v {MEMORY}; ulimit -t {SECONDS}; exec \"$0\" \"$@\"")]);
    shell.arg(assert_cmd::cargo::cargo_bin!("gcm-search")).arg("--index").arg(built_in().index());
    let run = Run::of(shell.args(["batch", "--format", "jsonl"]).args(options).arg(&input));
    let run = if run.code == 2 { panic!("{run}") } else { run };
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}\n{run}"))
}

/// Words that no index has, each another one.
fn words(count: usize) -> impl Iterator<Item = String> {
    let letters = b"abcdefghilmnoprstuvz";
    (0..count).map(move |n| {
        let digits = [8_000, 400, 20, 1].map(|unit| letters[n / unit % 20] as char);
        format!("{}{}", digits.iter().collect::<String>(), letters[n / 160_000 % 20] as char)
    })
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(" ")
}

fn has_note(answer: &Answer, part: &str) {
    assert!(answer.notes.iter().any(|note| note.contains(part)), "no note says {part:?}: {:?}", answer.notes);
}

#[test]
fn a_hundred_thousand_words() {
    let answer = ask(&format!("migranti {}", joined(words(100_000))), &[]);
    has_note(&answer, "only its first 10000 characters are read");
    has_note(&answer, "only its first 128 words are looked up");
    assert!(answer.total > 0);
    // Each must occur, each must not, either of them.
    for sign in ["+", "-", "OR ", "AND ", "title:", "+\"a b\" OR "] {
        let answer = ask(&joined(words(20_000).map(|word| format!("{sign}{word}"))), &[]);
        has_note(&answer, "only ");
    }
}

#[test]
fn ten_thousand_wildcards() {
    for sign in ["*", "~", "~2"] {
        let answer = ask(&joined(words(10_000).map(|word| format!("{}{sign}", &word[..4]))), &[]);
        has_note(&answer, "only the first 16 words with * or ~ are looked up");
    }
    let pairs =
        "abcdefghilmnoprstuvz".chars().flat_map(|one| "aeiou".chars().map(move |two| format!("{one}{two}*")));
    assert!(ask(&joined(pairs), &[]).total > 0);
}

#[test]
fn one_letter_and_none() {
    let answer = ask("a*", &[]);
    has_note(&answer, "a* is short");
    assert!(answer.total > 100);
    for nothing in ["*", "~", "**", "?*", "\"*\"", "* * *", "()", "\"\"~5"] {
        let answer = ask(nothing, &[]);
        assert_eq!(answer.total, 0, "{nothing}");
        has_note(&answer, "no word");
    }
}

#[test]
fn deep_nesting() {
    let nested = |open: &str, count: usize| format!("{}migranti{}", open.repeat(count), ")".repeat(count));
    for open in ["(", "+(", "-(", "NOT (", "a AND (", "a OR (", "((a) ", "\"a\" OR ("] {
        let answer = ask(&nested(open, 60_000), &[]);
        has_note(&answer, "only its first 10000 characters are read");
        has_note(&answer, "nested too deep");
    }
    assert!(ask(&nested("(", 20), &[]).total > 0);
    ask(&")".repeat(100_000), &[]);
}

#[test]
fn enormous_slop() {
    for slop in ["999999999", "18446744073709551616", "4294967295", &"9".repeat(9_000)] {
        let answer = ask(&format!("\"migranti autorità\"~{slop}"), &[]);
        let far = ask("\"migranti autorità\"~1000", &[]);
        assert_eq!(answer.total, far.total, "more than a passage is long means anywhere in it");
        assert!(answer.total > 0);
    }
    let answer = ask(&joined((0..5_000).map(|n| format!("\"migranti stati {n}\"~1000"))), &[]);
    has_note(&answer, "only the first 64 phrases and fields are looked up");
}

#[test]
fn long_words_and_phrases() {
    let long = "a".repeat(200_000);
    for query in [long.clone(), format!("{long}*"), format!("\"{long}\""), format!("title:{long}")] {
        assert_eq!(ask(&query, &[]).total, 0);
    }
    let answer = ask(&format!("{}~2", "a".repeat(9_000)), &[]);
    has_note(&answer, "a ~ after a very long word was left out");
    for query in [format!("\"{}\"", joined(words(1_500))), format!("\"{}\"~9", joined(words(1_500)))] {
        has_note(&ask(&query, &[]), "only its first 128 words are looked up");
    }
    let slashes = vec!["a"; 4_900].join("/");
    ask(&format!("+{slashes}"), &[]);
    ask(&slashes, &[]);
}

#[test]
fn huge_limits_and_offsets() {
    let all = ask("migranti", &["--limit", "100000"]);
    for limit in ["1000000000", "18446744073709551615"] {
        let answer = ask("migranti", &["--limit", limit]);
        assert_eq!(answer.hits, all.hits, "{limit}");
        for offset in ["1000000000", "18446744073709551615"] {
            let answer = ask("migranti", &["--limit", limit, "--offset", offset]);
            assert_eq!((answer.hits.len(), answer.total), (0, all.total), "{offset}");
        }
    }
}
