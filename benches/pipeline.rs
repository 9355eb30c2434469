//! The stages of the pipeline over the built-in corpus, each by itself: analysis, segmentation, tagging, indexing,
//! querying. Throughput is in bytes of passage text. Figures with date and machine: `benches/README.md`.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gcm_search::analysis::{Stemmers, terms, tokenize};
use gcm_search::built_in;
use gcm_search::corpus::{self, Location, Source};
use gcm_search::document::{Document, Passage};
use gcm_search::engine::Place;
use gcm_search::engine::local::LocalEngine;
use gcm_search::extract::{ExtractLimits, Format, extract};
use gcm_search::glossary::Glossary;
use gcm_search::indexer::{Request, update};
use gcm_search::search::{Options, Searcher};
use gcm_search::segment::segment;
use gcm_search::tagger::{BUILT_IN_MODEL, Model, Tagger};
use gcm_search::taxonomy::Taxonomy;

fn documents() -> Vec<Document> {
    let mut out = Vec::new();
    for file in corpus::find(&[Source::BuiltIn], None).unwrap().files {
        let Location::BuiltIn(bytes) = file.location else { continue };
        let format = Format::detect(&file.path, bytes).unwrap();
        extract(format, &file.path, bytes, &ExtractLimits::default(), &mut |extracted| {
            let extracted = extracted.unwrap();
            out.push(Document {
                id: file.id.clone(),
                path: file.path.clone(),
                metadata: file.metadata.clone().or(extracted.metadata),
                blocks: extracted.blocks,
            });
        })
        .unwrap();
    }
    out
}

fn stages(c: &mut Criterion) {
    let documents = documents();
    let passages: Vec<Passage> = documents.iter().flat_map(segment).collect();
    let bytes: usize = passages.iter().map(|passage| passage.text.len()).sum();
    let taxonomy = Taxonomy::built_in().unwrap();
    let model = Model::parse(BUILT_IN_MODEL).unwrap();

    let mut group = c.benchmark_group("stages");
    group.sample_size(20);
    group.throughput(Throughput::Bytes(bytes as u64));
    group.bench_function("segmentation", |b| {
        b.iter(|| documents.iter().map(|document| segment(black_box(document)).len()).sum::<usize>());
    });
    group.bench_function("analysis", |b| {
        let mut stemmers = Stemmers::default();
        b.iter(|| {
            for passage in &passages {
                black_box(terms(&mut stemmers, passage.language, &tokenize(&passage.text), &[]));
            }
        });
    });
    group.bench_function("tagging", |b| {
        let mut tagger = Tagger::new(&taxonomy, &model);
        b.iter(|| {
            for passage in &passages {
                black_box(tagger.tag(&passage.text, &passage.headings, passage.language, false));
            }
        });
    });
    group.finish();

    let mut group = c.benchmark_group("taxonomy");
    group.sample_size(20);
    group.bench_function("outline (a query needs it)", |b| {
        b.iter(|| Taxonomy::built_in_outline().unwrap());
    });
    group.bench_function("whole (tagging needs it)", |b| {
        b.iter(|| Taxonomy::built_in().unwrap());
    });
    group.bench_function("whole, from a file of the user's own", |b| {
        b.iter(|| Taxonomy::parse(black_box(built_in::TAXONOMY)).unwrap());
    });
    group.finish();
}

/// Four pages in two columns with footnotes, as TeX sets them.
fn pdf(c: &mut Criterion) {
    let bytes = include_bytes!("../tests/fixtures/pdf/tex-two-columns.pdf");
    let mut group = c.benchmark_group("extraction");
    group.throughput(Throughput::Elements(4));
    group.bench_function("PDF (pages)", |b| {
        b.iter(|| {
            let limits = ExtractLimits::default();
            extract(Format::Pdf, "a.pdf", black_box(bytes), &limits, &mut |extracted| {
                black_box(extracted.unwrap());
            })
        });
    });
    group.finish();
}

fn index_and_query(c: &mut Criterion) {
    let taxonomy = Taxonomy::built_in().unwrap();
    let model = Model::parse(BUILT_IN_MODEL).unwrap();
    let build = |folder: &std::path::Path| {
        let request = Request { default: Some(Source::BuiltIn), ..Request::default() };
        update(&Place::Folder(folder.into()), &request, &taxonomy, BUILT_IN_MODEL, &model, &|_| {}).unwrap()
    };
    let mut group = c.benchmark_group("index");
    group.sample_size(10);
    group.bench_function("built-in corpus", |b| {
        b.iter_with_large_drop(|| {
            let folder = tempfile::tempdir().unwrap();
            build(folder.path());
            folder
        });
    });
    group.finish();

    let folder = tempfile::tempdir().unwrap();
    build(folder.path());
    let engine = LocalEngine::open(folder.path()).unwrap();
    let glossary = Glossary::built_in().unwrap();
    let mut searcher = Searcher::new(&engine, &taxonomy, &glossary);
    let mut group = c.benchmark_group("query");
    for (name, query) in [
        ("one word", "diaspore"),
        ("two words", "autorità locali"),
        (
            "ten-word question",
            "Quali impegni prendono gli Stati per ridurre i costi delle rimesse inviate dai lavoratori migranti?",
        ),
        ("phrase", "\"coesione sociale\""),
        ("prefix", "integr*"),
        ("filter", "servizi dimensione:locale"),
    ] {
        group.bench_function(name, |b| {
            b.iter(|| searcher.answer(black_box(query), &Options::default()).unwrap().total);
        });
    }
    group.finish();
}

criterion_group!(benches, stages, pdf, index_and_query);
criterion_main!(benches);
