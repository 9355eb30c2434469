//! What holds for a run: options over the environment over the project's file over the user's own.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use gcm_search::document::Language;
use gcm_search::engine::Place;
use gcm_search::suggest::nearest;
use toml::de::{DeTable, DeValue};

use super::args::{Color, GlobalArgs, ResultFormat, Stats, label_language};
use super::cluster;
use super::failure::Failure;

/// The file that a project keeps its settings in; looked for from the working directory upwards.
pub const PROJECT_FILE: &str = "gcm-search.toml";
/// The variable that names a file to read instead of the project's and the user's.
pub const FILE_VARIABLE: &str = "GCM_SEARCH_CONFIG";
/// The pager where nobody names one: it keeps colours, leaves short results on the screen and does not clear it.
const DEFAULT_PAGER: &str = "less -FRX";
/// How many hits `query` lists where nobody says.
const DEFAULT_LIMIT: usize = 10;

/// What a key of a file takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    /// Relative to the file that it stands in.
    Path,
    Number,
    /// A command line, or `false` for none.
    Program,
    /// A server that is spoken to, with the user's credentials.
    Server,
    /// A file that speaking to a server takes, relative to the file that it stands in.
    ServerPath,
}

/// A key of the configuration, apart from the table `extract`.
struct Key {
    name: &'static str,
    variable: &'static str,
    kind: Kind,
}

const KEYS: [Key; 13] = [
    Key { name: "index", variable: "GCM_SEARCH_INDEX", kind: Kind::Path },
    Key { name: "corpus", variable: "GCM_SEARCH_CORPUS", kind: Kind::Path },
    Key { name: "taxonomy", variable: "GCM_SEARCH_TAXONOMY", kind: Kind::Path },
    Key { name: "labels", variable: "GCM_SEARCH_LABELS", kind: Kind::Text },
    Key { name: "color", variable: "GCM_SEARCH_COLOR", kind: Kind::Text },
    Key { name: "pager", variable: "GCM_SEARCH_PAGER", kind: Kind::Program },
    Key { name: "limit", variable: "GCM_SEARCH_LIMIT", kind: Kind::Number },
    Key { name: "format", variable: "GCM_SEARCH_FORMAT", kind: Kind::Text },
    Key { name: "engine", variable: "GCM_SEARCH_ENGINE", kind: Kind::Server },
    Key { name: "engine-credentials", variable: "GCM_SEARCH_ENGINE_CREDENTIALS", kind: Kind::ServerPath },
    Key { name: "engine-ca", variable: "GCM_SEARCH_ENGINE_CA", kind: Kind::ServerPath },
    Key { name: "engine-timeout", variable: "GCM_SEARCH_ENGINE_TIMEOUT", kind: Kind::Number },
    Key { name: "stats", variable: "GCM_SEARCH_STATS", kind: Kind::Text },
];

/// The engine that is no cluster.
const LOCAL: &str = "local";
/// How long a cluster may take to answer where nobody says, in seconds.
const DEFAULT_TIMEOUT: u64 = 30;

/// The table of commands that turn files of other formats into text, by extension.
const EXTRACT: &str = "extract";
/// What a setting names that a project's file may not.
const PROGRAM: &str = "a program to run";
/// The list of folders whose `gcm-search.toml` may name programs.
const TRUSTED: &str = "trusted";

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody gave one.
    Default,
    /// A file, at this line.
    File(PathBuf, usize),
    /// A variable of the environment.
    Variable(&'static str),
    /// An option of the command line.
    Option(&'static str),
}

/// The settings of a run.
#[derive(Debug)]
pub struct Global {
    /// The folder of the index.
    pub index: PathBuf,
    /// The folder of the documents, where one was named.
    pub corpus: Option<PathBuf>,
    /// The user's own taxonomy.
    pub taxonomy: Option<PathBuf>,
    /// The language of labels.
    pub labels: Language,
    /// When to colour.
    pub color: Color,
    /// The command line of the pager, if one is wanted.
    pub pager: Option<String>,
    /// How many hits `query` lists.
    pub limit: usize,
    /// The form of the results of `query`.
    pub format: ResultFormat,
    /// The address of the index on a cluster, where it is on one.
    engine: Option<String>,
    /// The file of the credentials for it.
    engine_credentials: Option<PathBuf>,
    /// The file of the certificates that it is trusted by.
    engine_ca: Option<PathBuf>,
    /// How many seconds it may take to answer.
    engine_timeout: u64,
    /// Which statistics weigh words there.
    stats: Stats,
    place: Place,
    /// Commands that turn a file into text, by the file's extension in lower case.
    pub extract: BTreeMap<String, Vec<String>>,
    /// The folders whose own file of settings may name programs.
    pub trusted: Vec<PathBuf>,
    /// Say only what is wrong.
    pub quiet: bool,
    /// Say more.
    pub verbose: bool,
    /// The files of settings that were read, those that win first.
    pub read: Vec<PathBuf>,
    origins: BTreeMap<String, Origin>,
}

/// The surroundings of a run, as far as settings depend on them.
pub struct Surroundings<'a> {
    /// Reads a variable of the environment.
    pub variable: &'a dyn Fn(&str) -> Option<OsString>,
    /// The working directory.
    pub folder: PathBuf,
}

