//! Indexing and query latency beside tantivy alone, on the same passages and queries, in one process.
//!
//! tantivy alone is one field with its stock chain for Italian (`SimpleTokenizer`, `RemoveLongFilter`, `LowerCaser`, the
//! Snowball stemmer), queries an OR of their terms, the ten best by BM25, no count. `benches/corpus.sh` makes the passages.
//!
//! ```text
//! bench_queries FOLDER [NAME]
//! ```
//!
//! FOLDER holds `corpus.jsonl`, `queries-2.txt` and `queries-10.txt`. Both indexes are kept in it and are not built again.
//! With NAME, such as `answer`, only that way of asking is run, over and over, for a profiler. `once QUERY` in its place
//! answers one query by tantivy alone and ends, for `benches/process.py`.

use std::env;
use std::error::Error;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::Instant;

use frostem::{Algorithm, Stemmer};
use gcm_search::analysis::is_stop_word;
use gcm_search::corpus::Source;
use gcm_search::document::Language;
use gcm_search::engine::Place;
use gcm_search::engine::local::LocalEngine;
use gcm_search::glossary::Glossary;
use gcm_search::indexer::{Request, update};
use gcm_search::search::{Options, Searcher};
use gcm_search::tagger::{BUILT_IN_MODEL, Model};
use gcm_search::taxonomy::Taxonomy;
use serde::Deserialize;
use tantivy::collector::{Count, TopDocs};
use tantivy::query::{BooleanQuery, Occur, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::{
    LowerCaser, RemoveLongFilter, SimpleTokenizer, TextAnalyzer, Token, TokenFilter, TokenStream, Tokenizer,
};
use tantivy::{Document, Index, TantivyDocument, Term, doc};

const HITS: usize = 10;
const ROUNDS: usize = 5;
/// The memory that tantivy alone fills before it writes a segment, in bytes: as much as ours.
const WRITER_MEMORY: usize = 230_000_000;

/// The filter that tantivy's feature `stemmer` has, which the program is built without.
#[derive(Clone)]
struct ItalianStemmer;

#[derive(Clone)]
struct Stemming<T>(T);

struct StemmedTokens<T> {
    tail: T,
    stemmer: Stemmer,
}

impl TokenFilter for ItalianStemmer {
    type Tokenizer<T: Tokenizer> = Stemming<T>;

    fn transform<T: Tokenizer>(self, tokenizer: T) -> Stemming<T> {
        Stemming(tokenizer)
    }
}

impl<T: Tokenizer> Tokenizer for Stemming<T> {
    type TokenStream<'a> = StemmedTokens<T::TokenStream<'a>>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Self::TokenStream<'a> {
        StemmedTokens { tail: self.0.token_stream(text), stemmer: Stemmer::new(Algorithm::Italian) }
    }
}

impl<T: TokenStream> TokenStream for StemmedTokens<T> {
    fn advance(&mut self) -> bool {
        if !self.tail.advance() {
            return false;
        }
        let token = self.tail.token_mut();
        let stem = self.stemmer.stem(&token.text).into_owned();
        token.text = stem;
        true
    }

    fn token(&self) -> &Token {
        self.tail.token()
    }

    fn token_mut(&mut self) -> &mut Token {
        self.tail.token_mut()
    }
}

fn chain() -> TextAnalyzer {
    TextAnalyzer::builder(SimpleTokenizer::default())
        .filter(RemoveLongFilter::limit(40))
        .filter(LowerCaser)
        .filter(ItalianStemmer)
        .build()
}

#[derive(Deserialize)]
struct Record {
    #[serde(rename = "_id")]
    id: String,
    text: String,
}

/// tantivy alone.
struct Alone {
    searcher: tantivy::Searcher,
    text: Field,
    analyzer: TextAnalyzer,
}

impl Alone {
    const CHAIN: &str = "italian";

