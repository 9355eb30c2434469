//! `eval`: rankings against judged queries, tags against labels.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io::{BufReader, Write};
use std::path::Path;
use std::time::Instant;

use gcm_search::analysis::tokenize;
use gcm_search::batch;
use gcm_search::batch::input::{Asked, BadLine, Queries};
use gcm_search::engine;
use gcm_search::eval::{LabelledPassage, Measures, RankingReport, TagReport, mean, measure, parse_qrels};
use gcm_search::language;
use gcm_search::search::{FORMAT_VERSION, Options, Searcher};
use gcm_search::tagger::Tagger;
use gcm_search::taxonomy::Taxonomy;

use super::args::{EvalArgs, Format, Unit};
use super::settings::Global;
use super::terminal::Terminal;
use super::{Failure, Knowledge, Outcome, engine_failure};
use crate::output;

/// How deep a ranked list is measured.
const DEPTH: usize = 100;

pub fn run(global: &Global, args: &EvalArgs, terminal: &Terminal) -> Result<Outcome, Failure> {
    if let Some(gold) = &args.tags {
        return tags(global, args, gold, terminal);
    }
    let (Some(queries), Some(qrels)) = (&args.queries, &args.qrels) else {
        return Err(Failure::new("eval needs queries and judgements, or --tags"));
    };
    let knowledge = Knowledge::load(global)?;
    let engine = engine::open(global.place()).map_err(|error| engine_failure(error, global))?;
    let list = read_queries(queries, &knowledge.taxonomy)?;
    let judged =
        parse_qrels(&read(qrels)?).map_err(|error| Failure::new(format!("{}: {error}", qrels.display())))?;
    let mut searcher = Searcher::new(&*engine, &knowledge.taxonomy, &knowledge.glossary);
    let common = Options {
        limit: DEPTH,
        unit: args.unit.into(),
        weights: super::query::weights(args.weights.as_deref())?,
        concepts: !args.no_concepts,
        ..Options::default()
    };
    let mut measures = BTreeMap::new();
    let mut unjudged = Vec::new();
    let begin = Instant::now();
    for query in &list {
        let Some(grades) = judged.get(&query.id) else {
            unjudged.push(query.id.clone());
            continue;
        };
        let options = batch::options(query, &common, &knowledge.taxonomy, &*engine)
            .map_err(|reason| bad_line(queries, query.clone().bad(reason)))?;
        // How deep a list is measured is not for a query to say.
        let options = Options { limit: DEPTH, offset: 0, ..options };
        let found = searcher.ranked(&query.query, &options).map_err(|error| engine_failure(error, global))?;
        let ranked: Vec<String> = found
            .into_iter()
            .map(|(document, number)| match args.unit {
                Unit::Passage => format!("{document}#{number}"),
                Unit::Document => document,
            })
            .collect();
        measures.insert(query.id.clone(), measure(&ranked, grades));
    }
    let elapsed = begin.elapsed();
    if measures.is_empty() {
        return Err(Failure::new(format!(
            "none of the {} queries has a judgement in {}",
            list.len(),
            qrels.display()
        ))
        .hint("the first column of the judgements must hold the ids of the queries"));
    }
    if !unjudged.is_empty() {
        terminal.warn(&format!("{} queries have no judgement and were left out", unjudged.len()));
    }
    let ids: HashSet<&str> = list.iter().map(|query| query.id.as_str()).collect();
    let unasked: Vec<String> = judged.keys().filter(|id| !ids.contains(id.as_str())).cloned().collect();
    if !unasked.is_empty() {
        terminal.warn(&format!("{} judged queries were not asked and were left out", unasked.len()));
    }
    let all: Vec<Measures> = measures.values().copied().collect();
    let report = RankingReport {
        format_version: FORMAT_VERSION,
        queries: all.len(),
        unjudged,
        unasked,
        mean: mean(&all),
        per_query: args.per_query.then_some(measures),
    };
    if terminal.verbose() {
        terminal.note(&format!(
            "{} queries in {:.2} s, {:.3} ms each",
            all.len(),
            elapsed.as_secs_f64(),
            elapsed.as_secs_f64() * 1000.0 / all.len() as f64
        ));
    }
    let mut out = terminal.output(args.format);
    match args.format {
        Format::Text => {
            for (id, m) in report.per_query.iter().flatten() {
                writeln!(
                    out,
                    "{}\tnDCG@10 {:.4}\tMRR@10 {:.4}\tR@10 {:.4}\tR@100 {:.4}",
                    output::printable(id),
                    m.ndcg_10,
                    m.mrr_10,
                    m.recall_10,
                    m.recall_100
                )?;
            }
            let m = report.mean;
            writeln!(out, "queries {}", report.queries)?;
            writeln!(out, "nDCG@10 {:.4}", m.ndcg_10)?;
            writeln!(out, "MRR@10  {:.4}", m.mrr_10)?;
            writeln!(out, "R@10    {:.4}", m.recall_10)?;
            writeln!(out, "R@100   {:.4}", m.recall_100)?;
        }
        Format::Json | Format::Jsonl => output::json::line(&mut out, &report)?,
    }
    out.flush()?;
    Ok(Outcome::Found)
}

