//! The commands: what each file here reads from the user, and the only place, with `output`, that prints.

mod args;
mod batch;
mod cite;
#[cfg_attr(not(feature = "opensearch"), path = "no_cluster.rs")]
mod cluster;
mod compare;
mod complete;
mod completions;
mod concordance;
mod config;
mod coverage;
mod eval;
mod export;
mod failure;
#[cfg(feature = "fetch")]
mod fetch;
mod index;
mod interrupt;
mod lookup;
mod man;
mod matrix;
mod pager;
mod progress;
mod query;
mod record;
mod settings;
mod show;
mod status;
mod tag;
mod terminal;
mod worker;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser};
use gcm_search::corpus::Source;
use gcm_search::engine::guard::is_guarded;
use gcm_search::engine::{self, Engine, EngineError, ErrorKind as EngineErrorKind};
use gcm_search::extract::GUARDED_THREAD;
use gcm_search::filters::{FilterError, FilterNames};
use gcm_search::glossary::Glossary;
use gcm_search::query::Filters;
use gcm_search::search::Options;
use gcm_search::tagger::{BUILT_IN_MODEL, Model};
use gcm_search::taxonomy::{Taxonomy, TaxonomyError};

use crate::output;
pub use args::ResultFormat;
use args::{Cli, Command, CountArgs, FilterArgs, GlobalArgs, SearchArgs};
pub use failure::Failure;
use settings::{Global, Surroundings};
use terminal::Terminal;

/// What a command found: it decides the exit code, as grep's does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Something: exit code 0.
    Found,
    /// Nothing: exit code 1.
    Nothing,
    /// Something, but not all that was asked went well, and it has been said: exit code 2.
    Partly,
}

/// Parses the arguments and runs the command.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are results; a usage error is one of ours: 2, as clap's own.
            let code = if error.use_stderr() { 2 } else { 0 };
            let _ = advised(error).print();
            return ExitCode::from(code);
        }
    };
    if let Command::Extract(args) = &cli.command {
        return worker::run(args);
    }
    keep_quiet_about_guarded_panics();
    bear_size_limits();
    let around = Surroundings {
        variable: &|name| std::env::var_os(name),
        folder: std::env::current_dir().unwrap_or_default(),
    };
    let (terminal, result) = match Global::resolve(&cli.global, &around) {
        Ok(global) => {
            let terminal = Terminal::new(&global);
            let result = run(&cli.command, &global, &cli.global, &around, &terminal);
            (terminal, result)
        }
        Err(failure) => {
            let global = Global::from_options(&cli.global);
            let terminal = Terminal::new(&global);
            // Whoever looks for the wrong file has to find it, and some commands need no settings.
            let goes_on = match &cli.command {
                Command::Config(args) => args.files,
                Command::Complete(_) | Command::Completions(_) | Command::Man(_) => true,
                _ => false,
            };
            let result = if goes_on {
                run(&cli.command, &global, &cli.global, &around, &terminal)
            } else {
                Err(failure)
            };
            (terminal, result)
        }
    };
    match result {
        Ok(Outcome::Found) => ExitCode::SUCCESS,
        Ok(Outcome::Nothing) => ExitCode::from(1),
        Ok(Outcome::Partly) => ExitCode::from(2),
        Err(failure) if failure.is_closed_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            terminal.failure(&failure);
            ExitCode::from(2)
        }
    }
}

/// A file that would become larger than the system allows is an error of writing, not the end of the program.
fn bear_size_limits() {
    // Whoever handles the signal gets the error; where it cannot be handled, it ends the program as before.
    #[cfg(unix)]
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, std::sync::Arc::default());
}

/// A panic while a file is read is reported as that file's failure, one while the index is read as damage to it, and nothing
/// more needs to be said of it.
fn keep_quiet_about_guarded_panics() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let is_guarded = std::thread::current().name() == Some(GUARDED_THREAD) || is_guarded();
        if !is_guarded || std::env::var_os("RUST_BACKTRACE").is_some() {
            report(panic);
        }
    }));
}

