//! `__complete`: what may follow on a command line, for the scripts of `completions`.
//!
//! Commands, options and their values come from the definition of the arguments; names of dimensions, actors,
//! documents and the like come from the taxonomy and the index that the command line speaks of. Whoever presses the
//! tab key wants no message: where something cannot be read, less is offered.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::sync::Arc;

use clap::{CommandFactory, FromArgMatches};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, complete};
use gcm_search::analysis::fold::fold;
use gcm_search::compare::By;
use gcm_search::document::Language;
use gcm_search::engine;

use super::args::{Cli, CompleteArgs, GlobalArgs, Shell};
use super::settings::{Global, Surroundings};
use super::terminal::Terminal;
use super::{Failure, Knowledge, Outcome};
use crate::output::printable;

/// How many documents are offered by themselves; more are offered folder by folder.
const MANY_DOCUMENTS: usize = 100;
/// How many characters of a passage tell a reader which one it is.
const PASSAGE_HINT: usize = 60;

pub fn run(args: &CompleteArgs, around: &Surroundings<'_>, terminal: &Terminal) -> Result<Outcome, Failure> {
    let mut words: Vec<OsString> = args.words.clone();
    let mut typed = Typed::default();
    match args.shell {
        Shell::Bash => {
            let line = words.pop().unwrap_or_default();
            typed =
                Typed::of_line(&line.to_string_lossy(), &words.pop().unwrap_or_default().to_string_lossy());
            words = typed.words.iter().map(OsString::from).collect();
        }
        Shell::Fish => {
            // The word at the cursor comes as it was typed, with its quotes.
            if let Some(last) = words.pop() {
                let word = Typed::of_line(&last.to_string_lossy(), "").words.pop().unwrap_or_default();
                words.push(word.into());
            }
        }
        Shell::Zsh | Shell::Powershell => {}
    }
    if args.new_word || words.len() < 2 {
        words.push(OsString::new());
    }
    let global = Arc::new(settings(&words, around));
    let at = words.len() - 1;
    let mut command = with_values(Cli::command(), &global);
    let found = complete(&mut command, words, at, Some(&around.folder)).unwrap_or_default();
    let mut out = terminal.raw_stdout();
    let mut seen = BTreeSet::new();
    for candidate in found {
        let value = candidate.get_value().to_string_lossy().into_owned();
        // What a terminal would act on is not offered: it could not be typed either.
        if value != printable(&value) || value.contains(['\n', '\t']) || !seen.insert(value.clone()) {
            continue;
        }
        if args.shell == Shell::Bash {
            if let Some(rest) = typed.rest_of(&value) {
                writeln!(out, "{rest}")?;
            }
            continue;
        }
        let help = candidate.get_help().map(ToString::to_string).unwrap_or_default();
        let help = printable(help.lines().next().unwrap_or_default()).replace('\t', " ");
        let gap = if help.is_empty() { "" } else { "\t" };
        writeln!(out, "{value}{gap}{help}")?;
    }
    out.flush()?;
    Ok(Outcome::Found)
}

/// The settings that the command line so far asks for; the defaults where a file of settings has a mistake.
fn settings(words: &[OsString], around: &Surroundings<'_>) -> Global {
    let before = &words[..words.len().saturating_sub(1)];
    let options = Cli::command()
        .ignore_errors(true)
        .try_get_matches_from(before)
        .ok()
        .and_then(|matches| {
            let mut deepest = &matches;
            while let Some((_, inner)) = deepest.subcommand() {
                deepest = inner;
            }
            GlobalArgs::from_arg_matches(deepest).ok()
        })
        .unwrap_or_default();
    Global::resolve(&options, around).unwrap_or_else(|_| Global::from_options(&options))
}

/// What the value of an argument is, by the argument's name in `args.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Values {
    Scheme(&'static str),
    Language,
    LabelLanguage,
    DocumentName,
    Publisher,
    Id,
    Command,
    /// A scheme of the taxonomy.
    SchemeName,
    /// What a query can be compared by.
    Comparable,
    /// A scheme, a colon and a concept of it.
    Tag,
}

