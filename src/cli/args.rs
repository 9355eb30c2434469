//! What the user typed, validated and nothing more. Parsing opens no file.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use gcm_search::batch::input::InputFormat;
use gcm_search::document::{Date, Language};
use gcm_search::engine;
use gcm_search::extract::FileLimits;
use gcm_search::partition::Part;

/// Searches documents on the Global Compact for Migration and the work of IOM.
///
/// Passages come ranked, tagged by dimension (human, community, local, national, regional, global) and by actor.
/// Exit codes: 0 something was found, 1 nothing was, 2 an error.
#[derive(Debug, Parser)]
#[command(name = "gcm-search", version, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub global: GlobalArgs,
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command; what they leave open, the environment and files of settings decide.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct GlobalArgs {
    /// The folder of the index [env: GCM_SEARCH_INDEX] [default: index]
    #[arg(long, global = true, value_name = "DIR")]
    pub index: Option<PathBuf>,
    /// The folder of the documents [env: GCM_SEARCH_CORPUS] [default: corpus where it exists, else the built-in
    /// corpus]
    #[arg(long, global = true, value_name = "DIR")]
    pub corpus: Option<PathBuf>,
    /// A taxonomy of your own [env: GCM_SEARCH_TAXONOMY]
    #[arg(long, global = true, value_name = "FILE")]
    pub taxonomy: Option<PathBuf>,
    /// The language of labels: it, en, fr, es [env: GCM_SEARCH_LABELS] [default: it]
    #[arg(long, global = true, value_name = "LANG", value_parser = label_language)]
    pub labels: Option<Language>,
    /// When to colour [env: GCM_SEARCH_COLOR] [default: auto]
    #[arg(long, global = true, value_enum, value_name = "WHEN")]
    pub color: Option<Color>,
    /// Do not show long results through a pager [env: GCM_SEARCH_PAGER, PAGER]
    #[arg(long, global = true)]
    pub no_pager: bool,
    /// Use the index on a cluster of OpenSearch: http://HOST:9200/NAME, several nodes separated by commas
    /// [env: GCM_SEARCH_ENGINE] [default: local]
    #[arg(long, global = true, value_name = "URL")]
    pub engine: Option<String>,
    /// Weigh words by the statistics of the whole cluster or of each shard [env: GCM_SEARCH_STATS] [default: global]
    #[arg(long, global = true, value_enum, value_name = "WHOSE")]
    pub stats: Option<Stats>,
    /// Read settings from this file instead of the project's and your own [env: GCM_SEARCH_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Read settings from no file
    #[arg(long, global = true, conflicts_with = "config")]
    pub no_config: bool,
    /// Let the gcm-search.toml of this folder name programs to run: only for folders that you trust
    #[arg(long, global = true)]
    pub allow_commands: bool,
    /// Say only what is wrong
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say more
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

/// Reads a language that labels exist in.
///
/// # Errors
/// Any other language.
pub fn label_language(text: &str) -> Result<Language, String> {
    match text.parse::<Language>()? {
        Language::Other => Err("labels are in it, en, fr or es".to_owned()),
        language => Ok(language),
    }
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// Where a terminal is.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Which statistics weigh words on a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Stats {
    /// Those of the whole cluster: the same ranking as on one machine.
    Global,
    /// Those of each shard by itself: faster, and a little different.
    Local,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Bring the index up to date: adds, changes, removals
    Index(IndexArgs),
    /// Find passages, best first
    Query(QueryArgs),
    /// Answer many queries in one go, in their order
    Batch(BatchArgs),
    /// Show a document, or a passage among its neighbours, with its tags and why
    Show(ShowArgs),
    /// Count passages by dimension and actor: who acts at which level
    Matrix(MatrixArgs),
    /// Say where a query is answered how often: by document, publisher, year, language or concept
    Compare(CompareArgs),
    /// Say what documents speak of and what they never mention
    Coverage(CoverageArgs),
    /// Say what is in the index
    Status(StatusArgs),
    /// Write every passage of the index, as it was read
    Export(ExportArgs),
    /// Download the official documents that documents.toml names, or any address
    #[cfg(feature = "fetch")]
    Fetch(FetchArgs),
    /// Tag any text, without an index
    Tag(TagArgs),
    /// Measure rankings against judged queries, or tags against labels
    Eval(EvalArgs),
    /// Print documents, or those of passages, as references for a citation manager
    Cite(CiteArgs),
    /// Show every occurrence of a word in its context, one a line
    #[command(alias = "kwic")]
    Concordance(ConcordanceArgs),
    /// Print the settings that hold and where each came from
    Config(ConfigArgs),
    /// Print the script by which a shell completes commands, options and names
    Completions(CompletionsArgs),
    /// Print a manual page, or write one for each command
    Man(ManArgs),
    /// Read files for another gcm-search, as jobs on standard input
    #[command(name = "__extract", hide = true)]
    Extract(ExtractArgs),
    /// Say what may follow on a command line
    #[command(name = "__complete", hide = true)]
    Complete(CompleteArgs),
}

/// `index`
#[derive(Debug, Args)]
pub struct IndexArgs {
    /// Files and folders to add; without any, the index's own sources are looked at again
    pub paths: Vec<PathBuf>,
    /// Take only the documents of one part, such as 3/16, so that many processes share the work
    #[arg(long, value_name = "N/PARTS")]
    pub part: Option<Part>,
    /// Read everything again; with paths, forget all other sources
    #[arg(long)]
    pub rebuild: bool,
    /// Wait while another gcm-search writes to the index
    #[arg(long)]
    pub wait: bool,
    /// Read scanned pages with pdftoppm and tesseract, also those left out so far
    #[arg(long)]
    pub ocr: bool,
    /// On a cluster: how many shards a new index has, as at a rebuild; as many as before where nothing is said, or one
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub shards: Option<u32>,
    #[command(flatten)]
    pub limits: LimitArgs,
    /// Write what became of each file to this file, a JSON object a line
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}

/// What reading one file may cost.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Limits for one file; one that exceeds them is left out and named")]
pub struct LimitArgs {
    /// The largest size: a number of bytes, or with K, M or G (JSON Lines may be larger)
    #[arg(long, value_name = "SIZE", default_value = "256M", value_parser = size)]
    pub max_file_size: u64,
    /// The longest time to read it, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    pub max_time: Duration,
    /// The most memory to read it with (kept on Linux)
    #[arg(long, value_name = "SIZE", default_value = "2G", value_parser = size)]
    pub max_memory: u64,
}

impl From<LimitArgs> for FileLimits {
    fn from(args: LimitArgs) -> FileLimits {
        FileLimits { bytes: args.max_file_size, time: args.max_time, memory: args.max_memory }
    }
}

/// Reads a number of bytes.
fn size(text: &str) -> Result<u64, String> {
    let wrong =
        || format!("\"{text}\" is no size; write a number of bytes, or one with K, M or G such as 256M");
    let upper = text.trim().to_uppercase();
    let number = upper.trim_end_matches('B').trim_end_matches(['K', 'M', 'G']);
    let unit = match upper[number.len()..].trim_end_matches('B') {
        "" => 1,
        "K" => 1 << 10,
        "M" => 1 << 20,
        "G" => 1 << 30,
        _ => return Err(wrong()),
    };
    let bytes = number.trim().parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    bytes.filter(|&bytes| bytes > 0).ok_or_else(wrong)
}

/// Reads a time.
fn seconds(text: &str) -> Result<Duration, String> {
    let wrong = || format!("\"{text}\" is no time; write a number of seconds such as 60 or 0.5");
    let number: f64 = text.trim().parse().map_err(|_| wrong())?;
    Duration::try_from_secs_f64(number).ok().filter(|time| !time.is_zero()).ok_or_else(wrong)
}

/// What to limit a search to.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Filters (repeatable; ids or labels in any language)")]
pub struct FilterArgs {
    /// Passages of this dimension
    #[arg(long, value_name = "NAME")]
    pub dimension: Vec<String>,
    /// Passages in which this actor acts or is addressed
    #[arg(long, value_name = "NAME")]
    pub actor: Vec<String>,
    /// Passages about this objective of the Compact: 1 to 23, or a label
    #[arg(long, value_name = "NAME")]
    pub objective: Vec<String>,
    /// Passages with this tag of any scheme of the taxonomy (objective:7, actor:states)
    #[arg(long, value_name = "SCHEME:NAME")]
    pub tag: Vec<String>,
    /// Passages in this language
    #[arg(long, value_name = "LANG")]
    pub lang: Vec<String>,
    /// Passages of this document: its id, a folder above it, its symbol or its title
    #[arg(long, value_name = "NAME")]
    pub document: Vec<String>,
    /// Documents of this publisher
    #[arg(long, value_name = "NAME")]
    pub publisher: Vec<String>,
    /// Documents of this date or later (YYYY, YYYY-MM or YYYY-MM-DD)
    #[arg(long, value_name = "DATE")]
    pub since: Option<Date>,
    /// Documents of this date or earlier
    #[arg(long, value_name = "DATE")]
    pub until: Option<Date>,
}

/// `query`
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Query language:
  autorità locali          any word may match, more are better
  \"autorità locali\"        the phrase; \"parole vicine\"~8 within 8 words in any order
  +must -not  AND OR NOT   (groups)
  integr*  autorita~       words that begin so; words within a letter or two
  dimensione:locale attore:states obiettivo:7 lingua:it titolo:patto documento:ID
An apostrophe is never a quotation mark. What cannot be read is searched as plain words.")]
pub struct QueryArgs {
    /// The query; several arguments are one. One that begins with a hyphen goes after --
    #[arg(required_unless_present = "like")]
    pub query: Vec<String>,
    /// Find passages like this one (DOCUMENT#N)
    #[arg(long, value_name = "ID", conflicts_with = "query")]
    pub like: Option<String>,
    /// The form of the results [env: GCM_SEARCH_FORMAT] [default: text]
    #[arg(short, long, value_enum)]
    pub format: Option<ResultFormat>,
    #[command(flatten)]
    pub result: ResultArgs,
    #[command(flatten)]
    pub search: SearchArgs,
}

/// How queries are answered: the same for one query and for many.
#[derive(Debug, Default, Args)]
pub struct SearchArgs {
    /// How many hits [env: GCM_SEARCH_LIMIT] [default: 10]
    #[arg(short = 'n', long, value_name = "N")]
    pub limit: Option<usize>,
    /// How many hits to pass over
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub offset: usize,
    /// Every word must occur
    #[arg(long)]
    pub all: bool,
    /// Do not look for passages tagged with the concepts that the query names
    #[arg(long)]
    pub no_concepts: bool,
    /// Explain scores and tags
    #[arg(long)]
    pub explain: bool,
    /// List a text that stands in several places each time
    #[arg(long)]
    pub duplicates: bool,
    /// What is ranked: passages, or documents by their best passage
    #[arg(long, value_enum, default_value_t = Unit::Passage)]
    pub unit: Unit,
    /// A TOML or JSON file with the weights of the ranking
    #[arg(long, value_name = "FILE", hide = true)]
    pub weights: Option<PathBuf>,
    #[command(flatten)]
    pub filters: FilterArgs,
}

/// How results are written, beside their form.
#[derive(Debug, Default, Args)]
pub struct ResultArgs {
    #[command(flatten)]
    pub tables: TableArgs,
    /// Write what the results were made with and their hash to this file, as JSON
    #[arg(long, value_name = "FILE")]
    pub manifest: Option<PathBuf>,
}

/// How tables are written.
#[derive(Debug, Clone, Copy, Args)]
pub struct TableArgs {
    /// In CSV and TSV, keep text from running as a formula in a spreadsheet
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_value_t = true,
        default_missing_value = "true",
        action = ArgAction::Set
    )]
    csv_safe: bool,
    /// Write text as it is
    #[arg(long, conflicts_with = "csv_safe")]
    no_csv_safe: bool,
}