    fn build(folder: &Path, corpus: &Path) -> Result<(), Box<dyn Error>> {
        let mut schema = Schema::builder();
        let indexing = TextFieldIndexing::default()
            .set_tokenizer(Self::CHAIN)
            .set_index_option(IndexRecordOption::WithFreqsAndPositions);
        let text =
            schema.add_text_field("text", TextOptions::default().set_indexing_options(indexing) | STORED);
        let id = schema.add_text_field("id", STRING | STORED);
        fs::create_dir_all(folder)?;
        let index = Index::create_in_dir(folder, schema.build())?;
        index.tokenizers().register(Self::CHAIN, chain());
        let mut writer = index.writer_with_num_threads(2, WRITER_MEMORY)?;
        for line in BufReader::new(File::open(corpus)?).lines() {
            let record: Record = serde_json::from_str(&line?)?;
            writer.add_document(doc!(text => record.text, id => record.id))?;
        }
        writer.commit()?;
        writer.wait_merging_threads()?;
        Ok(())
    }

    fn open(folder: &Path) -> Result<Alone, Box<dyn Error>> {
        let index = Index::open_in_dir(folder)?;
        let text = index.schema().get_field("text")?;
        Ok(Alone { searcher: index.reader()?.searcher(), text, analyzer: chain() })
    }

    fn query(&mut self, query: &str) -> BooleanQuery {
        let mut clauses: Vec<(Occur, Box<dyn Query>)> = Vec::new();
        let mut tokens = self.analyzer.token_stream(query);
        while tokens.advance() {
            let term = Term::from_field_text(self.text, &tokens.token().text);
            clauses.push((Occur::Should, Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs))));
        }
        BooleanQuery::new(clauses)
    }

    fn top(&mut self, query: &str) {
        let query = self.query(query);
        let top = self.searcher.search(&query, &TopDocs::with_limit(HITS).order_by_score());
        black_box(top.expect("an index that can be read"));
    }

    /// With what an answer has besides: how many passages match, and the texts of the hits.
    fn top_and_count(&mut self, query: &str) {
        let query = self.query(query);
        let top = self.searcher.search(&query, &TopDocs::with_limit(HITS).order_by_score());
        black_box(self.searcher.search(&query, &Count).expect("an index that can be read"));
        for (_, address) in top.expect("an index that can be read") {
            black_box(self.searcher.doc::<TantivyDocument>(address).expect("a stored passage"));
        }
    }

    /// How many passages match, and the first of them.
    fn print(&mut self, query: &str) -> Result<(), Box<dyn Error>> {
        let query = self.query(query);
        let top = self.searcher.search(&query, &TopDocs::with_limit(HITS).order_by_score())?;
        println!("{} passages", self.searcher.search(&query, &Count)?);
        for (score, address) in top {
            let document: TantivyDocument = self.searcher.doc(address)?;
            println!("{score:.3} {}", document.to_json(self.searcher.schema()));
        }
        Ok(())
    }
}

/// Runs `build` if there is no such folder yet, says how long it took, and how large the index is.
fn built(
    name: &str,
    folder: &Path,
    passages: usize,
    build: impl FnOnce() -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    if !folder.exists() {
        let begin = Instant::now();
        build()?;
        let seconds = begin.elapsed().as_secs_f64();
        println!("{name:<28} indexed in {seconds:.1} s: {:.0} passages/s", passages as f64 / seconds);
    }
    println!("{name:<28} {:.1} MB", size(folder)? as f64 / 1e6);
    Ok(())
}