/// A usage error with a tip where the likely mistake is known: a command mistyped, or a query without the word `query`.
fn advised(mut error: clap::Error) -> clap::Error {
    if error.kind() == ErrorKind::InvalidSubcommand
        && let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand)
    {
        let word = output::printable(word);
        // clap's own idea of likeness is wide: it takes "autorità" for "matrix".
        error.remove(ContextKind::SuggestedSubcommand);
        let command = Cli::command();
        let names = command.get_subcommands().filter(|sub| !sub.is_hide_set()).map(clap::Command::get_name);
        match gcm_search::suggest::nearest(&word, names) {
            Some(near) => {
                error.insert(ContextKind::SuggestedSubcommand, ContextValue::String(near.to_owned()));
            }
            None => {
                let tip = format!("to search for it: gcm-search query '{word}'");
                error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
            }
        }
    }
    error
}

fn run(
    command: &Command,
    global: &Global,
    options: &GlobalArgs,
    around: &Surroundings<'_>,
    terminal: &Terminal,
) -> Result<Outcome, Failure> {
    for path in &global.read {
        terminal.detail(&format!("settings from {}", path.display()));
    }
    match command {
        Command::Index(args) => index::run(global, args, terminal),
        Command::Query(args) => query::run(global, args, terminal),
        Command::Batch(args) => batch::run(global, args, terminal),
        Command::Show(args) => show::run(global, args, terminal),
        Command::Matrix(args) => matrix::run(global, args, terminal),
        Command::Compare(args) => compare::run(global, args, terminal),
        Command::Coverage(args) => coverage::run(global, args, terminal),
        Command::Status(args) => status::run(global, args, terminal),
        Command::Export(args) => export::run(global, args, terminal),
        #[cfg(feature = "fetch")]
        Command::Fetch(args) => fetch::run(global, args, terminal),
        Command::Tag(args) => tag::run(global, args, terminal),
        Command::Eval(args) => eval::run(global, args, terminal),
        Command::Cite(args) => cite::run(global, args, terminal),
        Command::Concordance(args) => concordance::run(global, args, terminal),
        Command::Completions(args) => completions::run(args, terminal),
        Command::Man(args) => man::run(args, terminal),
        // Done before there are any settings.
        Command::Extract(_) => Ok(Outcome::Found),
        Command::Complete(args) => complete::run(args, around, terminal),
        Command::Config(args) => config::run(global, args, &settings::files(options, around)?, terminal),
    }
}

/// The taxonomy, the tagger's model and the glossary that a command works with.
struct Knowledge {
    taxonomy: Taxonomy,
    model: Model,
    glossary: Glossary,
}

impl Knowledge {
    /// Everything, checked: for commands that tag.
    fn load(global: &Global) -> Result<Knowledge, Failure> {
        let taxonomy = Knowledge::taxonomy(global, Taxonomy::built_in)?;
        let model = Model::parse(BUILT_IN_MODEL).map_err(Failure::new)?;
        Ok(Knowledge { taxonomy, model, glossary: Knowledge::glossary()? })
    }

    /// What a query needs, which tags nothing: no model, and of the taxonomy the concepts. A taxonomy of the user's own is
    /// checked as a whole all the same.
    fn load_outline(global: &Global) -> Result<Knowledge, Failure> {
        let taxonomy = Knowledge::taxonomy(global, Taxonomy::built_in_outline)?;
        Ok(Knowledge { taxonomy, model: Model::default(), glossary: Knowledge::glossary()? })
    }

    fn glossary() -> Result<Glossary, Failure> {
        Glossary::built_in().map_err(Failure::new)
    }

