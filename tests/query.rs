//! `query`, run as a user runs it. Proves:
//!
//! - the built-in corpus answers the questions it is there for, with the right passage among the first three,
//!   tagged with its dimension and its actor;
//! - every way of typing an apostrophe or an accent gives the same hits;
//! - words that only look alike (comune and comunità, sindaco and sindacato, porto and porta, …) are kept apart, and
//!   words that are forms of one another (ente and enti, uomo and uomini, …) meet;
//! - no input makes a query fail: notes, not errors; exit codes are 0 hits, 1 none, 2 error;
//! - symbols such as A/RES/73/195 are found whole;
//! - each filter filters, by id or label, and a wrong value is refused with what may have been meant;
//! - any limit and offset work; pages are disjoint and together complete;
//! - the JSON is exactly the contract's, and highlights are offsets in code points;
//! - a text that stands in several places shows once unless `--duplicates`;
//! - a misspelt query is corrected, and it is said so.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use common::{ALL, Sealed, built_in, documents, passages, tags, words};
use gcm_search::document::Language;
use serde_json::{Value, json};

const STOCKTAKING: &str = "oim-italia/stocktaking-puerto-vallarta";

// ---- the right passage first ----

/// The item of the stocktaking meeting's list stands among the first three.
#[track_caller]
fn item_is_among_the_first_three(args: &[&str], item: usize) {
    let answer = built_in().ask(args);
    // The introduction is passage 1, so that item N of the list is passage N + 1.
    let expected = format!("{STOCKTAKING}#{}", item + 1);
    let first: Vec<String> = passages(&answer).into_iter().take(3).collect();
    let rank = passages(&built_in().ask(args.iter().copied().chain(["--limit", ALL])))
        .iter()
        .position(|passage| *passage == expected)
        .map(|at| at + 1);
    assert!(
        first.contains(&expected),
        "{args:?}: {expected} has rank {rank:?}; the first three are {first:?}"
    );
}

#[test]
fn local_authorities_are_found_and_tagged() {
    item_is_among_the_first_three(&["autorità locali"], 3);
    let answer = built_in().ask(["autorità locali"]);
    let expected = format!("{STOCKTAKING}#4");
    let hit = answer.hits.iter().find(|hit| hit.passage == expected).expect("the local item");
    let tags = tags(hit);
    assert!(tags.contains(&"local".to_owned()), "{tags:?}");
    assert!(tags.contains(&"local-authorities".to_owned()), "{tags:?}");
    assert_eq!(answer.concepts, ["local-authorities"]);
}

#[test]
fn diasporas_in_the_community_dimension() {
    item_is_among_the_first_three(&["diaspore", "--dimension", "community"], 2);
}

#[test]
fn sovereignty_of_states() {
    item_is_among_the_first_three(&["sovranità", "--actor", "states"], 4);
}

#[test]
fn regional_organisations_in_the_global_dimension() {
    item_is_among_the_first_three(&["organizzazioni regionali", "--dimension", "global"], 6);
}

#[test]
fn social_cohesion_in_italian() {
    item_is_among_the_first_three(&["coesione sociale", "--lang", "it"], 2);
}

// ---- spellings ----