impl Default for TableArgs {
    fn default() -> Self {
        TableArgs { csv_safe: true, no_csv_safe: false }
    }
}

impl TableArgs {
    /// Whether text in tables is kept from running as a formula.
    pub fn csv_safe(&self) -> bool {
        self.csv_safe && !self.no_csv_safe
    }
}

/// `batch`
#[derive(Debug, Args)]
#[command(after_help = "\
Input, told apart by its first line:
  lines    a query a line; its id is the number of the line
  tsv      an id, a tab and the query; or columns named by a header
  csv      a header: id, query (or text), limit, offset, dimension, actor, lang, document,
           publisher, since, until; several values of a filter are parted by |
  jsonl    {\"id\",\"query\",\"filters\":{\"dimension\":[…],…},\"limit\",\"offset\"}; _id and text count too
  trec     topics: <top> <num> <title> </top>
What a line says of filters, limit and offset comes before the options. A line that cannot be
answered is reported in its place and on standard error; the exit code is then 2.")]
pub struct BatchArgs {
    /// The queries; - or nothing for standard input
    pub file: Option<PathBuf>,
    /// The form of the input [default: by its first line]
    #[arg(long, value_enum, value_name = "FORM")]
    pub input_format: Option<InputForm>,
    /// The form of the results
    #[arg(short, long, value_enum, default_value_t = ResultFormat::Jsonl)]
    pub format: ResultFormat,
    #[command(flatten)]
    pub result: ResultArgs,
    /// How many queries are answered side by side [default: as many as there are cores; 16 on a cluster]
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// Print no results, but whether they would be those of this manifest, and what changed
    #[arg(long, value_name = "MANIFEST", conflicts_with = "manifest")]
    pub verify: Option<PathBuf>,
    #[command(flatten)]
    pub search: SearchArgs,
}

/// The form of a file of queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum InputForm {
    /// A query a line.
    Lines,
    /// An id, a tab and the query.
    Tsv,
    /// Columns named by a header.
    Csv,
    /// A JSON object a line.
    Jsonl,
    /// TREC topics.
    Trec,
}