const ARGUMENTS: [(&str, Values); 17] = [
    ("dimension", Values::Scheme("dimension")),
    ("actor", Values::Scheme("actor")),
    ("objective", Values::Scheme("objective")),
    ("tag", Values::Tag),
    ("rows", Values::SchemeName),
    ("columns", Values::SchemeName),
    ("scheme", Values::SchemeName),
    ("by", Values::Comparable),
    ("names", Values::DocumentName),
    ("lang", Values::Language),
    ("labels", Values::LabelLanguage),
    ("document", Values::DocumentName),
    ("publisher", Values::Publisher),
    ("id", Values::Id),
    ("ids", Values::Id),
    ("like", Values::Id),
    ("page_of", Values::Command),
];

/// The command and all below it, with completers for their values.
fn with_values(mut command: clap::Command, global: &Arc<Global>) -> clap::Command {
    for (name, values) in ARGUMENTS {
        if command.get_arguments().any(|arg| arg.get_id() == name) {
            let global = Arc::clone(global);
            let completer = ArgValueCompleter::new(move |current: &OsStr| {
                current.to_str().map(|current| values.starting_with(current, &global)).unwrap_or_default()
            });
            command = command.mut_arg(name, |arg| arg.add(completer));
        }
    }
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    for name in names {
        command = command.mut_subcommand(name, |sub| with_values(sub, global));
    }
    command
}

fn candidate(value: impl Into<OsString>, help: &str) -> CompletionCandidate {
    CompletionCandidate::new(value).help((!help.is_empty()).then(|| help.to_owned().into()))
}

impl Values {
    /// The values that begin so, without regard to accents and capitals.
    fn starting_with(self, current: &str, global: &Global) -> Vec<CompletionCandidate> {
        let start = fold(current);
        let pairs = |pairs: &[(&str, &str)]| -> Vec<CompletionCandidate> {
            pairs
                .iter()
                .filter(|(value, _)| fold(value).starts_with(&start))
                .map(|(value, help)| candidate(*value, help))
                .collect()
        };
        match self {
            Values::Scheme(scheme) => concepts(scheme, &start, global).unwrap_or_default(),
            Values::Language => pairs(&[
                ("it", "italiano"),
                ("en", "English"),
                ("fr", "français"),
                ("es", "español"),
                ("und", "any other"),
            ]),
            Values::LabelLanguage => {
                pairs(&[("it", "italiano"), ("en", "English"), ("fr", "français"), ("es", "español")])
            }
            Values::DocumentName => document_names(&start, global).unwrap_or_default(),
            Values::Publisher => {
                let engine = engine::open(global.place()).ok();
                let known =
                    engine.and_then(|engine| engine.filter_values("publisher").ok()).unwrap_or_default();
                known
                    .iter()
                    .filter(|(name, _)| name.starts_with(&start))
                    .map(|(name, count)| candidate(name, &format!("{count} passages")))
                    .collect()
            }
            Values::SchemeName => schemes(&start, "", global).unwrap_or_default(),
            Values::Comparable => {
                let taxonomy = Knowledge::load_outline(global).map(|knowledge| knowledge.taxonomy);
                let names = taxonomy.iter().flat_map(By::names);
                names.filter(|name| name.starts_with(&start)).map(|name| candidate(name, "")).collect()
            }
            Values::Tag => match current.split_once(':') {
                Some((scheme, name)) => concepts(scheme, &fold(name), global)
                    .unwrap_or_default()
                    .into_iter()
                    .map(|candidate| candidate.add_prefix(format!("{scheme}:")))
                    .collect(),
                None => schemes(&start, ":", global).unwrap_or_default(),
            },
            Values::Id => ids(current, global).unwrap_or_default(),
            Values::Command => Cli::command()
                .get_subcommands()
                .filter(|sub| !sub.is_hide_set() && sub.get_name().starts_with(current))
                .map(|sub| {
                    candidate(sub.get_name(), &sub.get_about().map(ToString::to_string).unwrap_or_default())
                })
                .collect(),
        }
    }
}

/// The schemes of the taxonomy, each with something behind it.
fn schemes(start: &str, end: &str, global: &Global) -> Option<Vec<CompletionCandidate>> {
    let taxonomy = Knowledge::load_outline(global).ok()?.taxonomy;
    let found = taxonomy.schemes.iter().filter(|scheme| scheme.id.starts_with(start));
    Some(
        found
            .map(|scheme| candidate(format!("{}{end}", scheme.id), scheme.labels.get(global.labels)))
            .collect(),
    )
}