impl Surroundings<'_> {
    /// A variable as text.
    pub fn text(&self, name: &str) -> Result<Option<String>, Failure> {
        (self.variable)(name)
            .map(|value| {
                value
                    .into_string()
                    .map_err(|_| Failure::new(format!("{name} is not valid UTF-8; set it anew")))
            })
            .transpose()
    }

    /// The user's home folder.
    fn home(&self) -> Option<PathBuf> {
        let name = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
        (self.variable)(name).map(PathBuf::from).filter(|home| home.is_absolute())
    }

    /// The user's own file, by the XDG Base Directory Specification (on Windows in `%APPDATA%`): a folder that is
    /// not absolute does not count.
    fn user_file(&self) -> Option<PathBuf> {
        let absolute =
            |name: &str| (self.variable)(name).map(PathBuf::from).filter(|folder| folder.is_absolute());
        let folder = absolute("XDG_CONFIG_HOME").or_else(|| {
            if cfg!(windows) { absolute("APPDATA") } else { self.home().map(|home| home.join(".config")) }
        })?;
        Some(folder.join("gcm-search").join("config.toml"))
    }

    /// Where the project's file would be or is: the nearest one from the working directory upwards.
    fn project_file(&self) -> Option<PathBuf> {
        self.folder.ancestors().map(|folder| folder.join(PROJECT_FILE)).find(|path| path.is_file())
    }
}

/// What a file is trusted with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// The user wrote or named it.
    Own,
    /// It came with a folder, perhaps somebody else's.
    Found,
    /// It came with a folder that the user trusts.
    Allowed,
}

/// Whether a file stands in one of these folders itself.
fn is_in(file: &Path, folders: &[PathBuf]) -> bool {
    let whole = |path: &Path| path.canonicalize().ok();
    let folder = file.parent().and_then(whole);
    folder.is_some() && folders.iter().any(|trusted| whole(trusted) == folder)
}

/// A file that was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    /// Where; for a project's file that is nowhere, the name looked for.
    pub path: PathBuf,
    /// Which of the files it is, in words.
    pub what: &'static str,
    /// Whether it is there.
    pub exists: bool,
    trust: Trust,
}

/// The files that settings are read from, those that win first.
///
/// # Errors
/// A file that was named and is not there.
pub fn files(args: &GlobalArgs, around: &Surroundings<'_>) -> Result<Vec<Looked>, Failure> {
    if args.no_config {
        return Ok(Vec::new());
    }
    let variable = || (around.variable)(FILE_VARIABLE).filter(|name| !name.is_empty()).map(PathBuf::from);
    if let Some(path) = args.config.clone().or_else(variable) {
        if !path.is_file() {
            return Err(Failure::new(format!("no configuration file {}", path.display()))
                .hint("gcm-search config --files lists the files that are read by themselves"));
        }
        return Ok(vec![Looked { path, what: "named", exists: true, trust: Trust::Own }]);
    }
    let mut looked = Vec::with_capacity(2);
    let user = around.user_file();
    match around.project_file() {
        // Whoever works in the configuration folder itself.
        Some(path) if Some(&path) == user.as_ref() => {}
        Some(path) => looked.push(Looked { path, what: "project", exists: true, trust: Trust::Found }),
        None => looked.push(Looked {
            path: around.folder.join(PROJECT_FILE),
            what: "project, here or in a folder above",
            exists: false,
            trust: Trust::Found,
        }),
    }
    if let Some(path) = user {
        looked.push(Looked { exists: path.is_file(), path, what: "user", trust: Trust::Own });
    }
    Ok(looked)
}