impl From<InputForm> for InputFormat {
    fn from(form: InputForm) -> InputFormat {
        match form {
            InputForm::Lines => InputFormat::Lines,
            InputForm::Tsv => InputFormat::Tsv,
            InputForm::Csv => InputFormat::Csv,
            InputForm::Jsonl => InputFormat::Jsonl,
            InputForm::Trec => InputFormat::Trec,
        }
    }
}

/// The form of ranked lists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ResultFormat {
    /// For a person.
    #[default]
    Text,
    /// One JSON object; of a batch, an array of them.
    Json,
    /// One JSON object a hit; of a batch, one a query.
    Jsonl,
    /// A table with commas.
    Csv,
    /// A table with tabs.
    Tsv,
    /// A TREC run.
    Trec,
    /// Quotations with their sources.
    Markdown,
}

/// The form of results.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a person.
    #[default]
    Text,
    /// One JSON object.
    Json,
    /// One JSON object a line.
    Jsonl,
}

/// `show`
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// A passage (DOCUMENT#N) or a document
    pub id: String,
    /// How many neighbours on each side of a passage
    #[arg(short = 'C', long, default_value_t = 1, value_name = "N")]
    pub context: u32,
    /// The form of the result
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Which passages are counted.
#[derive(Debug, Default, Args)]
pub struct CountArgs {
    #[command(flatten)]
    pub filters: FilterArgs,
    /// Every word must occur
    #[arg(long)]
    pub all: bool,
    /// Do not count passages for being tagged with the concepts that the query names
    #[arg(long)]
    pub no_concepts: bool,
}

