//! 10,000 queries against the built-in corpus: ours with one thread and with two, and beside it tantivy alone: its query
//! parser and BM25 over lower-cased words, counting all matches and fetching ten. Figures with date and machine:
//! `benches/README.md`.
//!
//! `cargo bench --bench batch [-- FILE]` writes the queries to FILE, for measuring the program as a whole.

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::time::Instant;

use gcm_search::analysis::tokenize;
use gcm_search::batch::Batch;
use gcm_search::batch::input::{Asked, BadLine};
use gcm_search::corpus::Source;
use gcm_search::engine::local::LocalEngine;
use gcm_search::engine::{Engine, Place, StoredPassage};
use gcm_search::glossary::Glossary;
use gcm_search::indexer::{Request, update};
use gcm_search::ordered::{self, Step};
use gcm_search::search::Options;
use gcm_search::tagger::{BUILT_IN_MODEL, Model};
use gcm_search::taxonomy::Taxonomy;
use tantivy::collector::{Count, TopDocs};
use tantivy::query::QueryParser;
use tantivy::schema::{IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions};
use tantivy::{Index, ReloadPolicy, TantivyDocument, doc};

const QUERIES: usize = 10_000;
const HITS: usize = 10;
const ROUNDS: usize = 5;

/// Runs of two to six words of the passages, without signs that a query language would read.
fn queries(passages: &[StoredPassage]) -> Vec<String> {
    let mut out = Vec::with_capacity(QUERIES);
    let mut round = 0;
    while out.len() < QUERIES {
        for (at, stored) in passages.iter().enumerate() {
            let words: Vec<String> = tokenize(&stored.passage.text)
                .into_iter()
                .map(|token| token.text.into_string())
                .filter(|word| word.chars().all(char::is_alphabetic))
                .collect();
            let length = 2 + (at + round) % 5;
            let start = (at * 7 + round * 11) % words.len().max(1);
            if words.len() >= start + length {
                out.push(words[start..start + length].join(" "));
            }
        }
        round += 1;
    }
    out.truncate(QUERIES);
    out
}

fn seconds(run: impl FnOnce()) -> f64 {
    let begin = Instant::now();
    run();
    begin.elapsed().as_secs_f64()
}

fn main() {
    let taxonomy = Taxonomy::built_in().unwrap();
    let model = Model::parse(BUILT_IN_MODEL).unwrap();
    let glossary = Glossary::built_in().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let request = Request { default: Some(Source::BuiltIn), ..Request::default() };
    update(&Place::Folder(folder.path().into()), &request, &taxonomy, BUILT_IN_MODEL, &model, &|_| {})
        .unwrap();
    let engine = LocalEngine::open(folder.path()).unwrap();
    let passages: Vec<StoredPassage> =
        engine.document_ids().unwrap().iter().flat_map(|id| engine.passages_of(id).unwrap()).collect();
    let queries = queries(&passages);
    // Cargo gives --bench to every benchmark.
    if let Some(path) = std::env::args().skip(1).find(|arg| !arg.starts_with('-')) {
        std::fs::write(path, queries.join("\n") + "\n").unwrap();
        return;
    }

    let options = Options { limit: HITS, ..Options::default() };
    let batch =
        Batch { engine: &engine, taxonomy: &taxonomy, glossary: &glossary, model: None, options: &options };
    let ours = |threads: usize| {
        let asked: Vec<Result<Asked, BadLine>> =
            queries.iter().map(|query| Ok(Asked { query: query.clone(), ..Asked::default() })).collect();
        let worker = || {
            let mut worker = batch.worker();
            move |line| serde_json::to_vec(&worker.answer(line).unwrap()).unwrap()
        };
        ordered::map(asked.into_iter(), NonZeroUsize::new(threads).unwrap(), 32, worker, |step| {
            if let Step::Ready(bytes) = step {
                black_box(bytes);
            }
            Ok::<(), ()>(())
        })
        .unwrap();
    };

    let mut schema = Schema::builder();
    let indexing =
        TextFieldIndexing::default().set_tokenizer("words").set_index_option(IndexRecordOption::WithFreqs);
    let text = schema.add_text_field("text", TextOptions::default().set_indexing_options(indexing) | STORED);
    let id = schema.add_text_field("id", STRING | STORED);
    let index = Index::create_in_ram(schema.build());
    let plain = tantivy::tokenizer::TextAnalyzer::builder(tantivy::tokenizer::SimpleTokenizer::default())
        .filter(tantivy::tokenizer::LowerCaser)
        .build();
    index.tokenizers().register("words", plain);
    let mut writer = index.writer_with_num_threads(1, 50_000_000).unwrap();
    for stored in &passages {
        writer.add_document(doc!(text => stored.passage.text.as_str(), id => stored.id())).unwrap();
    }
    writer.commit().unwrap();
    let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into().unwrap();
    let searcher = tantivy::IndexReader::searcher(&reader);
    let parser = QueryParser::for_index(&index, vec![text]);
    let alone = |threads: usize| {
        std::thread::scope(|scope| {
            for part in queries.chunks(QUERIES.div_ceil(threads)) {
                let (searcher, parser) = (&searcher, &parser);
                scope.spawn(move || {
                    for query in part {
                        let query = parser.parse_query(query).unwrap();
                        let (count, top) = searcher
                            .search(&query, &(Count, TopDocs::with_limit(HITS).order_by_score()))
                            .unwrap();
                        black_box(count);
                        for (_, address) in top {
                            black_box(searcher.doc::<TantivyDocument>(address).unwrap());
                        }
                    }
                });
            }
        });
    };

    println!("{QUERIES} queries, {HITS} hits each, {} passages; the fastest of {ROUNDS}", passages.len());
    let programs = [("gcm-search", &ours as &dyn Fn(usize)), ("tantivy alone", &alone)];
    // In turns, so that what else the machine does falls on all alike.
    let mut fastest = [[f64::INFINITY; 2]; 2];
    for _ in 0..ROUNDS {
        for ((_, run), of_program) in programs.iter().zip(&mut fastest) {
            for (threads, best) in (1..).zip(of_program) {
                *best = best.min(seconds(|| run(threads)));
            }
        }
    }
    for ((name, _), [one, two]) in programs.iter().zip(fastest) {
        println!(
            "{name:<14} one thread {:>6.0}/s  two threads {:>6.0}/s  ratio {:.2}",
            QUERIES as f64 / one,
            QUERIES as f64 / two,
            one / two
        );
    }
}