/// All queries of a file; a measure over a part of them would say nothing, so a bad line is an error.
fn read_queries(path: &Path, taxonomy: &Taxonomy) -> Result<Vec<Asked>, Failure> {
    let unreadable = |error| Failure::new(format!("cannot read {}: {error}", path.display()));
    let file = File::open(path).map_err(unreadable)?;
    let mut queries = Vec::new();
    let mut ids = HashSet::new();
    for line in Queries::open(BufReader::new(file), None, taxonomy).map_err(unreadable)? {
        let query = line.map_err(unreadable)?.map_err(|bad| bad_line(path, bad))?;
        if !ids.insert(query.id.clone()) {
            return Err(bad_line(path, query.bad("its id stands in the file twice")));
        }
        queries.push(query);
    }
    Ok(queries)
}

fn bad_line(path: &Path, bad: BadLine) -> Failure {
    Failure::new(format!("{}, line {}: {}", path.display(), bad.number, bad.reason))
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display())))
}

/// Tags labelled passages and measures how well the tags agree with the labels.
fn tags(global: &Global, args: &EvalArgs, gold: &Path, terminal: &Terminal) -> Result<Outcome, Failure> {
    let knowledge = Knowledge::load(global)?;
    let taxonomy = &knowledge.taxonomy;
    let mut tagger = Tagger::new(taxonomy, &knowledge.model);
    let mut report = TagReport { format_version: FORMAT_VERSION, ..TagReport::default() };
    for (at, line) in read(gold)?.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let fail = |message: String| Failure::new(format!("{}, line {}: {message}", gold.display(), at + 1));
        let labelled: LabelledPassage =
            serde_json::from_str(line).map_err(|error| fail(error.to_string()))?;
        let text = &labelled.text;
        let language = labelled.lang.unwrap_or_else(|| language::of_passage(text, &tokenize(text), None));
        let tags = tagger.tag(text, &[], language, false);
        let given: Vec<usize> = tags.iter().map(|tag| tag.concept).collect();
        report.add(taxonomy, &labelled, language, &given).map_err(fail)?;
    }
    let mut out = terminal.output(args.format);
    match args.format {
        Format::Text => {
            writeln!(out, "group  scheme      passages  P      R      F1     left without, rightly")?;
            for (group, schemes) in &report.groups {
                for (scheme, a) in schemes {
                    writeln!(
                        out,
                        "{group:<6} {scheme:<11} {:>8}  {:.3}  {:.3}  {:.3}  {} of {}",
                        a.passages, a.precision, a.recall, a.f1, a.left_empty, a.empty
                    )?;
                }
            }
            if args.per_query {
                for (id, counts) in &report.concepts {
                    writeln!(
                        out,
                        "{id:<24} F1 {:.3}  right {:>3}  wrong {:>3}  missed {:>3}",
                        counts.f1(),
                        counts.right,
                        counts.wrong,
                        counts.missed
                    )?;
                }
            }
        }
        Format::Json | Format::Jsonl => output::json::line(&mut out, &report)?,
    }
    out.flush()?;
    Ok(Outcome::Found)
}