/// `matrix`
#[derive(Debug, Args)]
pub struct MatrixArgs {
    /// Count only passages that answer this query
    pub query: Vec<String>,
    /// The scheme of the rows
    #[arg(long, default_value = "actor", value_name = "SCHEME")]
    pub rows: String,
    /// The scheme of the columns
    #[arg(long, default_value = "dimension", value_name = "SCHEME")]
    pub columns: String,
    /// List the passages of one cell instead: a concept of the rows, a comma, one of the columns
    #[arg(long, value_name = "ROW,COLUMN")]
    pub cell: Option<String>,
    #[command(flatten)]
    pub counted: CountArgs,
    /// Show rows and columns without any passage too
    #[arg(long)]
    pub empty: bool,
    /// The form of the result
    #[arg(short, long, value_enum, default_value_t = MatrixFormat::Text)]
    pub format: MatrixFormat,
    #[command(flatten)]
    pub tables: TableArgs,
}

/// The form of a matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MatrixFormat {
    /// A table, the cells shaded by their counts.
    Text,
    /// Comma-separated values, a row a line.
    Csv,
    /// One JSON object.
    Json,
    /// A picture for a report.
    Svg,
}

/// `compare`
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// The query; several arguments are one
    #[arg(required = true)]
    pub query: Vec<String>,
    /// What to compare: document, publisher, year, language, or a scheme of the taxonomy (dimension, actor, objective)
    #[arg(long, value_name = "WHAT")]
    pub by: String,
    /// What the rows are ordered by [default: name for years, otherwise rate]
    #[arg(long, value_enum)]
    pub sort: Option<CompareOrder>,
    /// How many rows [default: all]
    #[arg(short = 'n', long, value_name = "N")]
    pub limit: Option<usize>,
    #[command(flatten)]
    pub counted: CountArgs,
    /// The form of the result
    #[arg(short, long, value_enum, default_value_t = TableFormat::Text)]
    pub format: TableFormat,
    #[command(flatten)]
    pub tables: TableArgs,
}

