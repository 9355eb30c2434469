//! `concordance`, run as a user runs it. Proves:
//!
//! - every occurrence is found, in the forms of the lexeme or with `--exact` in the very form, of words and of runs of
//!   words, and the numbers agree with a count by hand;
//! - keywords stand in one column at every width, also beside wide characters and combining marks, and no line is
//!   wider than the terminal;
//! - lines are ordered by document, by what stands before or by what stands after, the same on every run;
//! - the filters of `query` limit it, `--limit` says how many more there are, and counts count all;
//! - offsets are code points of the passage's text;
//! - nothing found is exit code 1, with the nearest word that is there.

mod common;

use common::{ALL, Sealed, built_in, words};
use gcm_search::concordance::Concordance;
use unicode_width::UnicodeWidthStr;

fn ask(sealed: &Sealed, args: &[&str]) -> Concordance {
    let run = sealed.run(["concordance", "--format", "json"].iter().chain(args));
    assert!(run.code < 2, "{run}");
    let found: Concordance =
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}\n{run}"));
    assert_eq!(run.code, i32::from(found.total == 0), "{run}");
    found
}

fn keywords(found: &Concordance) -> Vec<&str> {
    found.lines.iter().map(|line| line.keyword.as_str()).collect()
}

fn sealed() -> Sealed {
    Sealed::with_records(&[
        (
            "uno",
            "Il comune accoglie. I comuni decidono, la comunità partecipa. Dell'ente locale si parla poco.",
        ),
        (
            "due",
            "Zeta il Comune; alfa il comune. Gli enti locali e l’ente\nlocale: 移民 comune 移民 e\u{301} comune.",
        ),
    ])
}

#[test]
fn forms_phrases_and_prefixes_are_found() {
    let sealed = sealed();
    let comune = ask(&sealed, &["comune"]);
    assert_eq!((comune.total, comune.passages, comune.documents), (6, 2, 2));
    assert_eq!(keywords(&comune), ["Comune", "comune", "comune", "comune", "comune", "comuni"]);
    assert_eq!(ask(&sealed, &["comuni", "--exact"]).total, 1);
    assert_eq!(ask(&sealed, &["comun*"]).total, 7);
    assert_eq!(keywords(&ask(&sealed, &["enti", "locali"])), ["enti locali", "ente locale", "ente locale"]);
    assert_eq!(keywords(&ask(&sealed, &["\"enti locali\"", "--exact"])), ["enti locali"]);
    assert_eq!(ask(&sealed, &["kwic", "--exact"]).total, 0, "an alias of the command is no word of it");
    sealed.run(["kwic", "comune"]).code_is(0);
}

#[test]
fn numbers_agree_with_a_count_by_hand() {
    let found = ask(built_in(), &["diaspore", "--exact", "--limit", ALL]);
    let passages = built_in().ask(["+diaspore", "--duplicates", "--limit", ALL]).hits;
    let count = |text: &str| words(text).iter().filter(|word| *word == "diaspore").count();
    let by_hand: usize = passages.iter().map(|hit| count(&hit.text)).sum();
    assert!(by_hand > 10);
    assert_eq!((found.total, found.lines.len()), (by_hand, by_hand));
    let sum = |counts: &[gcm_search::concordance::Count]| counts.iter().map(|one| one.count).sum::<usize>();
    assert_eq!((sum(&found.counts.forms), sum(&found.counts.documents)), (by_hand, by_hand));
    assert_eq!(found.counts.documents.len(), found.documents);
}

#[test]
fn keywords_stand_in_one_column_at_every_width() {
    let sealed = sealed();
    for width in [30, 40, 80, 120, 200] {
        for sort in ["document", "left", "right"] {
            let run = common::Run::of(
                sealed.command(["concordance", "comune", "--sort", sort]).env("COLUMNS", width.to_string()),
            );
            let run = run.code_is(0);
            let mut places = Vec::new();
            for line in run.stdout.lines() {
                assert!(line.width() <= width, "{width} {sort}: {line:?}\n{run}");
                let is_line =
                    if sort == "document" { line.trim_start().starts_with('#') } else { line.contains('#') };
                if is_line {
                    let at = line.to_lowercase().rfind("comun").unwrap_or_else(|| panic!("{line:?}\n{run}"));
                    // Of two in one line, the keyword is the one in the column of the others.
                    let columns: Vec<usize> = line
                        .to_lowercase()
                        .match_indices("comun")
                        .map(|(at, _)| line.to_lowercase()[..at].width())
                        .collect();
                    assert!(at > 0);
                    places.push(columns);
                }
            }
            assert_eq!(places.len(), 6, "{run}");
            let shared = places[0].iter().find(|column| places.iter().all(|other| other.contains(column)));
            assert!(shared.is_some(), "{width} {sort}: {places:?}\n{run}");
        }
    }
}

