//! The corpus that is built into the program, as `show` and `status` give it. Proves:
//!
//! - the two texts of OIM Italia are in the repository as they were handed over, byte for byte;
//! - the text on the stocktaking meeting becomes its introduction, six items, each tagged with its dimension and its
//!   actors, and its last paragraph: no page header, no marks of the format that it came from;
//! - the page on integration becomes its teasers and paragraphs, without the site's menu;
//! - the corpus is large enough to be searched, in four languages.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use common::built_in;
use serde_json::Value;

/// The texts as they were handed over: name, length, BLAKE3 hash.
const HANDED_OVER: &[(&str, usize, &str)] = &[
    ("integrazione.txt", 2282, "d2a34469b9ed63681a51a95cb55a5522574f00f6b59504641af4ee3544574ec9"),
    (
        "stocktaking-puerto-vallarta.txt",
        3349,
        "619446cf940833a6ba88f95124aa6fd42d3dce2a27a8d0ce8757c6bd3fd8b563",
    ),
];

#[test]
fn the_texts_are_as_they_were_handed_over() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/oim-italia");
    for (name, length, hash) in HANDED_OVER {
        let bytes = fs::read(folder.join(name)).expect("a text of the corpus");
        assert_eq!(bytes.len(), *length, "{name} has another length");
        assert_eq!(blake3::hash(&bytes).to_hex().as_str(), *hash, "{name} has changed");
    }
    let others: Vec<String> = fs::read_dir(&folder)
        .expect("the folder")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !HANDED_OVER.iter().any(|(known, _, _)| known == name))
        .collect();
    assert!(others.is_empty(), "these were not handed over: {others:?}");
}

fn text(passage: &Value) -> &str {
    passage["text"].as_str().expect("a text")
}

fn ids(passage: &Value, kind: &str) -> Vec<String> {
    passage[kind]
        .as_array()
        .expect("tags")
        .iter()
        .map(|tag| tag["id"].as_str().expect("an id").to_owned())
        .collect()
}

/// How each passage of the stocktaking text begins and ends, its dimension and the actors that it must have.
const STOCKTAKING: &[(&str, &str, Option<&str>, &[&str])] = &[
    ("Dal 4 al 6 Dicembre, a Puerto Vallarta (Messico)", "sei dimensioni della migrazione:", None, &[]),
    ("Dimensione umana. È stato riconosciuto", "basarsi sui diritti umani.", Some("human"), &["migrants"]),
    (
        "Dimensione delle comunità. Le comunità rivestono",
        "facendo da ponte con le diaspore.",
        Some("community"),
        &["communities", "diasporas"],
    ),
    (
        "Dimensione locale. Le autorità locali rappresentano",
        "il coinvolgimento delle diaspore.",
        Some("local"),
        &["local-authorities"],
    ),
    (
        "Dimensione nazionale. Nel riconoscimento",
        "basandosi sui principi già esistenti.",
        Some("national"),
        &["states"],
    ),
    (
        "Dimensione regionale. La maggior parte",
        "l'implementazione degli stessi agli altri livelli.",
        Some("regional"),
        &["regional-institutions"],
    ),
    (
        "Dimensione globale. Il processo di adozione",
        "tra le organizzazioni regionali e altri stakeholders.",
        Some("global"),
        &["states", "un-system"],
    ),
    ("A terminare questa seconda fase", "verrà discusso nella fase III.", None, &[]),
];

#[test]
fn the_stocktaking_text_is_an_introduction_six_items_and_an_end() {
    let passages = built_in().passages_of("oim-italia/stocktaking-puerto-vallarta");
    let found: Vec<String> =
        passages.iter().map(|passage| text(passage).chars().take(50).collect()).collect();
    assert_eq!(passages.len(), STOCKTAKING.len(), "{found:#?}");
    for (at, (passage, (begins, ends, dimension, actors))) in passages.iter().zip(STOCKTAKING).enumerate() {
        assert_eq!(passage["passage"], format!("oim-italia/stocktaking-puerto-vallarta#{}", at + 1));
        assert!(text(passage).starts_with(begins), "#{}: {}", at + 1, text(passage));
        assert!(text(passage).ends_with(ends), "#{}: {}", at + 1, text(passage));
        assert_eq!(passage["language"], "it");
        if let Some(dimension) = dimension {
            let dimensions = ids(passage, "dimensions");
            assert_eq!(
                dimensions.first().map(String::as_str),
                Some(*dimension),
                "#{}: {dimensions:?}",
                at + 1
            );
        }
        let found = ids(passage, "actors");
        for actor in *actors {
            assert!(found.iter().any(|id| id == actor), "#{} has no {actor}: {found:?}", at + 1);
        }
    }
}

#[test]
fn each_tag_has_its_reasons() {
    for passage in built_in().passages_of("oim-italia/stocktaking-puerto-vallarta") {
        for kind in ["dimensions", "actors"] {
            for tag in passage[kind].as_array().expect("tags") {
                let evidence = tag["evidence"].as_array().expect("evidence");
                assert!(!evidence.is_empty(), "{}: {tag} has no reason", passage["passage"]);
                let chars: Vec<char> = text(&passage).chars().collect();
                for reason in evidence {
                    let at = |key: &str| reason[key].as_u64().expect("an offset") as usize;
                    let slice: String = chars[at("start")..at("end")].iter().collect();
                    assert_eq!(reason["text"], slice.as_str(), "{}: {tag}", passage["passage"]);
                }
            }
        }
    }
}