/// What the rows of a comparison are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CompareOrder {
    /// The share of passages that match.
    Rate,
    /// How many match.
    Count,
    /// The name.
    Name,
}

/// `coverage`
#[derive(Debug, Args)]
pub struct CoverageArgs {
    /// Documents: ids, folders, symbols or titles, each a column
    #[arg(required = true, value_name = "DOCUMENT")]
    pub names: Vec<String>,
    /// Only this scheme of the taxonomy (repeatable) [default: all]
    #[arg(long, value_name = "SCHEME")]
    pub scheme: Vec<String>,
    /// Show the beginning of the best passage under each concept
    #[arg(long)]
    pub passages: bool,
    /// The form of the result
    #[arg(short, long, value_enum, default_value_t = TableFormat::Text)]
    pub format: TableFormat,
    #[command(flatten)]
    pub tables: TableArgs,
}

/// The form of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TableFormat {
    /// For a person.
    Text,
    /// One JSON object.
    Json,
    /// Comma-separated values.
    Csv,
}

impl TableFormat {
    /// Whether a person or a program reads it.
    pub fn output(self) -> Format {
        if self == TableFormat::Text { Format::Text } else { Format::Json }
    }
}

/// `status`
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Check every file of the index against its checksum
    #[arg(long)]
    pub verify: bool,
    /// List the documents
    #[arg(long)]
    pub documents: bool,
    /// The form of the result
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// `export`
#[derive(Debug, Args)]
pub struct ExportArgs {
    #[command(flatten)]
    pub filters: FilterArgs,
    /// The form of the passages
    #[arg(short, long, value_enum, default_value_t = ExportFormat::Jsonl)]
    pub format: ExportFormat,
    /// The same as --format analysed
    #[arg(long, conflicts_with = "format")]
    pub analysed: bool,
    /// Write to this file, packed with gzip if its name ends in .gz
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub tables: TableArgs,
}