/// Ids with their labels; once something is typed, also labels and other names in any language.
fn concepts(scheme: &str, start: &str, global: &Global) -> Option<Vec<CompletionCandidate>> {
    let taxonomy = Knowledge::load_outline(global).ok()?.taxonomy;
    let index = taxonomy.scheme_index(scheme)?;
    let mut out = Vec::new();
    for (_, concept) in taxonomy.concepts_of(index) {
        if concept.id.starts_with(start) {
            out.push(candidate(&concept.id, concept.labels.get(global.labels)));
        }
    }
    if start.is_empty() {
        return Some(out);
    }
    for (_, concept) in taxonomy.concepts_of(index) {
        let names = Language::ANALYSED.into_iter().map(|language| concept.labels.get(language));
        for name in names.chain(concept.also.iter().map(String::as_str)) {
            if fold(name).starts_with(start) && name != concept.id {
                out.push(candidate(name.to_lowercase(), &concept.id));
            }
        }
    }
    Some(out)
}

/// What `--document` takes: ids and folders, and once something is typed symbols and titles too.
fn document_names(start: &str, global: &Global) -> Option<Vec<CompletionCandidate>> {
    let engine = engine::open(global.place()).ok()?;
    let ids: Vec<String> = engine.document_ids().ok()?.iter().map(|id| fold(id)).collect();
    let mut out: Vec<CompletionCandidate> =
        by_folder(&ids, start).into_iter().map(|id| candidate(id, "")).collect();
    if !start.is_empty() {
        let names = engine.filter_values("document").ok()?;
        let others = names.keys().filter(|name| name.starts_with(start) && !ids.contains(*name));
        out.extend(others.map(|name| candidate(name, "")));
    }
    Some(out)
}

/// Ids of documents; behind a document's `#` the numbers of its passages.
fn ids(current: &str, global: &Global) -> Option<Vec<CompletionCandidate>> {
    let engine = engine::open(global.place()).ok()?;
    let ids = engine.document_ids().ok()?;
    if let Some((document, number)) = current.rsplit_once('#')
        && ids.iter().any(|id| id == document)
    {
        let passages = engine.passages_of(document).ok()?;
        return Some(
            passages
                .iter()
                .filter(|stored| stored.passage.number.to_string().starts_with(number))
                .map(|stored| {
                    let text: String = stored.passage.text.chars().take(PASSAGE_HINT).collect();
                    candidate(stored.id(), &text.replace('\n', " "))
                })
                .collect(),
        );
    }
    Some(by_folder(&ids, current).into_iter().map(|id| candidate(id, "")).collect())
}

/// The ids that begin so; where they are many, only up to the end of the next folder.
fn by_folder(ids: &[String], start: &str) -> Vec<String> {
    let found: Vec<&String> = ids.iter().filter(|id| id.starts_with(start)).collect();
    if found.len() <= MANY_DOCUMENTS {
        return found.into_iter().cloned().collect();
    }
    let folders: BTreeSet<String> = found
        .into_iter()
        .map(|id| match id[start.len()..].find('/') {
            Some(at) => id[..=start.len() + at].to_owned(),
            None => id.clone(),
        })
        .collect();
    folders.into_iter().collect()
}

/// A command line as far as it was typed, read as a shell reads it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Typed {
    /// The words of the command at the cursor, without quotes; the last one is being typed and may be empty.
    words: Vec<String>,
    /// The quotation mark that is open at the cursor.
    quote: Option<char>,
    /// How many bytes of the last word stand before the part that bash takes for the word: it cuts words at colons
    /// and the like.
    kept: usize,
}

/// Where bash cuts words besides at white space (`COMP_WORDBREAKS`).
const CUTS: &str = "=:@";
/// What ends a command.
const ENDS: &str = "|&;()<>\n`";