/// A value as a layer gives it.
#[derive(Debug, Clone)]
struct Given {
    value: OsString,
    origin: Origin,
}

/// The values of one file.
#[derive(Debug, Default)]
struct Layer {
    values: BTreeMap<&'static str, Given>,
    extract: BTreeMap<String, (Vec<String>, Origin)>,
    trusted: Option<(Vec<PathBuf>, Origin)>,
}

impl Global {
    /// Puts the layers together.
    ///
    /// # Errors
    /// A file that cannot be read, has a key that does not exist or a wrong value; a variable with a wrong value.
    pub fn resolve(args: &GlobalArgs, around: &Surroundings<'_>) -> Result<Global, Failure> {
        let mut global = Global::from_options(args);
        let mut layers = Vec::new();
        // From the layer that loses to the one that wins: the user's own says whom to trust.
        for mut file in files(args, around)?.into_iter().filter(|file| file.exists).rev() {
            if file.trust == Trust::Found && (args.allow_commands || is_in(&file.path, &global.trusted)) {
                file.trust = Trust::Allowed;
            }
            let layer = read(&file, around)?;
            if let Some((folders, origin)) = &layer.trusted {
                global.trusted.clone_from(folders);
                global.origins.insert(TRUSTED.to_owned(), origin.clone());
            }
            layers.push(layer);
            global.read.insert(0, file.path);
        }
        // Each value is checked, also one that another replaces.
        for layer in layers {
            for (name, given) in layer.values {
                global.set(name, given)?;
            }
            for (extension, (command, origin)) in layer.extract {
                global.origins.insert(format!("{EXTRACT}.{extension}"), origin);
                global.extract.insert(extension, command);
            }
        }
        if global.origin("pager") == Origin::Default
            && let Some(pager) = around.text("PAGER")?
        {
            global.set("pager", Given { value: pager.into(), origin: Origin::Variable("PAGER") })?;
        }
        for key in &KEYS {
            // An empty variable is an unset one; only a pager can be none.
            if let Some(value) = (around.variable)(key.variable)
                && (!value.is_empty() || key.kind == Kind::Program)
            {
                global.set(key.name, Given { value, origin: Origin::Variable(key.variable) })?;
            }
        }
        global.set_options(args);
        global.place = match &global.engine {
            None => Place::Folder(global.index.clone()),
            Some(address) => cluster::place(&global, address, around)?,
        };
        Ok(global)
    }

    /// What speaking to a cluster takes: the file of the credentials, that of the certificates, the seconds that an answer
    /// may take, and which statistics weigh words.
    pub fn engine_settings(&self) -> (Option<&Path>, Option<&Path>, u64, Stats) {
        (self.engine_credentials.as_deref(), self.engine_ca.as_deref(), self.engine_timeout, self.stats)
    }

    /// Where the index is.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The defaults, with what only options can say.
    pub fn from_options(args: &GlobalArgs) -> Global {
        let mut global = Global {
            index: PathBuf::from("index"),
            corpus: None,
            taxonomy: None,
            labels: Language::Italian,
            color: Color::Auto,
            pager: Some(DEFAULT_PAGER.to_owned()),
            limit: DEFAULT_LIMIT,
            format: ResultFormat::Text,
            engine: None,
            engine_credentials: None,
            engine_ca: None,
            engine_timeout: DEFAULT_TIMEOUT,
            stats: Stats::Global,
            place: Place::Folder(PathBuf::new()),
            extract: BTreeMap::new(),
            trusted: Vec::new(),
            quiet: args.quiet,
            verbose: args.verbose,
            read: Vec::new(),
            origins: BTreeMap::new(),
        };
        global.set_options(args);
        global.place = Place::Folder(global.index.clone());
        global
    }

