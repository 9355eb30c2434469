//! What holds for every query and every history of an index, tried with random ones. Proves:
//!
//! - the order of a ranked list is total: by score, then document, then passage, and no passage stands twice;
//! - pages of any size are disjoint and together are the whole list, as far as its candidates are the same, and the count of
//!   all is the same on each; a list to its end has every passage that matches once;
//! - a filter takes away what does not pass it and nothing else; several filters commute, and agree with fields in the query;
//! - what must occur and what must not part the passages in two;
//! - what explains a score adds up to it, and asking again gives the same bytes;
//! - an index that was brought up to date step by step answers as one that was made afresh, to the last byte of JSON.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::sync::OnceLock;

use common::{Random, Run, Sealed, times};
use gcm_search::document::Language;
use gcm_search::engine::{self, Engine, Place, Unit};
use gcm_search::glossary::{BUILT_IN, Glossary};
use gcm_search::query::Filters;
use gcm_search::search::{Answer, Options, Searcher};
use gcm_search::taxonomy::Taxonomy;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

const WORDS: &[&str] = &[
    "autorità",
    "locali",
    "migranti",
    "comuni",
    "integrazione",
    "rifugiati",
    "stati",
    "OIM",
    "protezione",
    "diaspore",
    "coesione",
    "sociale",
    "diritti",
    "global",
    "compact",
    "migration",
    "regionali",
    "governance",
    "73/195",
    "di",
];

const TAGS: &[&str] = &["dimension:local", "actor:migrants", "actor:states", "dimension:global"];

struct World {
    engine: Box<dyn Engine>,
    taxonomy: Taxonomy,
    glossary: Glossary,
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| World {
        engine: engine::open(&Place::Folder(common::built_in().index())).expect("an index"),
        taxonomy: Taxonomy::built_in().expect("the built-in taxonomy"),
        glossary: Glossary::parse(BUILT_IN).expect("the built-in glossary"),
    })
}

fn ask(query: &str, options: &Options) -> Answer {
    let World { engine, taxonomy, glossary } = world();
    Searcher::new(&**engine, taxonomy, glossary).answer(query, options).expect("an answer")
}

fn everything() -> Options {
    Options { limit: 100_000, ..Options::default() }
}

fn ids(answer: &Answer) -> Vec<String> {
    answer.hits.iter().map(|hit| hit.passage.clone()).collect()
}

fn set(answer: &Answer) -> BTreeSet<String> {
    answer.hits.iter().map(|hit| hit.passage.clone()).collect()
}

/// Queries of every kind of the grammar, of words that the corpus has.
fn queries() -> impl Strategy<Value = String> {
    let word = prop::sample::select(WORDS);
    let part = (word.clone(), word, 0..12_usize).prop_map(|(one, other, kind)| match kind {
        0 => format!("+{one}"),
        1 => format!("-{one}"),
        2 => format!("\"{one} {other}\"~8"),
        3 => format!("{}*", one.chars().take(4).collect::<String>()),
        4 => format!("({one} OR {other})"),
        5 => format!("({one} AND NOT {other})"),
        6 => "lang:it".to_owned(),
        7 => format!("title:{one}"),
        _ => one.to_owned(),
    });
    prop::collection::vec(part, 1..5).prop_map(|parts| parts.join(" "))
}

/// Tries a property with random input from a fixed seed.
fn holds<S: Strategy>(strategy: &S, property: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let config = Config { cases: times(48, 1_500) as u32, failure_persistence: None, ..Config::default() };
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    if let Err(error) = TestRunner::new_with_rng(config, random).run(strategy, property) {
        panic!("{error}");
    }
}

#[test]
fn the_order_is_total() {
    holds(&(queries(), any::<bool>()), |(query, duplicates)| {
        let answer = ask(&query, &Options { duplicates, ..everything() });
        for pair in answer.hits.windows(2) {
            let key = |at: usize| {
                let (document, number) = pair[at].passage.rsplit_once('#').expect("a passage's id");
                (document.to_owned(), number.parse::<u64>().expect("a number"))
            };
            let (one, other) = (pair[0].score, pair[1].score);
            // Scores are shown to six decimals; what they differ by beyond decides first.
            prop_assert!(one >= other, "{query}: {one} before {other}");
            prop_assert!(key(0) != key(1), "{query}: a passage stands twice");
            prop_assert_eq!(pair[0].rank + 1, pair[1].rank);
        }
        prop_assert_eq!(set(&answer).len(), answer.hits.len());
        prop_assert!(answer.hits.len() <= answer.total);
        if duplicates {
            prop_assert_eq!(answer.hits.len(), answer.total);
        }
        Ok(())
    });
}