impl Typed {
    /// Reads a line; what stands before the command's own name, such as `sudo` or a variable, is left out.
    fn of_line(line: &str, name: &str) -> Typed {
        let mut typed = Typed { words: vec![String::new()], quote: None, kept: 0 };
        let mut begun = false;
        let mut chars = line.chars();
        while let Some(c) = chars.next() {
            let word = match typed.words.last_mut() {
                Some(word) => word,
                // There is always one.
                None => break,
            };
            match (typed.quote, c) {
                (Some(quote), c) if c == quote => typed.quote = None,
                (Some('"'), '\\') => match chars.next() {
                    Some(next) if "\"\\$`".contains(next) => word.push(next),
                    Some(next) => word.extend(['\\', next]),
                    None => {}
                },
                (Some(_), c) => word.push(c),
                (None, '"' | '\'') => {
                    typed.quote = Some(c);
                    typed.kept = word.len();
                    begun = true;
                }
                (None, '\\') => {
                    word.extend(chars.next());
                    begun = true;
                }
                (None, c) if ENDS.contains(c) => {
                    typed.words = vec![String::new()];
                    (begun, typed.kept) = (false, 0);
                }
                (None, c) if c.is_whitespace() => {
                    if begun {
                        typed.words.push(String::new());
                        (begun, typed.kept) = (false, 0);
                    }
                }
                (None, c) => {
                    word.push(c);
                    begun = true;
                    if CUTS.contains(c) {
                        typed.kept = word.len();
                    }
                }
            }
        }
        if let Some(at) = typed.words.iter().position(|word| word == name)
            && at + 1 < typed.words.len()
        {
            typed.words.drain(..at);
        }
        typed
    }

    /// What bash is to put in the place of the part of a word that it takes for the word, quoted as is needed there.
    fn rest_of(&self, value: &str) -> Option<String> {
        let rest = value.get(self.kept..)?;
        let special = match self.quote {
            Some('\'') => return (!rest.contains('\'')).then(|| rest.to_owned()),
            Some(_) => "\"\\$`",
            None => " \"'\\$`|&;()<>*?[]{}!~",
        };
        let mut out = String::with_capacity(rest.len());
        for (at, c) in rest.chars().enumerate() {
            // A hash begins a comment at the beginning of a word only.
            if special.contains(c) || (c == '#' && at == 0 && self.kept == 0 && self.quote.is_none()) {
                out.push('\\');
            }
            out.push(c);
        }
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(line: &str) -> (Vec<String>, Option<char>, usize) {
        let typed = Typed::of_line(line, "gcm-search");
        (typed.words, typed.quote, typed.kept)
    }

    #[test]
    fn a_line_is_read_as_bash_reads_it() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert_eq!(typed("gcm-search qu"), (words(&["gcm-search", "qu"]), None, 0));
        assert_eq!(typed("gcm-search show "), (words(&["gcm-search", "show", ""]), None, 0));
        assert_eq!(typed("gcm-search --dimension=lo"), (words(&["gcm-search", "--dimension=lo"]), None, 12));
        assert_eq!(typed("gcm-search a \"b c").0, words(&["gcm-search", "a", "b c"]));
        assert_eq!(typed("gcm-search a \"b c").1, Some('"'));
        assert_eq!(typed("gcm-search a\\ b'c d'").0, words(&["gcm-search", "a bc d"]));
        assert_eq!(typed("echo x | A=1 sudo gcm-search sh").0, words(&["gcm-search", "sh"]));
        assert_eq!(typed("gcm-search '' ").0, words(&["gcm-search", "", ""]));
    }

    #[test]
    fn what_is_inserted_is_quoted() {
        let rest = |line: &str, value: &str| Typed::of_line(line, "gcm-search").rest_of(value);
        assert_eq!(rest("gcm-search q --actor au", "autorità locali").as_deref(), Some("autorità\\ locali"));
        assert_eq!(
            rest("gcm-search q --actor \"au", "autorità \"x\"").as_deref(),
            Some("autorità \\\"x\\\"")
        );
        assert_eq!(rest("gcm-search q --actor 'au", "autorità locali").as_deref(), Some("autorità locali"));
        assert_eq!(rest("gcm-search q --actor 'l", "l'onu"), None);
        assert_eq!(rest("gcm-search q --actor=au", "--actor=autori$").as_deref(), Some("autori\\$"));
        assert_eq!(rest("gcm-search show d#", "d#1").as_deref(), Some("d#1"));
        assert_eq!(rest("gcm-search show ", "#d").as_deref(), Some("\\#d"));
    }

    #[test]
    fn many_documents_are_offered_by_folder() {
        let ids: Vec<String> = (0..=MANY_DOCUMENTS).map(|n| format!("a/{}/{n}", n % 3)).collect();
        assert_eq!(by_folder(&ids, ""), ["a/"]);
        assert_eq!(by_folder(&ids, "a/"), ["a/0/", "a/1/", "a/2/"]);
        assert_eq!(by_folder(&ids, "a/1/").len(), 34);
    }
}