    fn set_options(&mut self, args: &GlobalArgs) {
        let mut given = |name: &str, option| self.origins.insert(name.to_owned(), Origin::Option(option));
        if let Some(index) = &args.index {
            given("index", "--index");
            self.index.clone_from(index);
        }
        if args.corpus.is_some() {
            given("corpus", "--corpus");
            self.corpus.clone_from(&args.corpus);
        }
        if args.taxonomy.is_some() {
            given("taxonomy", "--taxonomy");
            self.taxonomy.clone_from(&args.taxonomy);
        }
        if let Some(labels) = args.labels {
            given("labels", "--labels");
            self.labels = labels;
        }
        if let Some(color) = args.color {
            given("color", "--color");
            self.color = color;
        }
        if let Some(engine) = &args.engine {
            given("engine", "--engine");
            self.engine = Some(engine.clone()).filter(|engine| engine != LOCAL);
        }
        if let Some(stats) = args.stats {
            given("stats", "--stats");
            self.stats = stats;
        }
        if args.no_pager {
            given("pager", "--no-pager");
            self.pager = None;
        }
    }

    fn set(&mut self, name: &'static str, given: Given) -> Result<(), Failure> {
        let wrong = |why: String| {
            let place = match &given.origin {
                Origin::File(path, line) => format!("{}, line {line}: `{name}`", path.display()),
                Origin::Variable(variable) => (*variable).to_owned(),
                Origin::Option(option) => (*option).to_owned(),
                Origin::Default => name.to_owned(),
            };
            Failure::new(format!("{place}: {why}"))
        };
        let text = given.value.to_string_lossy();
        match name {
            "index" => self.index = PathBuf::from(&given.value),
            "corpus" => self.corpus = Some(PathBuf::from(&given.value)),
            "taxonomy" => self.taxonomy = Some(PathBuf::from(&given.value)),
            "labels" => self.labels = label_language(&text).map_err(wrong)?,
            "color" => self.color = one_of(&text).map_err(wrong)?,
            "pager" => {
                // PAGER is for other programs too, which may read it otherwise.
                if shlex::split(&text).is_none() && given.origin != Origin::Variable("PAGER") {
                    return Err(wrong(format!(
                        "\"{text}\" is no command line: a quotation mark is not closed"
                    )));
                }
                self.pager = (!matches!(text.trim(), "" | "cat")).then(|| text.clone().into_owned());
            }
            "limit" => {
                self.limit = text
                    .trim()
                    .parse()
                    .map_err(|_| wrong(format!("\"{text}\" is no number of hits; write one such as 20")))?;
            }
            "engine" => self.engine = Some(text.trim().to_owned()).filter(|engine| engine != LOCAL),
            "engine-credentials" => self.engine_credentials = Some(PathBuf::from(&given.value)),
            "engine-ca" => self.engine_ca = Some(PathBuf::from(&given.value)),
            "engine-timeout" => {
                let seconds = text.trim().parse().ok().filter(|seconds| *seconds > 0);
                self.engine_timeout = seconds.ok_or_else(|| {
                    wrong(format!("\"{text}\" is no number of seconds; write one such as 30"))
                })?;
            }
            "stats" => self.stats = one_of(&text).map_err(wrong)?,
            _ => self.format = one_of(&text).map_err(wrong)?,
        }
        self.origins.insert(name.to_owned(), given.origin);
        Ok(())
    }

    fn origin(&self, name: &str) -> Origin {
        self.origins.get(name).cloned().unwrap_or(Origin::Default)
    }