/// How far down a list is the same whether it is asked for as a whole or page by page: its passages are chosen among the
/// same candidates. Further down a page has more of them, and begins with what no page before it has.
const FIRST_CANDIDATES: usize = 30;

#[test]
fn pages_are_disjoint_and_complete() {
    holds(&(queries(), 1..FIRST_CANDIDATES), |(query, size)| {
        let options = |limit, offset| Options { limit, offset, duplicates: true, ..Options::default() };
        let count = FIRST_CANDIDATES / size;
        let whole = ask(&query, &options(count * size, 0));
        let mut pages = Vec::new();
        for page in 0..count {
            let answer = ask(&query, &options(size, page * size));
            prop_assert_eq!(answer.total, whole.total);
            pages.extend(answer.hits);
        }
        prop_assert!(pages == whole.hits, "{query}: pages of {size} differ from the whole list");
        prop_assert_eq!(whole.hits.len(), whole.total.min(count * size));
        Ok(())
    });
}

#[test]
fn pages_are_disjoint_and_complete_to_the_end() {
    holds(&(queries(), 13..200_usize, any::<bool>()), |(query, size, by_document)| {
        let unit = if by_document { Unit::Document } else { Unit::Passage };
        let options = |limit, offset| Options { limit, offset, unit, duplicates: true, ..Options::default() };
        let whole = ask(&query, &options(100_000, 0));
        let mut pages = Vec::new();
        let mut last = usize::MAX;
        while last >= size {
            let answer = ask(&query, &options(size, pages.len()));
            prop_assert_eq!(answer.total, whole.total);
            prop_assert!(
                answer.hits.windows(2).all(|pair| pair[0].score >= pair[1].score),
                "{query}: no order"
            );
            last = answer.hits.len();
            pages.extend(
                answer.hits.into_iter().map(|hit| if by_document { hit.document.id } else { hit.passage }),
            );
        }
        let listed: BTreeSet<String> = pages.iter().cloned().collect();
        prop_assert_eq!(listed.len(), pages.len(), "{}: pages of {} have something in common", query, size);
        let all = whole.hits.into_iter().map(|hit| if by_document { hit.document.id } else { hit.passage });
        prop_assert!(listed == all.collect(), "{query}: pages of {size} leave something out");
        Ok(())
    });
}

#[test]
fn a_list_to_its_end_has_every_passage_once() {
    holds(&queries(), |query| {
        let answer = ask(&query, &Options { duplicates: true, ..everything() });
        prop_assert_eq!(set(&answer).len(), answer.total);
        let documents = ask(&query, &Options { unit: Unit::Document, ..everything() });
        let all: BTreeSet<&str> = answer.hits.iter().map(|hit| hit.document.id.as_str()).collect();
        let listed: Vec<&str> = documents.hits.iter().map(|hit| hit.document.id.as_str()).collect();
        prop_assert_eq!(listed.iter().copied().collect::<BTreeSet<_>>().len(), listed.len());
        prop_assert!(listed.iter().all(|document| all.contains(document)));
        Ok(())
    });
}

#[test]
fn filters_commute_and_only_take_away() {
    let tag = prop::sample::select(TAGS);
    let language = prop::sample::select(&[Language::Italian, Language::English][..]);
    holds(&(queries(), tag.clone(), tag, language), |(query, one, other, language)| {
        let options = |tags: &[&str], languages: &[Language]| Options {
            filters: Filters {
                tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
                languages: languages.to_vec(),
                ..Filters::default()
            },
            duplicates: true,
            ..everything()
        };
        // A correction of a query that finds nothing would ask for something else.
        let asked = |tags: &[&str], languages: &[Language]| {
            let answer = ask(&query, &options(tags, languages));
            if answer.corrected { BTreeSet::new() } else { set(&answer) }
        };
        let all = asked(&[], &[]);
        let (first, second) = (asked(&[one], &[]), asked(&[], &[language]));
        prop_assert!(first.is_subset(&all) && second.is_subset(&all), "{query}: a filter added a passage");
        let both: BTreeSet<String> = first.intersection(&second).cloned().collect();
        prop_assert!(asked(&[one], &[language]) == both, "{query}: {one} and {language} do not commute");
        prop_assert_eq!(
            ids(&ask(&query, &options(&[one, other], &[language]))),
            ids(&ask(&query, &options(&[other, one], &[language])))
        );
        Ok(())
    });
}