#[test]
fn no_page_header_and_no_marks_are_left() {
    for passage in built_in().passages_of("oim-italia/stocktaking-puerto-vallarta") {
        let text = text(&passage);
        for furniture in ["The UN Migration Agency", "*", "](", "[", "\\", "  "] {
            assert!(!text.contains(furniture), "{}: {furniture:?} is in {text}", passage["passage"]);
        }
        assert_ne!(text.trim(), "Organizzazione Internazionale per le Migrazioni (OIM)");
        for heading in passage["headings"].as_array().expect("headings") {
            let heading = heading.as_str().unwrap_or_default();
            assert!(!heading.contains("UN Migration Agency") && !heading.contains('*'), "{heading}");
        }
    }
}

#[test]
fn the_page_on_integration_has_no_menu() {
    let passages = built_in().passages_of("oim-italia/integrazione");
    let all: Vec<&str> = passages.iter().map(text).collect();
    for text in &all {
        for menu in ["OIM Global", "2030 Agenda", "Dati e risorse", "Agire\n"] {
            assert!(!text.contains(menu), "{menu:?} is in {text}");
        }
        for title in ["Chi siamo", "Cosa facciamo", "Agire", "-"] {
            assert!(!text.starts_with(title), "{text}");
        }
    }
    let expected = [
        (
            "L'Organizzazione Internazionale per le Migrazioni (OIM) fa parte",
            "L'Italia è uno dei paesi fondatori dell'OIM.",
        ),
        ("In quanto principale organizzazione intergovernativa", "per i paesi del Mediterraneo."),
        ("L’OIM è impegnata nella promozione", "delle società ospitanti."),
        ("L'integrazione è un processo complesso", "tutti gli attori coinvolti."),
        ("Se da una parte ci si aspetta", "in caso di vulnerabilità."),
        ("Una strategia di integrazione efficace", "le principali parti interessate."),
    ];
    for (begins, ends) in expected {
        let with_it = all.iter().filter(|text| text.starts_with(begins)).collect::<Vec<_>>();
        assert_eq!(with_it.len(), 1, "{begins}: {all:#?}");
        assert!(with_it[0].contains(ends), "{}", with_it[0]);
    }
    let whole = all.join("\n");
    assert!(
        whole.contains("cinque principali settori di intervento a sostegno dell'integrazione dei migranti")
    );
    // Nothing more than that: six paragraphs and the last line, by itself or with the one before it.
    assert!(matches!(all.len(), 6 | 7), "{all:#?}");
}

#[test]
fn both_texts_carry_their_metadata() {
    for (id, title, date) in [
        (
            "oim-italia/stocktaking-puerto-vallarta",
            "Stocktaking meeting, Puerto Vallarta, 4-6 dicembre 2017",
            Some("2017-12-06"),
        ),
        ("oim-italia/integrazione", "Integrazione", None),
    ] {
        let passages = built_in().passages_of(id);
        let document = &passages[0]["document"];
        assert_eq!(document["title"], title);
        assert_eq!(document["publisher"], "OIM Italia");
        assert_eq!(document["language"], "it");
        assert_eq!(document["date"].as_str(), date);
        assert!(document["path"].as_str().is_some_and(|path| path.starts_with("oim-italia/")));
    }
}

#[test]
fn the_corpus_is_large_enough_and_speaks_four_languages() {
    let status = built_in().status();
    let ids: Vec<&str> =
        status["document_ids"].as_array().expect("ids").iter().filter_map(Value::as_str).collect();
    let sheets = ids.iter().filter(|id| id.starts_with("schede/")).count();
    assert!(sheets >= 25, "{sheets} sheets");
    assert_eq!(status["documents"], ids.len());
    assert!(status["passages"].as_u64().is_some_and(|passages| passages >= 400), "{}", status["passages"]);
    let mut documents: BTreeMap<String, usize> = BTreeMap::new();
    for id in &ids {
        let passages = built_in().passages_of(id);
        let document = &passages.first().unwrap_or_else(|| panic!("{id} has no passage"))["document"];
        let language = document["language"].as_str().unwrap_or_else(|| panic!("{id} has no language"));
        *documents.entry(language.to_owned()).or_default() += 1;
        assert!(document["title"].as_str().is_some_and(|title| !title.is_empty()), "{id} has no title");
        for (at, passage) in passages.iter().enumerate() {
            assert_eq!(passage["passage"], format!("{id}#{}", at + 1));
            let text = text(passage);
            assert!(!text.trim().is_empty() && !text.contains("]("), "{id}#{}: {text}", at + 1);
        }
    }
    for language in ["it", "en", "fr", "es"] {
        assert!(documents.get(language).is_some_and(|&count| count >= 2), "{language}: {documents:?}");
    }
}

#[test]
fn a_passage_is_shown_among_its_neighbours() {
    let id = "oim-italia/stocktaking-puerto-vallarta#4";
    let run = built_in().run(["show", id]).code_is(0).prints(&["▶ #4", "#3", "#5", "Dimensione locale"]);
    assert!(!run.stdout.contains("#2") && !run.stdout.contains("#6"), "{run}");
    let run = built_in().run(["show", id, "-C", "0"]).code_is(0);
    assert!(!run.stdout.contains("#3"), "{run}");
    let one = built_in().run(["show", id, "--format", "json"]).code_is(0).json_lines();
    assert_eq!(one.len(), 1);
    assert_eq!(one[0]["passage"], id);
    built_in().run(["show", "oim-italia/stocktaking-puerto-vallarta#99"]).code_is(2).says(&["99"]);
}