#[test]
fn lines_are_ordered_as_asked() {
    let sealed = sealed();
    let order = |sort: &str| -> Vec<String> {
        let found = ask(&sealed, &["comune", "--sort", sort]);
        found.lines.iter().map(|line| format!("{}|{}", line.left.trim_end(), line.right)).collect()
    };
    let nearest_left = |line: &String| {
        let left = line.split('|').next().unwrap_or_default();
        words(left).into_iter().rfind(|word| !word.is_empty()).unwrap_or_default()
    };
    let left: Vec<String> = order("left").iter().map(nearest_left).collect();
    assert_eq!(left[..5], ["é", "i", "il", "il", "il"].map(str::to_owned), "{left:?}");
    let right = ask(&sealed, &["comune", "--sort", "right"]);
    let first: Vec<String> = right
        .lines
        .iter()
        .map(|line| words(&line.right).into_iter().find(|word| !word.is_empty()).unwrap_or_default())
        .collect();
    assert!(first.is_sorted(), "{first:?}");
    assert_eq!(order("right"), order("right"));
}

#[test]
fn filters_limits_and_counts() {
    let all = ask(built_in(), &["migranti", "--limit", ALL]);
    let local = ask(built_in(), &["migranti", "--dimension", "locale", "--limit", "3"]);
    assert!(local.total < all.total && local.total > 3);
    assert_eq!(local.lines.len(), 3);
    assert_eq!(
        local.counts.dimensions.iter().find(|one| one.id == "local").map(|one| one.count),
        Some(local.total)
    );
    assert_eq!(all.lines.len(), all.total);
    let none = ask(built_in(), &["migranti", "--limit", "0"]);
    assert_eq!((none.lines.len(), none.total), (0, all.total));
    let text = built_in().run(["concordance", "migranti", "-n", "5", "--counts"]).code_is(0);
    text.prints(&[&format!("{} more with a larger --limit", all.total - 5), "Forms", "Documents", "Actors"]);
    let lines = built_in().run(["concordance", "migranti", "-n", "5", "--format", "jsonl"]).code_is(0);
    assert_eq!(lines.json_lines().len(), 5);
}

#[test]
fn offsets_are_code_points_of_the_text() {
    let sealed = sealed();
    let text: Vec<char> = sealed.passages_of("due")[0]["text"].as_str().expect("a text").chars().collect();
    for line in ask(&sealed, &["comune", "--document", "due"]).lines {
        assert_eq!(text[line.start..line.end].iter().collect::<String>(), line.keyword);
    }
    for line in ask(&sealed, &["comune", "--context", "5"]).lines {
        assert!(line.left.trim().chars().count() <= 5 && line.right.trim().chars().count() <= 5, "{line:?}");
    }
}

#[test]
fn a_table_opens_in_a_spreadsheet_and_runs_nothing() {
    let sealed = Sealed::with_records(&[("=cmd()", "=HYPERLINK(1), \"comune\"; -1 comune")]);
    let read = |args: &[&str]| -> Vec<Vec<String>> {
        let run = sealed.run(["concordance", "comune", "--format", "csv"].iter().chain(args)).code_is(0);
        let rows =
            csv::ReaderBuilder::new().has_headers(false).from_reader(run.stdout.as_bytes()).into_records();
        rows.map(|row| row.expect("a row").iter().map(str::to_owned).collect()).collect()
    };
    let safe = read(&[]);
    assert_eq!((safe.len(), safe[0][0].as_str(), safe[0][9].as_str()), (3, "passage", "keyword"));
    assert_eq!(safe[1][9], "comune");
    for row in &safe[1..] {
        assert!(row[..11].iter().all(|cell| !cell.starts_with(['=', '+', '-', '@'])), "{row:?}");
    }
    assert_eq!(read(&["--csv-safe=false"])[1][1], "=cmd()");
}

#[test]
fn nothing_found_says_what_is_near() {
    let run = built_in().run(["concordance", "integrazzione"]).code_is(1);
    run.prints(&["No occurrence found."]).says(&["did you mean \"integrazione\"?"]);
    built_in().run(["concordance", "\"\"", "**"]).code_is(2).says(&["no word"]);
    built_in()
        .run(["concordance", "x", "--dimension", "locla"])
        .code_is(2)
        .says(&["did you mean \"local\"?"]);
}