fn size(folder: &Path) -> Result<u64, Box<dyn Error>> {
    let mut sum = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        sum += if metadata.is_dir() { size(&entry.path())? } else { metadata.len() };
    }
    Ok(sum)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    let (folder, only) = match &args[..] {
        [folder] => (Path::new(folder), None),
        [folder, once, query] if once == "once" => {
            return Alone::open(&Path::new(folder).join("tantivy"))?.print(query);
        }
        [folder, only] => (Path::new(folder), Some(only.as_str())),
        _ => return Err("usage: bench_queries FOLDER [NAME | once QUERY]".into()),
    };
    let corpus = folder.join("corpus.jsonl");
    let passages = BufReader::new(File::open(&corpus)?).lines().count();
    println!("{passages} passages, {:.1} MB as JSON Lines", fs::metadata(&corpus)?.len() as f64 / 1e6);

    let taxonomy = Taxonomy::built_in()?;
    let glossary = Glossary::built_in()?;
    let (ours, theirs) = (folder.join("gcm-search"), folder.join("tantivy"));
    built("tantivy alone", &theirs, passages, || Alone::build(&theirs, &corpus))?;
    built("gcm-search", &ours, passages, || {
        let model = Model::parse(BUILT_IN_MODEL)?;
        let request = Request { add: vec![Source::Path(corpus.clone())], ..Request::default() };
        update(&Place::Folder(ours.clone()), &request, &taxonomy, BUILT_IN_MODEL, &model, &|_| {})?;
        Ok(())
    })?;

    let engine = LocalEngine::open(&ours)?;
    // Each segment has one file of postings.
    let is_postings = |entry: &fs::DirEntry| entry.path().extension().is_some_and(|end| end == "idx");
    let segments = fs::read_dir(engine.generation())?.filter_map(Result::ok).filter(is_postings).count();
    let mut alone = Alone::open(&theirs)?;
    println!("segments: gcm-search {segments}, tantivy alone {}", alone.searcher.segment_readers().len());
    let mut searcher = Searcher::new(&engine, &taxonomy, &glossary);
    let options = Options { limit: HITS, ..Options::default() };

    for name in ["queries-2.txt", "queries-10.txt"] {
        let text = fs::read_to_string(folder.join(name))?;
        let queries: Vec<&str> = text.lines().collect();
        // The same without the function words, which ours leaves out too.
        let content: Vec<String> = queries
            .iter()
            .map(|query| {
                let is_content = |word: &&str| !is_stop_word(Language::Italian, &word.to_lowercase());
                query.split_whitespace().filter(is_content).collect::<Vec<_>>().join(" ")
            })
            .collect();
        let names = [
            "tantivy alone",
            "tantivy, no function words",
            "tantivy, count and texts",
            "gcm-search ranked",
            "gcm-search answer",
        ];
        let mut run = |way: usize, at: usize| match way {
            0 => alone.top(queries[at]),
            1 => alone.top(&content[at]),
            2 => alone.top_and_count(queries[at]),
            3 => {
                black_box(searcher.ranked(queries[at], &options).expect("an index that can be read"));
            }
            _ => {
                black_box(searcher.answer(queries[at], &options).expect("an index that can be read"));
            }
        };
        if let Some(only) = only {
            for _ in 0..ROUNDS {
                for at in 0..queries.len() {
                    (0..names.len()).filter(|&way| names[way].ends_with(only)).for_each(|way| run(way, at));
                }
            }
            continue;
        }
        // Side by side, query by query, so that what else the machine does hits all alike.
        let mut times = vec![vec![vec![0.0; ROUNDS]; queries.len()]; names.len()];
        for round in 0..ROUNDS {
            for at in 0..queries.len() {
                for (way, times) in times.iter_mut().enumerate() {
                    let begin = Instant::now();
                    run(way, at);
                    times[at][round] = begin.elapsed().as_secs_f64() * 1e3;
                }
            }
        }
        println!("\n{name}: median of {} queries, each the median of {ROUNDS} rounds", queries.len());
        let medians: Vec<f64> =
            times.into_iter().map(|times| median(times.into_iter().map(median).collect())).collect();
        for (name, ms) in names.iter().zip(&medians) {
            println!("{name:<28} {ms:>8.3} ms  {:>5.2} times tantivy alone", ms / medians[0]);
        }
    }
    Ok(())
}
