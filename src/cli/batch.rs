//! `batch`: many queries in one go, answered side by side, results in the order of the input.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread;

use gcm_search::batch::input::Queries;
use gcm_search::batch::{Batch, LineError};
use gcm_search::ordered::{self, Step};
use gcm_search::provenance::RunManifest;
use gcm_search::taxonomy::Taxonomy;

use super::args::{BatchArgs, InputForm};
use super::record::{self, Made, Results, SharedTally, Target};
use super::settings::Global;
use super::terminal::Terminal;
use super::{Failure, Knowledge, Outcome, open_or_build, search_options};
use crate::output::{Lists, printable};

/// How many queries for each thread may be on their way: enough that a slow one does not hold up the others for long.
const AHEAD: usize = 32;

/// How many queries are answered side by side by a cluster: they mostly wait for it, and what they ask for travels together.
/// More than these gain nothing (`benches/README.md`).
const ON_A_CLUSTER: NonZeroUsize = NonZeroUsize::MIN.saturating_add(15);

/// What came of one line: its part of the results, and how it went.
struct Done {
    bytes: Vec<u8>,
    outcome: Result<bool, LineError>,
}

/// How many lines went how.
#[derive(Default)]
struct Counts {
    answered: u64,
    found: u64,
    bad: u64,
}

pub fn run(global: &Global, args: &BatchArgs, terminal: &Terminal) -> Result<Outcome, Failure> {
    let before = args.verify.as_deref().map(record::read).transpose()?;
    let knowledge =
        if args.search.explain { Knowledge::load(global)? } else { Knowledge::load_outline(global)? };
    let engine = open_or_build(global, &knowledge, terminal)?;
    let options = search_options(global, &args.search, &knowledge.taxonomy, &*engine)?;
    let target = args.result.manifest.as_deref().map(Target::of_manifest).transpose()?;
    let lists = Lists {
        taxonomy: &knowledge.taxonomy,
        labels: global.labels,
        format: args.format,
        many: true,
        unit: options.unit,
        csv_safe: args.result.tables.csv_safe(),
        width: terminal.width(),
    };
    let file = args.file.clone().or_else(|| before.as_ref()?.queries.file.clone().map(PathBuf::from));
    let input = Input::new(file.as_deref());
    let tally = SharedTally::default();
    let queries = input.open(&tally, args.input_format, &knowledge.taxonomy)?;
    let batch = Batch {
        engine: &*engine,
        taxonomy: &knowledge.taxonomy,
        glossary: &knowledge.glossary,
        model: args.search.explain.then_some(&knowledge.model),
        options: &options,
    };
    let out: Box<dyn Write> =
        if before.is_some() { Box::new(io::sink()) } else { terminal.results(args.format) };
    let mut out = Results::new(out, args.format);
    let jobs = args.jobs.unwrap_or_else(|| match global.place().folder() {
        Some(_) => thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
        None => ON_A_CLUSTER,
    });
    let counts = answer_all(&batch, queries, lists, jobs, &mut out, &|error| {
        terminal.warn(&format!("{}, line {}: {}", input.shown(), error.line, printable(&error.error)));
    })
    .map_err(|error| match error {
        Stop::Reading(error) => input.failure(&error),
        Stop::Writing(failure) => failure,
    })?;
    let made = Made { engine: &*engine, options: &options, lists, input_format: args.input_format };
    if target.is_some() || before.is_some() {
        let results = out.identity(counts.answered, counts.bad);
        let manifest = made.manifest(tally.identity(Some(input.name())), results, global)?;
        if let Some(target) = target {
            target.write(&record::manifest_text(&manifest)?)?;
        }
        if let Some(before) = before {
            return compare(&before, &manifest, terminal);
        }
    }
    Ok(match counts {
        Counts { bad: 1.., .. } => Outcome::Partly,
        Counts { found: 1.., .. } => Outcome::Found,
        _ => Outcome::Nothing,
    })
}