    /// Every key with its value in words (none where there is none) and where it came from, in the order of the
    /// table in the README.
    pub fn entries(&self) -> Vec<(String, Option<String>, Origin)> {
        let path = |path: &Path| path.display().to_string();
        let mut out: Vec<(String, Option<String>, Origin)> = KEYS
            .iter()
            .map(|key| {
                let value = match key.name {
                    "index" => Some(path(&self.index)),
                    "corpus" => self.corpus.as_deref().map(path),
                    "taxonomy" => self.taxonomy.as_deref().map(path),
                    "labels" => Some(self.labels.to_string()),
                    "color" => Some(name_of(self.color)),
                    "pager" => self.pager.clone(),
                    "limit" => Some(self.limit.to_string()),
                    "engine" => Some(self.engine.clone().unwrap_or_else(|| LOCAL.to_owned())),
                    "engine-credentials" => self.engine_credentials.as_deref().map(path),
                    "engine-ca" => self.engine_ca.as_deref().map(path),
                    "engine-timeout" => Some(self.engine_timeout.to_string()),
                    "stats" => Some(name_of(self.stats)),
                    _ => Some(name_of(self.format)),
                };
                (key.name.to_owned(), value, self.origin(key.name))
            })
            .collect();
        if !self.trusted.is_empty() {
            let folders: Vec<String> = self.trusted.iter().map(|folder| path(folder)).collect();
            out.push((TRUSTED.to_owned(), Some(folders.join(", ")), self.origin(TRUSTED)));
        }
        for (extension, command) in &self.extract {
            let name = format!("{EXTRACT}.{extension}");
            let origin = self.origin(&name);
            let words = shlex::try_join(command.iter().map(String::as_str));
            out.push((name, Some(words.unwrap_or_else(|_| command.join(" "))), origin));
        }
        out
    }
}