impl ExportArgs {
    /// The form asked for, in either way.
    pub fn form(&self) -> ExportFormat {
        if self.analysed { ExportFormat::Analysed } else { self.format }
    }
}

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// One JSON object a passage.
    Jsonl,
    /// A table with commas.
    Csv,
    /// Analysed passages, ready to be indexed elsewhere without the documents, one JSON object each.
    Analysed,
    /// Bodies for the _bulk interface of OpenSearch: an action and an analysed passage by turns.
    #[cfg(feature = "opensearch")]
    Bulk,
}

/// `fetch`
#[cfg(feature = "fetch")]
#[derive(Debug, Args)]
#[command(after_help = "\
Documents are asked for one at a time, under the rules of each server (robots.txt), and only if they have changed.
What broke off is gone on with. Index them with: gcm-search index corpus/downloads")]
pub struct FetchArgs {
    /// Documents of documents.toml, or addresses; without any, all documents
    #[arg(value_name = "ID|URL")]
    pub wanted: Vec<String>,
    /// In this language (repeatable) [default: it, en, fr and es]
    #[arg(long, value_name = "LANG")]
    pub lang: Vec<String>,
    /// The folder that they go to [default: downloads in the folder of the documents]
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
    /// Only list the documents that can be fetched
    #[arg(long, conflicts_with = "dry_run")]
    pub list: bool,
    /// Only say what would be fetched, and to which file
    #[arg(long)]
    pub dry_run: bool,
    /// The largest document: a number of bytes, or with K, M or G
    #[arg(long, value_name = "SIZE", default_value = "200M", value_parser = size)]
    pub max_size: u64,
    /// How often to try again what failed in passing
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub retries: u32,
    /// How long a server may be silent, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub timeout: Duration,
    /// The pause between two requests to a server, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    pub pause: Duration,
}

/// `tag`
#[derive(Debug, Args)]
pub struct TagArgs {
    /// JSON Lines ({"id","text","lang"?}) or plain text; - or nothing for standard input
    pub file: Option<PathBuf>,
}

/// `eval`
#[derive(Debug, Args)]
pub struct EvalArgs {
    /// Queries, in any form that batch reads
    #[arg(required_unless_present = "tags")]
    pub queries: Option<PathBuf>,
    /// Judgements: three columns (BEIR) or four (TREC)
    #[arg(required_unless_present = "tags")]
    pub qrels: Option<PathBuf>,
    /// Measure tags instead: labelled passages, JSON Lines {"id","lang","text","dimensions","actors"}
    #[arg(long, value_name = "GOLD", conflicts_with_all = ["queries", "qrels"])]
    pub tags: Option<PathBuf>,
    /// Do not look for passages tagged with the concepts that a query names
    #[arg(long)]
    pub no_concepts: bool,
    /// Each query (or each tag) by itself
    #[arg(long)]
    pub per_query: bool,
    /// Rank documents by their best passage, as judgements of documents ask for
    #[arg(long, value_enum, default_value_t = Unit::Document)]
    pub unit: Unit,
    /// The form of the result
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// A TOML file with the weights of the ranking
    #[arg(long, value_name = "FILE")]
    pub weights: Option<PathBuf>,
}

/// What is ranked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Unit {
    /// Passages, by `DOCUMENT#N`.
    #[default]
    Passage,
    /// Documents, each by its best passage.
    Document,
}

/// `cite`
#[derive(Debug, Args)]
pub struct CiteArgs {
    /// Passages (DOCUMENT#N) or documents; - reads ids from standard input, one a line
    #[arg(required = true, value_name = "ID")]
    pub ids: Vec<String>,
    /// The form of the references
    #[arg(short, long, value_enum, default_value_t = ReferenceFormat::Bibtex)]
    pub format: ReferenceFormat,
}

/// The form of references.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReferenceFormat {
    /// BibTeX, for LaTeX and most citation managers.
    Bibtex,
    /// RIS, for most citation managers.
    Ris,
    /// CSL-JSON, for Pandoc and Zotero.
    CslJson,
}