#[test]
fn what_must_and_what_must_not_occur_part_the_passages() {
    let word = prop::sample::select(WORDS);
    holds(&(queries(), word), |(query, word)| {
        let options = Options { duplicates: true, concepts: false, ..everything() };
        let asked = |sign: &str| {
            let answer = ask(&format!("+({query}) {sign}{word}"), &options);
            if answer.corrected { BTreeSet::new() } else { set(&answer) }
        };
        let (with, without) = (asked("+"), asked("-"));
        prop_assert!(with.is_disjoint(&without), "{query}: a passage has {word} and has it not");
        Ok(())
    });
}

#[test]
fn explanations_add_up_and_answers_are_the_same_again() {
    holds(&queries(), |query| {
        let options = Options { explain: true, ..Options::default() };
        let answer = ask(&query, &options);
        let text = serde_json::to_string(&answer).expect("JSON");
        prop_assert_eq!(&text, &serde_json::to_string(&ask(&query, &options)).expect("JSON"));
        for hit in &answer.hits {
            let parts = hit.explanation.as_ref().expect("an explanation");
            let sum: f64 = parts.iter().map(|part| part.score).sum();
            prop_assert!(
                (sum - hit.score).abs() < 1e-4 || parts.is_empty(),
                "{query}: {sum} is not {}",
                hit.score
            );
        }
        Ok(())
    });
}

#[test]
fn step_by_step_is_as_afresh() {
    let texts = [
        "Le autorità locali e i comuni curano l'integrazione dei migranti.",
        "I rifugiati e i migranti chiedono protezione agli Stati.",
        "# Diaspore\n\nLe diaspore mandano rimesse.\n\nLa coesione sociale nei comuni.",
        "Gli Stati adottano A/RES/73/195. I sindaci e i prefetti.",
    ];
    for seed in 1..=times(3, 40) as u64 {
        let mut random = Random::new(seed);
        let sealed = Sealed::new();
        sealed.write("docs/primo.txt", texts[0]);
        sealed.run(["index", "docs"]).code_is(0);
        for _ in 0..3 {
            for _ in 0..=random.below(5) {
                let name = format!("docs/{}{}", random.below(6), [".txt", ".md"][random.below(2)]);
                let jsonl = format!("docs/{}.jsonl", random.below(3));
                match random.below(4) {
                    0 => drop(fs::remove_file(sealed.path().join(name))),
                    1 => {
                        let word = ["comuni", "rifugiati"][random.below(2)];
                        let records = common::alike_records(&jsonl, word, 1 + random.below(40));
                        sealed.write(&jsonl, records);
                    }
                    _ => drop(sealed.write(&name, texts[random.below(4)])),
                }
            }
            // Two documents of one id are a warning, in which the order of files does not matter.
            let run = sealed.run(["index"]);
            assert!(run.code == 0 || run.stderr.contains("same id"), "{run}");
        }
        let mut fresh = common::bare_command(sealed.path());
        Run::of(fresh.args(["--index", "fresh", "index", "docs"]));
        let queries =
            ["comuni migranti", "+rifugiati", "\"autorità locali\"", "integr*", "actor:states", "prefeti~"];
        for query in queries {
            let args = ["query", "--format", "json", "--explain", "--limit", "1000", query];
            let stepwise = sealed.run(args).stdout;
            let mut command = common::bare_command(sealed.path());
            let fresh = Run::of(command.args(["--index", "fresh"]).args(args)).stdout;
            assert!(stepwise == fresh, "seed {seed}, {query}:\n{stepwise}\n{fresh}");
        }
        let stepwise = sealed.run(["export"]).stdout;
        let mut command = common::bare_command(sealed.path());
        assert_eq!(stepwise, Run::of(command.args(["--index", "fresh", "export"])).stdout, "seed {seed}");
        sealed.run(["status", "--verify"]).code_is(0);
    }
}