/// The name of a value that is one of a list.
fn name_of(value: impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

fn one_of<T: ValueEnum>(text: &str) -> Result<T, String> {
    T::from_str(text.trim(), true).map_err(|_| {
        let names: Vec<String> = T::value_variants().iter().map(|value| name_of(value.clone())).collect();
        let hint = nearest(text, names.iter().map(String::as_str))
            .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        format!("\"{text}\" is none of {}{hint}", names.join(", "))
    })
}

/// Reads a file of settings.
fn read(file: &Looked, around: &Surroundings<'_>) -> Result<Layer, Failure> {
    let text = fs::read(&file.path).and_then(|bytes| {
        String::from_utf8(bytes)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not valid UTF-8"))
    });
    let text = text.map_err(|error| {
        Failure::new(format!("cannot read the configuration {}: {error}", file.path.display()))
    })?;
    let own = around.user_file();
    parse(&text, file, around.home().as_deref(), own.as_deref())
}

fn parse(text: &str, file: &Looked, home: Option<&Path>, own: Option<&Path>) -> Result<Layer, Failure> {
    let line = |at: usize| text[..at.min(text.len())].matches('\n').count() + 1;
    let wrong =
        |at: usize, why: String| Failure::new(format!("{}, line {}: {why}", file.path.display(), line(at)));
    let table = DeTable::parse(text)
        .map_err(|error| wrong(error.span().map_or(0, |span| span.start), error.message().to_owned()))?;
    let may = |at: usize, name: &str, what: &str| {
        if file.trust != Trust::Found {
            return Ok(());
        }
        // A folder that somebody else made must not decide what is run on this machine, or where credentials go.
        let target = own.map_or_else(|| "your own configuration".to_owned(), |own| own.display().to_string());
        Err(wrong(at, format!("`{name}` names {what}, which a project's file may not"))
            .hint(format!("move it to {target}, or name this file with --config or {FILE_VARIABLE}"))
            .hint(format!(
                "if you trust the folder: --allow-commands, or {TRUSTED} = [{:?}] in {target}",
                file.path.parent().unwrap_or(&file.path).display().to_string()
            )))
    };
    let mut layer = Layer::default();
    for (key, value) in table.into_inner() {
        let at = key.span().start;
        let name = key.into_inner();
        let origin = || Origin::File(file.path.clone(), line(at));
        let value_at = value.span().start;
        let value = value.into_inner();
        if name == EXTRACT {
            may(at, EXTRACT, PROGRAM)?;
            let DeValue::Table(commands) = value else {
                return Err(wrong(
                    value_at,
                    format!("`{EXTRACT}` is a table: [{EXTRACT}], then rtf = [\"unrtf\", \"--text\"]"),
                ));
            };
            for (extension, command) in commands {
                let at = extension.span().start;
                let (extension, command) = command_of(&extension.into_inner(), &command.into_inner())
                    .map_err(|why| wrong(at, why))?;
                layer.extract.insert(extension, (command, Origin::File(file.path.clone(), line(at))));
            }
            continue;
        }
        if name == TRUSTED {
            if file.trust != Trust::Own {
                return Err(wrong(at, format!("`{TRUSTED}` stands in your own configuration only")));
            }
            let folders: Option<Vec<PathBuf>> = value.as_array().and_then(|folders| {
                let folder = |value: &str| beside(&file.path, value, home);
                folders.iter().map(|value| value.get_ref().as_str().map(folder)).collect()
            });
            let Some(folders) = folders else {
                return Err(wrong(value_at, format!("`{TRUSTED}` is a list of folders: [\"~/progetto\"]")));
            };
            layer.trusted = Some((folders, origin()));
            continue;
        }
        let Some(known) = KEYS.iter().find(|known| known.name == name) else {
            let names = KEYS.iter().map(|known| known.name).chain([TRUSTED, EXTRACT]);
            let failure = wrong(at, format!("there is no setting `{name}`"));
            return Err(match nearest(&name, names.clone()) {
                Some(near) => failure.hint(format!("did you mean `{near}`?")),
                None => failure.hint(format!("known are {}", names.collect::<Vec<_>>().join(", "))),
            });
        };
        match known.kind {
            Kind::Program if value.as_bool() != Some(false) => may(at, known.name, PROGRAM)?,
            Kind::Server | Kind::ServerPath => may(at, known.name, "a server to speak to")?,
            _ => {}
        }
        let value = text_of(known, &value).map_err(|why| wrong(value_at, format!("`{name}` {why}")))?;
        let value = match known.kind {
            Kind::Path | Kind::ServerPath => beside(&file.path, &value, home).into_os_string(),
            _ => value.into_owned().into(),
        };
        layer.values.insert(known.name, Given { value, origin: origin() });
    }
    Ok(layer)
}

/// The value of a key as text, if it is of the kind that the key takes.
fn text_of<'v>(key: &Key, value: &'v DeValue<'_>) -> Result<Cow<'v, str>, String> {
    let (takes, text): (&str, Option<Cow<'_, str>>) = match key.kind {
        Kind::Text | Kind::Server => ("takes a text in quotation marks", value.as_str().map(Cow::Borrowed)),
        Kind::Path | Kind::ServerPath => (
            "takes a path in quotation marks",
            value.as_str().filter(|path| !path.trim().is_empty()).map(Cow::Borrowed),
        ),
        Kind::Number => {
            ("takes a whole number", value.as_integer().map(|number| Cow::Borrowed(number.as_str())))
        }
        Kind::Program => (
            "takes a command line in quotation marks, or false",
            match value {
                DeValue::Boolean(false) => Some(Cow::Borrowed("")),
                other => other.as_str().map(Cow::Borrowed),
            },
        ),
    };
    text.ok_or_else(|| format!("{takes}, not this {}", value.type_str()))
}

/// A command of the table `extract`, with the extension in the form that it is looked up by.
fn command_of(extension: &str, value: &DeValue<'_>) -> Result<(String, Vec<String>), String> {
    let words: Option<Vec<String>> = value
        .as_array()
        .and_then(|words| words.iter().map(|word| word.get_ref().as_str().map(str::to_owned)).collect());
    let name = extension.trim_start_matches('.').to_lowercase();
    match words {
        Some(words)
            if words.first().is_some_and(|program| !program.trim().is_empty()) && !name.is_empty() =>
        {
            Ok((name, words))
        }
        _ => {
            Err(format!("the command for `{extension}` is a list of words, such as [\"unrtf\", \"--text\"]"))
        }
    }
}

/// A path of a file of settings: relative to that file, `~/` the user's home.
fn beside(file: &Path, path: &str, home: Option<&Path>) -> PathBuf {
    if let (Some(rest), Some(home)) = (path.strip_prefix("~/"), home) {
        return home.join(rest);
    }
    file.parent().map_or_else(|| PathBuf::from(path), |folder| folder.join(path))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(trust: Trust) -> Looked {
        Looked { path: PathBuf::from("/p/gcm-search.toml"), what: "project", exists: true, trust }
    }

    fn layer(text: &str, trust: Trust) -> Result<Layer, Failure> {
        parse(text, &file(trust), Some(Path::new("/home/a")), Some(Path::new("/home/a/.config/x")))
    }

    #[track_caller]
    fn refused(text: &str, trust: Trust, parts: &[&str]) {
        let failure = layer(text, trust).unwrap_err();
        let message = format!("{} {}", failure.error, failure.hints.join(" "));
        for part in parts {
            assert!(message.contains(part), "{part:?} is not in {message:?}");
        }
    }

    #[test]
    fn keys_and_kinds_are_checked_with_their_lines() {
        refused("\nlables = \"en\"", Trust::Own, &["/p/gcm-search.toml, line 2", "did you mean `labels`?"]);
        refused("zzz = 1", Trust::Own, &["line 1", "known are index, corpus"]);
        refused("limit = \"ten\"", Trust::Own, &["`limit` takes a whole number", "string"]);
        refused("labels = 3", Trust::Own, &["takes a text"]);
        refused("index = \" \"", Trust::Own, &["takes a path"]);
        refused("pager = true", Trust::Own, &["or false"]);
        refused("a = [1\n", Trust::Own, &["/p/gcm-search.toml, line"]);
        refused("[extract]\nrtf = \"unrtf\"", Trust::Own, &["line 2", "list of words"]);
        refused("[extract]\nrtf = []", Trust::Own, &["line 2"]);
    }

    /// Settings with one of everything.
    const WHOLE: &str = "index = \"i\"\ncorpus = \"~/c\"\nlimit = 3\nlabels = \"en\" # «città»\npager = false\n\
                         trusted = [\"~/p\"]\n[extract]\nrtf = [\"unrtf\", \"--text\"]\n\"é\" = [\"x\"]\n";

    proptest! {
        #[test]
        fn damaged_settings_are_taken_or_refused_with_their_line(
            at in 0..WHOLE.len(),
            gone in 0..8_usize,
            put in "(?s).{0,6}",
        ) {
            let chars: Vec<char> = WHOLE.chars().collect();
            let at = at.min(chars.len());
            let rest = chars.iter().skip(at + gone);
            let text: String = chars[..at].iter().copied().chain(put.chars()).chain(rest.copied()).collect();
            for trust in [Trust::Own, Trust::Found] {
                if let Err(failure) = layer(&text, trust) {
                    let message = failure.error.to_string();
                    prop_assert!(message.contains("gcm-search.toml, line "), "{message}");
                }
            }
        }
    }

    #[test]
    fn a_project_names_no_programs() {
        refused("limit = 3\npager = \"sh\"", Trust::Found, &["line 2", "/home/a/.config/x", "--config"]);
        refused("[extract]\nrtf = [\"sh\"]", Trust::Found, &["line 1", "`extract`"]);
        assert!(layer("pager = false", Trust::Found).is_ok());
        assert!(layer("pager = \"more\"\n[extract]\nrtf = [\"unrtf\"]", Trust::Own).is_ok());
    }

    #[test]
    fn paths_stand_beside_the_file() {
        let layer = layer("index = \"i\"\ncorpus = \"~/c\"\ntaxonomy = \"/t\"", Trust::Found).unwrap();
        assert_eq!(layer.values["index"].value, "/p/i");
        assert_eq!(layer.values["corpus"].value, "/home/a/c");
        assert_eq!(layer.values["taxonomy"].value, "/t");
    }

    #[test]
    fn the_users_folder_follows_the_rule_of_xdg() {
        let at = |pairs: &'static [(&'static str, &'static str)]| {
            let variable = |name: &str| {
                pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value))
            };
            Surroundings { variable: &variable, folder: PathBuf::from("/") }.user_file()
        };
        if cfg!(unix) {
            let file = |folder: &str| Some(Path::new(folder).join("gcm-search/config.toml"));
            assert_eq!(at(&[("XDG_CONFIG_HOME", "/x"), ("HOME", "/h")]), file("/x"));
            assert_eq!(at(&[("XDG_CONFIG_HOME", "relative"), ("HOME", "/h")]), file("/h/.config"));
            assert_eq!(at(&[("HOME", "/h")]), file("/h/.config"));
            assert_eq!(at(&[]), None);
        }
    }
}