/// `concordance`
#[derive(Debug, Args)]
pub struct ConcordanceArgs {
    /// The word, or words that stand one after the other; * at the end of a word stands for any ending
    #[arg(required = true, value_name = "WORD")]
    pub words: Vec<String>,
    /// Only the very form, no other forms of the word
    #[arg(long)]
    pub exact: bool,
    /// What the lines are ordered by
    #[arg(long, value_enum, default_value_t = SortBy::Document)]
    pub sort: SortBy,
    /// How many lines
    #[arg(short = 'n', long, default_value_t = 100, value_name = "N")]
    pub limit: usize,
    /// Count the occurrences by form, document, dimension and actor
    #[arg(long)]
    pub counts: bool,
    /// How many characters of context on each side [default: what fits, and 60 where nothing has to]
    #[arg(short = 'C', long, value_name = "N")]
    pub context: Option<usize>,
    /// The form of the result
    #[arg(short, long, value_enum, default_value_t = ConcordanceFormat::Text)]
    pub format: ConcordanceFormat,
    #[command(flatten)]
    pub tables: TableArgs,
    #[command(flatten)]
    pub filters: FilterArgs,
}

/// The form of a concordance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ConcordanceFormat {
    /// Lines aligned on the word.
    Text,
    /// One JSON object, with all counts.
    Json,
    /// One JSON object a line.
    Jsonl,
    /// A table with commas, a line each.
    Csv,
}

/// What the lines of a concordance are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SortBy {
    /// The words before it, the nearest first.
    Left,
    /// The words after it.
    Right,
    /// The document and the place in it.
    Document,
}

/// `config`
#[derive(Debug, Args)]
#[command(after_help = "\
Options win over variables of the environment, these over gcm-search.toml in the working directory or a folder
above it, and that over your own file (config.toml in gcm-search in $XDG_CONFIG_HOME, or in ~/.config).
Only your own file, or one named with --config, may set `pager` and the table `extract`: they name programs to run.
A gcm-search.toml may too with --allow-commands, or in a folder that the list `trusted` in your own file names.")]
pub struct ConfigArgs {
    /// List only the files that settings are looked for in, those that win first
    #[arg(long)]
    pub files: bool,
    /// The form of the result
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// `completions`
#[derive(Debug, Args)]
#[command(after_help = "\
To install:
  bash        gcm-search completions bash > ~/.local/share/bash-completion/completions/gcm-search
  zsh         gcm-search completions zsh > \"${fpath[1]}/_gcm-search\"
  fish        gcm-search completions fish > ~/.config/fish/completions/gcm-search.fish
  PowerShell  gcm-search completions powershell >> $PROFILE")]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// A shell that completions are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// bash
    Bash,
    /// zsh
    Zsh,
    /// fish
    Fish,
    /// PowerShell
    #[value(alias = "pwsh")]
    Powershell,
}

/// `man`
#[derive(Debug, Args)]
#[command(after_help = "\
To read a page:
  gcm-search man query | man -l -
To install all:
  gcm-search man --dir ~/.local/share/man/man1")]
pub struct ManArgs {
    /// The command [default: the main page]
    #[arg(value_name = "COMMAND", conflicts_with = "dir")]
    pub page_of: Option<String>,
    /// Write the page of every command to this folder
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

/// `__extract`
#[derive(Debug, Args)]
pub struct ExtractArgs {
    /// The most memory to take, in bytes
    #[arg(long, value_name = "BYTES")]
    pub max_memory: u64,
}

/// `__complete`
#[derive(Debug, Args)]
pub struct CompleteArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
    /// A word that has nothing yet follows the last one
    #[arg(long)]
    pub new_word: bool,
    /// The words of the line; for bash, the command's name and the line up to the cursor
    #[arg(last = true)]
    pub words: Vec<OsString>,
}

impl From<Unit> for engine::Unit {
    fn from(unit: Unit) -> engine::Unit {
        match unit {
            Unit::Passage => engine::Unit::Passage,
            Unit::Document => engine::Unit::Document,
        }
    }
}