    fn taxonomy(
        global: &Global,
        built_in: fn() -> Result<Taxonomy, TaxonomyError>,
    ) -> Result<Taxonomy, Failure> {
        Ok(match &global.taxonomy {
            None => built_in().map_err(|error| Failure::new(format!("the built-in taxonomy: {error}")))?,
            Some(path) => {
                let text = fs::read_to_string(path).map_err(|error| {
                    Failure::new(format!("cannot read the taxonomy {}: {error}", path.display()))
                })?;
                Taxonomy::parse(&text).map_err(|error| {
                    Failure::new(format!("the taxonomy {}: {error}", path.display())).hint(
                        "CONTRIBUTING.md describes the form of the file; corpus/taxonomy.toml is an example",
                    )
                })?
            }
        })
    }
}

/// Where the documents are that a new index is made of.
fn default_source(global: &Global) -> Source {
    match &global.corpus {
        Some(folder) => Source::Path(absolute(folder)),
        None if Path::new("corpus").join(gcm_search::corpus::METADATA_FILE).is_file() => {
            Source::Path(absolute(Path::new("corpus")))
        }
        None => Source::BuiltIn,
    }
}

/// The index remembers its sources, whatever folder it is next brought up to date from.
fn absolute(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

/// Opens the index; builds it first, from the default corpus, where there is none.
fn open_or_build(
    global: &Global,
    knowledge: &Knowledge,
    terminal: &Terminal,
) -> Result<Box<dyn Engine>, Failure> {
    match engine::open(global.place()) {
        Ok(engine) => {
            warn_if_outdated(&*engine, knowledge, terminal)?;
            let info = engine.info();
            terminal.detail(&format!(
                "index {}: {} documents, {} passages",
                global.place(),
                info.documents,
                info.passages
            ));
            Ok(engine)
        }
        // What others share is made only by who means to.
        Err(error) if error.kind == EngineErrorKind::Missing && global.place().folder().is_some() => {
            let source = default_source(global);
            terminal.note(&format!(
                "no index in {} yet: building it from the {}",
                global.place(),
                match &source {
                    Source::BuiltIn => "built-in corpus".to_owned(),
                    Source::Path(path) => format!("documents in {}", path.display()),
                }
            ));
            // To tag passages takes all of the taxonomy.
            index::build_missing(global, &Knowledge::load(global)?, source, terminal)?;
            engine::open(global.place()).map_err(|error| engine_failure(error, global))
        }
        Err(error) => Err(engine_failure(error, global)),
    }
}

/// Opens the index, which has to be there.
fn open_existing(
    global: &Global,
    knowledge: &Knowledge,
    terminal: &Terminal,
) -> Result<Box<dyn Engine>, Failure> {
    let engine = engine::open(global.place()).map_err(|error| engine_failure(error, global))?;
    warn_if_outdated(&*engine, knowledge, terminal)?;
    Ok(engine)
}

/// An index whose words are analysed otherwise would answer wrongly; one whose tags are old only warns.
fn warn_if_outdated(engine: &dyn Engine, knowledge: &Knowledge, terminal: &Terminal) -> Result<(), Failure> {
    let now = gcm_search::indexer::fingerprint(&knowledge.taxonomy, BUILT_IN_MODEL);
    let then = &engine.info().fingerprint;
    if then.analysis != now.analysis || then.stemmer != now.stemmer {
        return Err(Failure::new(format!(
            "the index was made by gcm-search {} with another analysis of words",
            engine.info().program
        ))
        .hint("bring it up to date: gcm-search index"));
    }
    if then.segmentation != now.segmentation {
        terminal
            .warn("the index has passages as another version divided them; to divide anew: gcm-search index");
    }
    if then.tagging != now.tagging {
        terminal.warn("the index has the tags of another taxonomy or tagger; to tag anew: gcm-search index");
    }
    Ok(())
}

/// An engine's error with the advice that fits the user's situation.
fn engine_failure(error: EngineError, global: &Global) -> Failure {
    if let Some(hint) = cluster::hint(global.place(), error.kind) {
        return Failure::new(error.message).hint(hint);
    }
    let index = global.index.display();
    let hint = match error.kind {
        EngineErrorKind::Missing => format!("build it: gcm-search index --index {index}"),
        EngineErrorKind::Foreign => "name a folder of its own for the index: --index DIR".to_owned(),
        EngineErrorKind::Damaged => {
            let hint = format!("build it again from its sources: gcm-search index --rebuild --index {index}");
            let look = format!("to see what is damaged: gcm-search status --verify --index {index}");
            return Failure::new(error.message).hint(hint).hint(look);
        }
        EngineErrorKind::Outdated => format!("build it again: gcm-search index --index {index}"),
        EngineErrorKind::Busy => "wait for it to end, or add --wait".to_owned(),
        EngineErrorKind::Full => {
            "make room there and run it again, or name a folder on another disk: --index DIR".to_owned()
        }
        EngineErrorKind::Denied if global.place().folder().is_some() => {
            "name a folder that may be read and written: --index DIR".to_owned()
        }
        EngineErrorKind::System
        | EngineErrorKind::Denied
        | EngineErrorKind::Divided
        | EngineErrorKind::Unreachable => {
            return Failure::new(error.message);
        }
    };
    Failure::new(error.message).hint(hint)
}

/// The index of a scheme by its id or a label.
fn scheme_named(taxonomy: &Taxonomy, name: &str) -> Result<usize, Failure> {
    taxonomy.scheme_by_name(name).ok_or_else(|| {
        let known: Vec<&str> = taxonomy.schemes.iter().map(|scheme| scheme.id.as_str()).collect();
        Failure::new(format!("the taxonomy has no scheme \"{name}\""))
            .hint(format!("it has {}", known.join(", ")))
    })
}

/// The options of a search as the user typed them, checked against what there is.
fn search_options(
    global: &Global,
    args: &SearchArgs,
    taxonomy: &Taxonomy,
    engine: &dyn Engine,
) -> Result<Options, Failure> {
    Ok(Options {
        filters: filters(&args.filters, taxonomy, engine, global)?,
        limit: args.limit.unwrap_or(global.limit),
        offset: args.offset,
        unit: args.unit.into(),
        all: args.all,
        duplicates: args.duplicates,
        explain: args.explain,
        concepts: !args.no_concepts,
        labels: global.labels,
        weights: query::weights(args.weights.as_deref())?,
        ..Options::default()
    })
}

/// The options of a count as the user typed them, checked against what there is.
fn counting_options(
    global: &Global,
    args: &CountArgs,
    taxonomy: &Taxonomy,
    engine: &dyn Engine,
) -> Result<Options, Failure> {
    Ok(Options {
        filters: filters(&args.filters, taxonomy, engine, global)?,
        all: args.all,
        concepts: !args.no_concepts,
        labels: global.labels,
        ..Options::default()
    })
}

/// A filter's error with the advice that fits it.
fn filter_failure(error: FilterError, global: &Global) -> Failure {
    match error {
        FilterError::Name { message, hint } => {
            let failure = Failure::new(message);
            hint.into_iter().fold(failure, Failure::hint)
        }
        FilterError::Engine(error) => engine_failure(error, global),
    }
}

/// The filters that a user typed, checked against what there is.
fn filters(
    args: &FilterArgs,
    taxonomy: &Taxonomy,
    engine: &dyn Engine,
    global: &Global,
) -> Result<Filters, Failure> {
    let failed = |error| filter_failure(error, global);
    let mut names = FilterNames {
        languages: args.lang.clone(),
        documents: args.document.clone(),
        publishers: args.publisher.clone(),
        since: args.since,
        until: args.until,
        ..FilterNames::default()
    };
    let named = [("dimension", &args.dimension), ("actor", &args.actor), ("objective", &args.objective)];
    for (scheme, values) in named {
        for value in values {
            names.concepts.push((scheme_named(taxonomy, scheme)?, value.clone()));
        }
    }
    for tag in &args.tag {
        names.add(taxonomy, "tag", tag).map_err(failed)?;
    }
    names.resolve(taxonomy, engine).map_err(failed)
}