#[test]
fn every_spelling_gives_the_same_hits() {
    let families: &[&[&str]] = &[
        &[
            "l'accoglienza",
            "l’accoglienza",
            "lʼaccoglienza",
            "l`accoglienza",
            "l´accoglienza",
            "l‘accoglienza",
            "L'ACCOGLIENZA",
            "accoglienza",
        ],
        &[
            "autorità locali",
            "autorita' locali",
            "AUTORITA' LOCALI",
            "AUTORITÀ LOCALI",
            "autorita\u{300} locali",
            "AUTORITA\u{300} LOCALI",
            "autorita locali",
            "autorita’ locali",
            "autorita` locali",
            "  autorità \t locali ",
        ],
        &["comunità", "comunita'", "comunita", "comunita\u{300}", "COMUNITA'"],
        &["dell'OIM", "dell’OIM", "dell`oim", "OIM"],
        &["sovranità", "sovranita'", "sovranita", "sovranita\u{300}"],
    ];
    let mut wrong = Vec::new();
    for family in families {
        let plain = built_in().ask([family[0], "--limit", ALL]);
        assert!(plain.total > 0, "{}", family[0]);
        for spelling in &family[1..] {
            let other = built_in().ask([spelling, "--limit", ALL]);
            let scores = |answer: &gcm_search::search::Answer| -> Vec<(String, f64)> {
                answer.hits.iter().map(|hit| (hit.passage.clone(), hit.score)).collect()
            };
            if scores(&plain) != scores(&other) {
                wrong.push(format!(
                    "{:?} finds {} {:?}, {spelling:?} finds {} {:?}",
                    family[0],
                    plain.total,
                    passages(&plain).iter().take(3).collect::<Vec<_>>(),
                    other.total,
                    passages(&other).iter().take(3).collect::<Vec<_>>(),
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_typographic_quotation_mark_makes_a_phrase() {
    let plain = passages(&built_in().ask(["\"autorità locali\"", "--limit", ALL]));
    for query in ["“autorità locali”", "«autorità locali»", "\"autorita' locali\"", "„autorita locali“"]
    {
        assert_eq!(passages(&built_in().ask([query, "--limit", ALL])), plain, "{query}");
    }
}

// ---- words that look alike ----

/// All that a passage is found by: its text, its headings, its title.
fn everything(hit: &gcm_search::search::AnswerHit) -> Vec<String> {
    let mut all = words(&hit.text);
    all.extend(hit.headings.iter().flat_map(|heading| words(heading)));
    all.extend(hit.document.title.iter().flat_map(|title| words(title)));
    all
}

fn has(all: &[String], some: &[&str]) -> bool {
    all.iter().any(|word| some.contains(&word.as_str()))
}

#[test]
fn a_municipality_is_no_community() {
    let answer = built_in().ask(["+comuni", "--limit", ALL]);
    assert!(answer.total > 0);
    for hit in &answer.hits {
        let all = everything(hit);
        let only_alike =
            all.iter().any(|word| word.starts_with("comuni")) && !has(&all, &["comune", "comuni"]);
        assert!(!only_alike, "{} has only comunità or comunicazione: {}", hit.passage, hit.text);
    }
}

#[test]
fn municipalities_rank_above_communities_and_communication() {
    // Whatever the corpus holds: a word that is nowhere excludes nothing.
    let corpus = built_in().ask(["--duplicates", "--limit", ALL, "--lang", "it", "--", "-zzyzzxq"]);
    assert!(corpus.total > 400, "{}", corpus.total);
    let right: &[&str] = &["comune", "comuni"];
    let with_it: BTreeSet<String> = corpus
        .hits
        .iter()
        .filter(|hit| has(&words(&hit.text), right))
        .map(|hit| hit.passage.clone())
        .collect();
    assert!(with_it.len() > 10);
    for query in ["comune", "comuni"] {
        let answer = built_in().ask([query, "--duplicates", "--limit", ALL, "--lang", "it"]);
        let found = passages(&answer);
        let lowest = with_it
            .iter()
            .map(|passage| {
                found.iter().position(|other| other == passage).unwrap_or_else(|| {
                    panic!("{query}: {passage} has the word and is not found among {}", found.len())
                })
            })
            .max()
            .unwrap_or_default();
        let above: Vec<&str> = answer.hits[..=lowest]
            .iter()
            .filter(|hit| {
                let all = everything(hit);
                all.iter().any(|word| word.starts_with("comuni")) && !has(&all, right)
            })
            .map(|hit| hit.passage.as_str())
            .collect();
        assert!(
            above.is_empty(),
            "{query}: these have only comunità or comunicazione and rank above {}: {above:?}",
            found[lowest]
        );
    }
}

/// Words of which neither is a form of the other, in their forms.
const ALIKE: &[(&[&str], &[&str])] = &[
    (&["sindaco", "sindaci"], &["sindacato", "sindacati"]),
    (&["autorità"], &["autore", "autori"]),
    (&["trattato", "trattati"], &["tratta"]),
    (&["minore", "minori"], &["minoranza", "minoranze"]),
    (&["parlamento", "parlamenti"], &["parlare"]),
    (&["frontiera", "frontiere"], &["fronte", "fronti"]),
    (&["costa", "coste"], &["costo", "costi"]),
    (&["porto", "porti"], &["porta", "porte"]),
    (&["casa", "case"], &["caso", "casi"]),
    (&["salute"], &["saluto", "saluti"]),
    (&["banca", "banche"], &["banco", "banchi"]),
    (&["comune", "comuni"], &["comunità", "comunicazione"]),
];

const LONG: &str = "Nella relazione di quest'anno si descrive, con molte parole e senza fretta, un argomento \
    che riguarda tutti quelli che leggono: in fondo alla pagina, dopo una lunga premessa, si nomina anche";

/// For every word a short document, which ranks high, and a long one, which ranks low.
fn alike() -> &'static Sealed {
    static ALIKE_INDEX: OnceLock<Sealed> = OnceLock::new();
    ALIKE_INDEX.get_or_init(|| {
        let forms: BTreeSet<&str> =
            ALIKE.iter().flat_map(|(one, other)| one.iter().chain(*other)).copied().collect();
        let records: Vec<(String, String)> = forms
            .iter()
            .flat_map(|form| {
                [
                    (format!("{form}-breve"), format!("Di {form}, ancora {form}.")),
                    (format!("{form}-lungo"), format!("{LONG} {form}.")),
                ]
            })
            .collect();
        let records: Vec<(&str, &str)> =
            records.iter().map(|(id, text)| (id.as_str(), text.as_str())).collect();
        Sealed::with_records(&records)
    })
}

fn form_of(document: &str) -> &str {
    document.rsplit_once('-').map_or(document, |(form, _)| form)
}

#[test]
fn words_that_look_alike_rank_below_the_word_itself() {
    let mut wrong = Vec::new();
    let both_ways = ALIKE.iter().flat_map(|&(one, other)| [(one, other), (other, one)]);
    for (right, alike_forms) in both_ways {
        for query in right {
            let found = documents(&alike().ask([query, "--limit", ALL]));
            // The very word, and not necessarily its other forms: that is what another test proves.
            let rank = |id: &str| found.iter().position(|other| other == id);
            let (short, long) = (rank(&format!("{query}-breve")), rank(&format!("{query}-lungo")));
            let (Some(short), Some(long)) = (short, long) else {
                wrong.push(format!("{query} does not find itself: {found:?}"));
                continue;
            };
            let above: Vec<&String> =
                found[..short.max(long)].iter().filter(|id| alike_forms.contains(&form_of(id))).collect();
            if !above.is_empty() {
                wrong.push(format!("{query}: {above:?} rank above a document that has the word"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn other_forms_of_a_word_rank_above_words_that_look_alike() {
    let mut wrong = Vec::new();
    for &(one, other) in ALIKE.iter() {
        for (right, alike_forms) in [(one, other), (other, one)] {
            // Two that are no forms of each other.
            if right.contains(&"comunità") {
                continue;
            }
            for query in right {
                let found = documents(&alike().ask([query, "--limit", ALL]));
                for form in right {
                    let lowest = ["breve", "lungo"]
                        .iter()
                        .map(|length| found.iter().position(|id| *id == format!("{form}-{length}")))
                        .max_by_key(|rank| rank.unwrap_or(usize::MAX))
                        .flatten();
                    let Some(lowest) = lowest else {
                        wrong.push(format!("{query} does not find {form}: {found:?}"));
                        continue;
                    };
                    let above: Vec<&String> =
                        found[..lowest].iter().filter(|id| alike_forms.contains(&form_of(id))).collect();
                    if !above.is_empty() {
                        wrong.push(format!("{query}: {above:?} rank above a document with {form}"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_required_word_is_not_met_by_one_that_looks_alike() {
    let mut wrong = Vec::new();
    let both_ways = ALIKE.iter().flat_map(|&(one, other)| [(one, other), (other, one)]);
    for (right, alike_forms) in both_ways {
        for query in right {
            let found = documents(&alike().ask([format!("+{query}").as_str(), "--limit", ALL]));
            let strays: Vec<&String> = found.iter().filter(|id| alike_forms.contains(&form_of(id))).collect();
            if !strays.is_empty() {
                wrong.push(format!("+{query} matches {strays:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn forms_of_one_word_meet() {
    let families: &[&[&str]] = &[
        &["ente", "enti"],
        &["frontiera", "frontiere"],
        &["regolare", "regolari"],
        &["irregolare", "irregolari"],
        &["beneficio", "benefici"],
        &["uomo", "uomini"],
        &["straniero", "straniere", "stranieri", "straniera"],
        &["gioventù", "gioventu"],
        &["comune", "comuni"],
        &["migrante", "migranti"],
        &["città", "citta'", "citta"],
        &["lavoratore", "lavoratori", "lavoratrice", "lavoratrici"],
    ];
    let forms: Vec<&str> = families.iter().flat_map(|family| family.iter().copied()).collect();
    let records: Vec<(&str, String)> =
        forms.iter().map(|form| (*form, format!("Qui si parla di {form} e basta."))).collect();
    let records: Vec<(&str, &str)> = records.iter().map(|(id, text)| (*id, text.as_str())).collect();
    let sealed = Sealed::with_records(&records);
    let mut wrong = Vec::new();
    for family in families {
        for query in *family {
            let found = documents(&sealed.ask([*query, "--limit", ALL, "--duplicates"]));
            let missing: Vec<&&str> =
                family.iter().filter(|form| !found.iter().any(|id| id == **form)).collect();
            if !missing.is_empty() {
                wrong.push(format!("{query} does not find {missing:?}, only {found:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

// ---- odd input ----

#[test]
fn odd_input_is_never_an_error() {
    let long = "autorità locali ".repeat(625);
    assert_eq!(long.chars().count(), 10_000);
    let one_long_word = "a".repeat(10_000);
    let nested = format!("{}migranti{}", "(".repeat(3_000), ")".repeat(3_000));
    let odd: &[&str] = &[
        "art. 2: migranti",
        "\"minori non accompagnati",
        "minori\" non",
        "“minori",
        "\"\"",
        "\"",
        "'",
        "e il dei",
        "😀",
        "👩\u{200D}👩\u{200D}👧 migranti",
        &long,
        &one_long_word,
        &nested,
        "-migranti",
        "AND OR (",
        ")",
        "((",
        "integr*",
        "*",
        "a*",
        "autorita~1",
        "autorita~9",
        "~",
        "\"autorità locali\"~",
        "\"autorità locali\"~99999999999999999999",
        "+",
        "- -",
        "+-migranti",
        "NOT",
        "NOT NOT migranti",
        "dimensione:",
        "dimensione:inesistente",
        "lingua:klingon",
        "titolo:",
        ":",
        "http://example.org/?a=b&c=d",
        "C:\\temp",
        "[OIM] {x} <y> ^2 a/b \\",
        "",
        " ",
        "\u{0}\u{7}\u{1B}[31m".trim_start_matches('\u{0}'),
        "\u{202E}itnargim",
        "ﬁne ﬀ ﷺ İ ı ẞ",
        "中文 русский العربية",
        "7",
        "1,5 °C 50%",
    ];
    for query in odd {
        for format in ["json", "text", "jsonl"] {
            let run = built_in().run(["query", "--format", format, "--", query]);
            assert!(run.code < 2, "{run}");
            if format == "json" {
                let answer: gcm_search::search::Answer =
                    serde_json::from_str(&run.stdout).expect("an answer");
                assert_eq!(answer.query, *query);
            }
        }
    }
}

#[test]
fn what_was_read_otherwise_is_said() {
    for (query, note) in [
        ("\"autorità locali", "quotation mark"),
        ("(autorità locali", "parenthesis"),
        ("migranti)", "parenthesis"),
        ("migranti OR", "OR"),
        ("e il dei", "function words"),
    ] {
        let run = built_in().run(["query", query]).code_is(0).says(&[note]);
        assert!(run.stderr.starts_with("gcm-search: "), "{run}");
        built_in().run(["--quiet", "query", query]).code_is(0);
        assert_eq!(built_in().run(["--quiet", "query", query]).stderr, "");
    }
}

#[test]
fn operators_do_what_they_say() {
    let sealed = Sealed::with_records(&[
        ("frase", "I minori non accompagnati arrivano in Italia."),
        ("no", "I minori stranieri bene accompagnati arrivano in Italia."),
        ("integrazione", "L'integrazione dei rifugiati."),
        ("integrare", "Per integrare i rifugiati serve tempo."),
        ("autorita", "Le autorità dello Stato."),
        ("vicine", "Le autorità, in particolare quelle locali, decidono."),
    ]);
    let found = |query: &str| -> BTreeSet<String> {
        documents(&sealed.ask(["--limit", ALL, "--", query])).into_iter().collect()
    };
    let set = |ids: &[&str]| -> BTreeSet<String> { ids.iter().map(|id| (*id).to_owned()).collect() };
    assert_eq!(found("\"minori non accompagnati\""), set(&["frase"]));
    assert_eq!(found("+minori -stranieri"), set(&["frase"]));
    assert_eq!(found("minori NOT stranieri"), set(&["frase"]));
    assert_eq!(found("rifugiati AND tempo"), set(&["integrare"]));
    assert_eq!(found("stranieri OR tempo"), set(&["no", "integrare"]));
    assert_eq!(found("+integr*"), set(&["integrazione", "integrare"]));
    assert_eq!(found("+autorota~1"), set(&["autorita", "vicine"]));
    assert_eq!(found("\"locali autorità\"~5"), set(&["vicine"]));
    assert_eq!(found("\"autorità locali\""), set(&[]));
    assert_eq!(documents(&sealed.ask(["--all", "minori stranieri"])), ["no"]);
}

// ---- symbols ----

#[test]
fn a_symbol_is_found_whole() {
    let sealed = Sealed::with_records(&[
        ("patto", "La risoluzione A/RES/73/195 del 19 dicembre 2018 adotta il Patto."),
        ("altra", "La risoluzione A/RES/71/1 e la A/RES/73/151, adottate da 195 Stati nella sessione 73."),
        ("numeri", "Sono 73 su 195."),
    ]);
    for query in ["A/RES/73/195", "a/res/73/195", "73/195", "risoluzione 73/195"] {
        let answer = sealed.ask([query]);
        assert_eq!(documents(&answer).first().map(String::as_str), Some("patto"), "{query}");
    }
    for query in ["+A/RES/73/195", "+73/195", "\"A/RES/73/195\""] {
        assert_eq!(documents(&sealed.ask([query])), ["patto"], "{query}");
    }
    for query in ["A/RES/73/195", "73/195"] {
        let answer = built_in().ask([query]);
        assert!(answer.total > 0);
        for hit in &answer.hits {
            let in_text = hit.text.contains("73/195");
            let in_symbol = hit.document.symbol.as_deref().is_some_and(|symbol| symbol.contains("73/195"));
            assert!(in_text || in_symbol, "{query}: {}", hit.passage);
        }
    }
}

// ---- filters ----

#[test]
fn each_filter_filters() {
    let all = built_in().ask(["migranti", "--limit", ALL]).total;
    let narrowed = |args: &[&str]| {
        let answer = built_in().ask(["migranti", "--limit", ALL].into_iter().chain(args.iter().copied()));
        assert!(answer.total > 0 && answer.total < all, "{args:?}: {} of {all}", answer.total);
        answer
    };
    for name in
        ["local", "locale", "LOCALE", "Dimensione locale", "Dimension locale", "subnational dimension"]
    {
        for hit in narrowed(&["--dimension", name]).hits {
            assert!(hit.dimensions.iter().any(|tag| tag.id == "local"), "{name}: {}", hit.passage);
        }
    }
    for name in
        ["local-authorities", "autorità locali", "autorita' locali", "local authorities", "autorités locales"]
    {
        for hit in narrowed(&["--actor", name]).hits {
            assert!(hit.actors.iter().any(|tag| tag.id == "local-authorities"), "{name}: {}", hit.passage);
        }
    }
    for (name, language) in [("it", Language::Italian), ("italiano", Language::Italian)] {
        for hit in narrowed(&["--lang", name]).hits {
            assert_eq!(hit.language, language);
        }
    }
    for hit in narrowed(&["--document", STOCKTAKING]).hits {
        assert_eq!(hit.document.id, STOCKTAKING);
    }
    for name in ["oim-italia", "oim-italia/"] {
        for hit in narrowed(&["--document", name]).hits {
            assert!(hit.document.id.starts_with("oim-italia/"));
        }
    }
    for hit in narrowed(&["--document", "Integrazione"]).hits {
        assert_eq!(hit.document.id, "oim-italia/integrazione");
    }
    for name in ["OIM Italia", "oim italia"] {
        for hit in narrowed(&["--publisher", name]).hits {
            assert_eq!(hit.document.publisher.as_deref(), Some("OIM Italia"));
        }
    }
    for hit in narrowed(&["--since", "2018-01-01"]).hits {
        assert!(hit.document.date.expect("a date").last_day() >= 20_180_101, "{}", hit.passage);
    }
    for hit in narrowed(&["--until", "2017"]).hits {
        assert!(hit.document.date.expect("a date").first_day() <= 20_171_231, "{}", hit.passage);
    }
    for hit in narrowed(&["--since", "2017-12-06", "--until", "2017-12-06"]).hits {
        assert_eq!(hit.document.date.expect("a date").to_string().get(..4), Some("2017"));
    }
}

#[test]
fn filters_add_up() {
    // Of one kind either, of several kinds both.
    let local = built_in().ask(["migranti", "--dimension", "local"]).total;
    let regional = built_in().ask(["migranti", "--dimension", "regional"]).total;
    let either =
        built_in().ask(["migranti", "--dimension", "local", "--dimension", "regional", "--limit", ALL]);
    assert!(either.total >= local.max(regional) && either.total <= local + regional);
    for hit in &either.hits {
        assert!(
            hit.dimensions.iter().any(|tag| tag.id == "local" || tag.id == "regional"),
            "{}",
            hit.passage
        );
    }
    let both = built_in().ask(["migranti", "--dimension", "local", "--actor", "states", "--limit", ALL]);
    assert!(both.total > 0 && both.total < local);
    for hit in &both.hits {
        let tags = tags(hit);
        assert!(tags.contains(&"local".to_owned()) && tags.contains(&"states".to_owned()), "{tags:?}");
    }
    assert_eq!(both.filters.tags, ["dimension:local", "actor:states"]);
}

#[test]
fn filters_stand_in_the_query_too() {
    for (query, args) in [
        ("migranti dimensione:locale", ["--dimension", "local"]),
        ("migranti dimension:local", ["--dimension", "local"]),
        ("migranti attore:\"autorità locali\"", ["--actor", "local-authorities"]),
        ("migranti actor:local-authorities", ["--actor", "local-authorities"]),
        ("migranti lingua:en", ["--lang", "en"]),
        ("migranti lang:en", ["--lang", "en"]),
    ] {
        let one: BTreeSet<String> = passages(&built_in().ask([query, "--limit", ALL])).into_iter().collect();
        let other: BTreeSet<String> =
            passages(&built_in().ask(["migranti", "--limit", ALL].into_iter().chain(args)))
                .into_iter()
                .collect();
        assert!(one.is_superset(&other), "{query}: {:?} are missing", other.difference(&one));
    }
    for query in ["titolo:glossario", "title:glossario"] {
        let answer = built_in().ask([query, "--limit", ALL]);
        assert!(answer.total > 0);
        for hit in answer.hits {
            let title = hit.document.title.unwrap_or_default().to_lowercase();
            let headings = hit.headings.join(" ").to_lowercase();
            assert!(title.contains("glossario") || headings.contains("glossario"), "{}", hit.passage);
        }
    }
}

#[test]
fn what_cannot_be_looked_up_is_found_nowhere_under_a_filter_either() {
    for query in ["title:di", "\"\"  title:il", "(title:la)"] {
        for args in [&[][..], &["--dimension", "local"], &["--lang", "it"]] {
            let answer = built_in().ask([query, "--limit", ALL].iter().chain(args).copied());
            assert_eq!(answer.total, 0, "{query} {args:?}");
            assert!(answer.notes.iter().any(|note| note.contains("no word")), "{query}: {:?}", answer.notes);
        }
    }
    // Nothing written asks for all that the filter lets pass.
    assert!(built_in().ask(["", "--dimension", "local", "--limit", ALL]).total > 0);
}

#[test]
fn a_wrong_filter_value_is_refused_with_a_suggestion() {
    for (option, wrong, right) in [
        ("--dimension", "locla", "local"),
        ("--actor", "migrans", "igrant"),
        ("--lang", "klingon", "it, en, fr, es"),
        ("--document", "oim-italia/integrazion", "oim-italia/integrazione"),
        ("--publisher", "OIM Itali", "oim italia"),
        ("--since", "ieri", "YYYY-MM-DD"),
        ("--until", "2018-13", "YYYY-MM-DD"),
    ] {
        let run = built_in().run(["query", "migranti", option, wrong]).code_is(2).says(&[wrong, right]);
        assert_eq!(run.stdout, "", "{run}");
    }
    // Nothing near: what there is, or where to see it.
    built_in().run(["query", "x", "--dimension", "zzzzzzzz"]).code_is(2).says(&["zzzzzzzz"]);
    built_in().run(["query", "x", "--publisher", "zzzzzzzz"]).code_is(2).says(&["oim italia"]);
    built_in().run(["query", "x", "--document", "zzzzzzzz"]).code_is(2).says(&["status --documents"]);
}

// ---- pages ----

#[test]
fn any_limit_and_offset_work() {
    let total = built_in().ask(["migranti"]).total;
    let huge = usize::MAX.to_string();
    for args in [
        ["--limit", "0", "--offset", "0"],
        ["--limit", "0", "--offset", &huge],
        ["--limit", "10", "--offset", "100000"],
        ["--limit", &huge, "--offset", &huge],
        ["--limit", "10", "--offset", &huge],
    ] {
        let answer = built_in().ask(["migranti"].into_iter().chain(args));
        assert_eq!((answer.total, answer.hits.len()), (total, 0), "{args:?}");
    }
    let answer = built_in().ask(["migranti", "--duplicates", "--limit", &huge]);
    assert_eq!((answer.total, answer.hits.len()), (total, total));
    assert_eq!(built_in().ask(["migranti"]).hits.len(), 10);
    built_in().run(["query", "migranti", "--limit", "-1"]).code_is(2);
}

#[test]
fn pages_are_disjoint_and_complete() {
    for query in ["migranti", "autorità locali", "\"diritti umani\"", "dimensione:locale"] {
        for extra in [&[][..], &["--duplicates"][..]] {
            let base = [query].into_iter().chain(extra.iter().copied());
            let whole = built_in().ask(base.clone().chain(["--limit", ALL]));
            let unique: BTreeSet<String> = passages(&whole).into_iter().collect();
            assert_eq!(unique.len(), whole.hits.len(), "{query}: a passage stands twice");
            if !extra.is_empty() {
                assert_eq!(whole.hits.len(), whole.total, "{query}");
            }
            let size = whole.hits.len().div_ceil(6).max(1);
            let mut joined = Vec::new();
            for offset in (0..whole.hits.len() + size).step_by(size) {
                let (size, offset) = (size.to_string(), offset.to_string());
                let page = built_in().ask(base.clone().chain(["--limit", &size, "--offset", &offset]));
                assert_eq!(page.total, whole.total);
                joined.extend(page.hits);
            }
            let ids = |hits: &[gcm_search::search::AnswerHit]| -> Vec<String> {
                hits.iter().map(|hit| format!("{} {}", hit.rank, hit.passage)).collect()
            };
            assert_eq!(ids(&joined), ids(&whole.hits), "{query} {extra:?}");
            for (at, hit) in whole.hits.iter().enumerate() {
                assert_eq!(hit.rank, at + 1);
            }
            let falling = whole.hits.windows(2).all(|pair| pair[0].score >= pair[1].score);
            assert!(falling, "{query}: scores rise");
        }
    }
}

#[test]
fn pages_are_disjoint_where_all_passages_are_equally_good() {
    // The order in which they are read is not the order of their ids.
    let ids: Vec<String> = (0..600).map(|n| format!("d{:03}", n * 7 % 600)).collect();
    let texts: Vec<String> = ids.iter().map(|id| format!("Il testo {id} parla di sindaci.")).collect();
    let records: Vec<(&str, &str)> =
        ids.iter().zip(&texts).map(|(id, text)| (id.as_str(), text.as_str())).collect();
    let sealed = Sealed::with_records(&records);
    let mut right = ids.clone();
    right.sort();
    let whole = documents(&sealed.ask(["sindaci", "--limit", ALL]));
    assert_eq!(whole, right, "ties are ordered by document");
    let pages: Vec<String> = (0..600)
        .step_by(50)
        .flat_map(|offset| {
            documents(&sealed.ask(["sindaci", "--limit", "50", "--offset", &offset.to_string()]))
        })
        .collect();
    let unique: BTreeSet<&String> = pages.iter().collect();
    assert_eq!(unique.len(), 600, "of 600 passages the pages show {} different ones", unique.len());
    assert_eq!(pages, right);
}

// ---- exit codes and forms ----

#[test]
fn exit_codes_are_as_greps() {
    built_in().run(["query", "migranti"]).code_is(0);
    built_in().run(["query", "zzyzzxq"]).code_is(1).prints(&["No passage found."]);
    assert_eq!(built_in().run(["query", "zzyzzxq", "--format", "jsonl"]).code_is(1).stdout, "");
    built_in().run(["query"]).code_is(2);
    built_in().run(["query", "-migranti"]).code_is(2).says(&["--"]);
    built_in().run(["query", "migranti", "--format", "xml"]).code_is(2).says(&["xml", "json"]);
    built_in().run(["queri", "migranti"]).code_is(2).says(&["query"]);
    built_in().run(["--help"]).code_is(0).prints(&["query", "index"]);
    built_in().run(["--version"]).code_is(0).prints(&[env!("CARGO_PKG_VERSION")]);
    built_in()
        .run(["show", "oim-italia/integrazion"])
        .code_is(2)
        .says(&["did you mean \"oim-italia/integrazione\""]);
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn the_json_is_the_contracts() {
    let run =
        built_in().run(["query", "autorità locali", "--dimension", "local", "--format", "json"]).code_is(0);
    assert_eq!(run.stdout.lines().count(), 1);
    let answer: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let set = |names: &[&'static str]| -> BTreeSet<&'static str> { names.iter().copied().collect() };
    assert_eq!(
        keys(&answer),
        set(&[
            "concepts",
            "corrected",
            "filters",
            "format_version",
            "hits",
            "id",
            "notes",
            "query",
            "suggestion",
            "total",
            "translations"
        ])
    );
    assert_eq!(answer["query"], "autorità locali");
    assert_eq!(answer["suggestion"], Value::Null);
    let hits = answer["hits"].as_array().expect("hits");
    assert_eq!(hits.len(), 10);
    for hit in hits {
        assert_eq!(
            keys(hit),
            set(&[
                "actors",
                "dimensions",
                "document",
                "headings",
                "language",
                "page",
                "page_label",
                "paragraph",
                "passage",
                "rank",
                "score",
                "snippet",
                "tags",
                "text"
            ])
        );
        let mut document = keys(&hit["document"]);
        document.remove("licence");
        assert_eq!(document, set(&["date", "id", "language", "path", "publisher", "symbol", "title", "url"]));
        assert_eq!(keys(&hit["snippet"]), set(&["highlights", "text"]));
        for tag in ["dimensions", "actors"].iter().flat_map(|kind| hit[kind].as_array().expect("tags")) {
            assert_eq!(keys(tag), set(&["id", "label", "score"]));
            let score = tag["score"].as_f64().expect("a score");
            assert!(score > 0.0 && score <= 1.0, "{tag}");
        }
    }
    // JSON Lines are the same hits, one a line, each with the version.
    let mut lines = built_in()
        .run(["query", "autorità locali", "--dimension", "local", "--format", "jsonl"])
        .code_is(0)
        .json_lines();
    for line in &mut lines {
        assert_eq!(line.as_object_mut().expect("an object").remove("format_version"), Some(json!(1)));
    }
    assert_eq!(&lines, hits);
}

#[test]
fn the_same_query_gives_the_same_bytes() {
    for format in ["text", "json", "jsonl"] {
        let args = ["query", "integrazione dei migranti", "--explain", "--limit", "50", "--format", format];
        assert_eq!(built_in().run(args).stdout, built_in().run(args).stdout);
    }
}

#[test]
fn explanations_are_added_and_change_no_hit() {
    let plain = built_in().ask(["autorità locali"]);
    let explained = built_in().ask(["autorità locali", "--explain"]);
    assert_eq!(passages(&plain), passages(&explained));
    for hit in &explained.hits {
        let parts = hit.explanation.as_ref().expect("an explanation");
        let sum: f64 = parts.iter().map(|part| part.score).sum();
        assert!((sum - hit.score).abs() < 1e-3, "{}: {sum} is not {}", hit.passage, hit.score);
    }
    built_in().run(["query", "autorità locali", "--explain"]).code_is(0).prints(&["autorita"]);
}

#[test]
fn highlights_slice_the_snippet() {
    let mut beyond_ascii = 0;
    for (query, starts) in [
        // In the other languages, what the glossary calls them there.
        ("autorità locali", &["autorit", "local", "authorit", "autoridad"][..]),
        // Below the passages with the word stand those with its kin, comune.
        ("comunità", &["comun"][..]),
        ("\"diritti umani\"", &["diritt", "uman"][..]),
        ("l'accoglienza", &["accogli"][..]),
        ("integr*", &["integr"][..]),
        ("A/RES/73/195", &["a/res/73/195", "73/195"][..]),
    ] {
        let answer = built_in().ask([query, "--limit", "60"]);
        let mut marked = 0;
        for hit in &answer.hits {
            let chars: Vec<char> = hit.snippet.text.chars().collect();
            assert!(hit.text.contains(&hit.snippet.text), "{query}: {} is no part of its text", hit.passage);
            let mut last = 0;
            for &(from, to) in &hit.snippet.highlights {
                assert!(last <= from && from < to && to <= chars.len(), "{query}: {:?}", hit.snippet);
                last = to;
                beyond_ascii += usize::from(!chars[..from].iter().all(char::is_ascii));
                let slice: String = chars[from..to].iter().collect();
                let folded = gcm_search::analysis::fold::fold(&slice);
                assert!(
                    starts.iter().any(|start| folded.starts_with(start)),
                    "{query}: {slice:?} in {}",
                    hit.passage
                );
                marked += 1;
            }
        }
        assert!(marked > 0, "{query}: nothing is marked");
    }
    assert!(beyond_ascii > 0, "no highlight stands after a letter beyond ASCII: the test proves nothing");
}

#[test]
fn labels_come_in_the_language_asked_for() {
    for (language, label) in [
        ("it", "Dimensione locale"),
        ("en", "Local (subnational) dimension"),
        ("fr", "Dimension locale"),
        ("es", "Dimensión local"),
    ] {
        let run =
            built_in().run(["--labels", language, "query", "autorità locali", "--format", "json"]).code_is(0);
        assert!(run.stdout.contains(&format!("\"label\":\"{label}\"")), "{language}");
    }
    built_in().run(["--labels", "de", "query", "x"]).code_is(2).says(&["it, en, fr or es"]);
}

// ---- duplicates ----

#[test]
fn the_same_text_shows_once_unless_asked_for() {
    let same = "Il testo che sta su ogni pagina parla di integrazione.";
    let sealed = Sealed::with_records(&[
        ("c", same),
        ("a", same),
        ("b", "Il testo che sta su ogni  pagina\nparla di integrazione."),
        ("d", "Un altro testo parla di integrazione."),
    ]);
    let once = documents(&sealed.ask(["integrazione"]));
    let of_same = once.iter().filter(|id| *id != "d").count();
    assert_eq!((once.len(), of_same), (2, 1), "{once:?}");
    // Ties are ordered by document: the first of them shows.
    assert!(once.contains(&"a".to_owned()), "{once:?}");
    let each: BTreeSet<String> =
        documents(&sealed.ask(["integrazione", "--duplicates"])).into_iter().collect();
    assert_eq!(each.len(), 4);
}

// ---- corrections ----

#[test]
fn a_misspelt_word_gets_a_suggestion() {
    let answer = built_in().ask(["autorita lcoali"]);
    assert_eq!(
        answer.suggestion.as_deref().map(gcm_search::analysis::fold::fold).as_deref(),
        Some("autorita locali")
    );
    assert!(!answer.corrected, "some words were found");
    assert!(answer.total > 0);
    built_in().run(["query", "autorita lcoali"]).code_is(0).prints(&["Did you mean: autorita locali"]);
    for right in ["autorità locali", "integrazione", "OIM", "A/RES/73/195", "e il dei"] {
        assert_eq!(built_in().ask([right]).suggestion, None, "{right}");
    }
}

#[test]
fn a_query_that_finds_nothing_is_answered_with_its_correction() {
    let answer = built_in().ask(["lcoali"]);
    assert!(answer.corrected);
    assert_eq!(answer.query, "lcoali");
    assert_eq!(answer.suggestion.as_deref(), Some("locali"));
    assert!(answer.total > 0);
    assert_eq!(passages(&answer), passages(&built_in().ask(["locali"])));
    built_in()
        .run(["query", "lcoali"])
        .code_is(0)
        .prints(&["Nothing found for \"lcoali\"", "passages for \"locali\""]);
}

// ---- concepts across languages ----

#[test]
fn a_concept_named_in_one_language_is_found_in_the_others() {
    let answer = built_in().ask(["autorità locali", "--limit", ALL]);
    let mut first: BTreeMap<Language, usize> = BTreeMap::new();
    for hit in &answer.hits {
        first.entry(hit.language).or_insert(hit.rank);
    }
    for language in [Language::English, Language::French, Language::Spanish] {
        assert!(first.contains_key(&language), "no passage in {language}: {first:?}");
    }
    assert_eq!(first[&Language::Italian], 1);
}