/// Why a batch ends before its input does.
enum Stop {
    Reading(io::Error),
    Writing(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Stop {
        Stop::Writing(failure)
    }
}

type Reader = BufReader<record::Tallied<Box<dyn Read + Send>>>;

fn answer_all(
    batch: &Batch<'_>,
    queries: Queries<Reader>,
    lists: Lists<'_>,
    jobs: NonZeroUsize,
    out: &mut Results,
    report: &dyn Fn(&LineError),
) -> Result<Counts, Stop> {
    let worker = || {
        let mut worker = batch.worker();
        // Each thread also writes its results out, so that the one that puts them in order has little to do.
        move |line: io::Result<_>| -> Result<Done, Stop> {
            let mut bytes = Vec::new();
            let outcome = match worker.answer(line.map_err(Stop::Reading)?) {
                Ok(answer) => {
                    lists.answer(&mut bytes, &answer)?;
                    Ok(answer.total > 0)
                }
                Err(bad) => {
                    lists.bad_line(&mut bytes, &bad)?;
                    Err(bad)
                }
            };
            Ok(Done { bytes, outcome })
        }
    };
    let mut counts = Counts::default();
    let mut frame = Vec::new();
    lists.begin(&mut frame)?;
    out.write(&frame)?;
    ordered::map(queries, jobs, AHEAD, worker, |step| {
        let done = match step {
            // Whoever reads along gets each answer when it is ready.
            Step::Waiting => return Ok(out.flush()?),
            Step::Ready(done) => done?,
        };
        if counts.answered + counts.bad > 0 {
            frame.clear();
            lists.between(&mut frame)?;
            out.write(&frame)?;
        }
        out.write(&done.bytes)?;
        match done.outcome {
            Ok(found) => {
                counts.answered += 1;
                counts.found += u64::from(found);
            }
            Err(bad) => {
                counts.bad += 1;
                report(&bad);
            }
        }
        Ok::<(), Stop>(())
    })?;
    frame.clear();
    lists.end(&mut frame)?;
    out.write(&frame)?;
    out.flush()?;
    Ok(counts)
}

/// Where queries come from.
struct Input<'a> {
    /// Nothing for standard input.
    path: Option<&'a Path>,
}

impl<'a> Input<'a> {
    fn new(path: Option<&'a Path>) -> Input<'a> {
        Input { path: path.filter(|path| *path != Path::new("-")) }
    }

    /// How a manifest names it.
    fn name(&self) -> String {
        self.path.map_or_else(|| "-".to_owned(), |path| path.display().to_string())
    }

    /// How messages name it.
    fn shown(&self) -> String {
        self.path.map_or_else(|| "standard input".to_owned(), |path| path.display().to_string())
    }

    fn open(
        &self,
        tally: &SharedTally,
        format: Option<InputForm>,
        taxonomy: &Taxonomy,
    ) -> Result<Queries<Reader>, Failure> {
        let raw: Box<dyn Read + Send> = match self.path {
            None => Box::new(io::stdin()),
            Some(path) => Box::new(File::open(path).map_err(|error| self.failure(&error))?),
        };
        Queries::open(BufReader::new(tally.of(raw)), format.map(Into::into), taxonomy)
            .map_err(|error| self.failure(&error))
    }

    fn failure(&self, error: &io::Error) -> Failure {
        let what = self.shown();
        match error.kind() {
            io::ErrorKind::InvalidData => Failure::new(format!("{what}: {error}"))
                .hint("gcm-search batch --help describes the forms that queries may have"),
            _ => Failure::new(format!("cannot read {what}: {error}")),
        }
    }
}

/// Says whether a run gave what an earlier one had given, and what differs.
fn compare(before: &RunManifest, now: &RunManifest, terminal: &Terminal) -> Result<Outcome, Failure> {
    let differences = before.differences(now)?;
    let mut out = terminal.stdout();
    if differences.is_empty() {
        writeln!(out, "same: program, index, taxonomy, options, queries and results")?;
        out.flush()?;
        return Ok(Outcome::Found);
    }
    let results = if before.results.blake3 == now.results.blake3 { "the same" } else { "different" };
    writeln!(out, "changed; the results are {results}")?;
    for difference in differences {
        let shown =
            |value: Option<String>| value.map_or_else(|| "none".to_owned(), |value| printable(&value));
        writeln!(out, "  {}: {} -> {}", difference.item, shown(difference.then), shown(difference.now))?;
    }
    out.flush()?;
    Ok(Outcome::Nothing)
}
