//! An index on a cluster: its address and credentials from the settings, and the advice when it fails.

use std::fs;
use std::path::Path;
use std::time::Duration;

use gcm_search::engine::opensearch::{Cluster, Credentials, Statistics};
use gcm_search::engine::{ErrorKind, Place};
use serde::Deserialize;

use super::args::Stats;
use super::failure::Failure;
use super::settings::{Global, Surroundings};

/// The variables that credentials are taken from, in words.
const VARIABLES: &str = "GCM_SEARCH_ENGINE_USER and GCM_SEARCH_ENGINE_PASSWORD, GCM_SEARCH_ENGINE_TOKEN, or GCM_SEARCH_ENGINE_API_KEY";

/// The place that an address names, with all that it takes to speak to it.
///
/// # Errors
/// An address that is none, credentials that contradict each other or cannot be read.
pub fn place(global: &Global, address: &str, around: &Surroundings<'_>) -> Result<Place, Failure> {
    let mut cluster = Cluster::parse(address).map_err(|why| {
        Failure::new(format!("the engine: {why}")).hint("the index in a folder: --engine local")
    })?;
    let (credentials, authorities, seconds, stats) = global.engine_settings();
    cluster.credentials = match credentials {
        Some(path) => Some(read(path)?),
        None => from_variables(around)?,
    };
    cluster.authorities = authorities.map(Path::to_path_buf);
    cluster.timeout = Duration::from_secs(seconds);
    cluster.statistics = match stats {
        Stats::Global => Statistics::Global,
        Stats::Local => Statistics::Local,
    };
    Ok(Place::Cluster(cluster))
}

/// Credentials as a file or the environment gives them.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Given {
    user: Option<String>,
    password: Option<String>,
    token: Option<String>,
    api_key: Option<String>,
}

impl Given {
    fn credentials(self) -> Result<Option<Credentials>, &'static str> {
        match self {
            Given { user: Some(user), password: Some(password), token: None, api_key: None } => {
                Ok(Some(Credentials::basic(&user, &password)))
            }
            Given { user: None, password: None, token: Some(token), api_key: None } => {
                Ok(Some(Credentials::bearer(&token)))
            }
            Given { user: None, password: None, token: None, api_key: Some(key) } => {
                Ok(Some(Credentials::api_key(&key)))
            }
            Given { user: None, password: None, token: None, api_key: None } => Ok(None),
            _ => Err("give a user with a password, or a token, or an API key"),
        }
    }
}

fn from_variables(around: &Surroundings<'_>) -> Result<Option<Credentials>, Failure> {
    let text = |name: &str| -> Result<Option<String>, Failure> {
        Ok(around.text(name)?.filter(|text| !text.is_empty()))
    };
    let given = Given {
        user: text("GCM_SEARCH_ENGINE_USER")?,
        password: text("GCM_SEARCH_ENGINE_PASSWORD")?,
        token: text("GCM_SEARCH_ENGINE_TOKEN")?,
        api_key: text("GCM_SEARCH_ENGINE_API_KEY")?,
    };
    given
        .credentials()
        .map_err(|why| Failure::new(format!("the credentials in the environment: {why}")).hint(VARIABLES))
}

fn read(path: &Path) -> Result<Credentials, Failure> {
    let failed = |why: &dyn std::fmt::Display| {
        Failure::new(format!("the credentials in {}: {why}", path.display())).hint(
            "it holds lines such as user = \"…\" and password = \"…\", or token = \"…\", or api-key = \"…\"",
        )
    };
    let text = fs::read_to_string(path).map_err(|error| failed(&error))?;
    // What stands in the file is not repeated, as the parser would.
    let given: Given = toml::from_str(&text).map_err(|_| failed(&"they are not of this form"))?;
    given.credentials().and_then(|found| found.ok_or("there are none")).map_err(|why| failed(&why))
}

/// The advice for an error of a cluster; nothing where the index is in a folder.
pub fn hint(place: &Place, kind: ErrorKind) -> Option<String> {
    let Place::Cluster(cluster) = place else {
        return None;
    };
    let engine = format!("--engine {cluster}");
    Some(match kind {
        ErrorKind::Missing => format!("build it: gcm-search index {engine}"),
        ErrorKind::Foreign => "name an index of its own at the end of the address: --engine http://HOST:9200/NAME".to_owned(),
        ErrorKind::Damaged | ErrorKind::Outdated => {
            format!("build it again: gcm-search index --rebuild {engine}")
        }
        ErrorKind::Divided => format!(
            "keep to the number of parts that it was begun with; to change it: gcm-search index --rebuild {engine}, with --part for each new part"
        ),
        ErrorKind::Busy => "wait for it to end, or add --wait".to_owned(),
        ErrorKind::Unreachable => format!(
            "see whether it runs and can be reached: curl {}/_cluster/health",
            cluster.nodes.first().map_or("", String::as_str)
        ),
        ErrorKind::Denied => format!("set {VARIABLES}, or name a file: engine-credentials in the configuration"),
        ErrorKind::Full => "make room on the cluster's disks and lift the block (index.blocks.read_only_allow_delete), then run it again".to_owned(),
        ErrorKind::System => format!(
            "what the cluster says of itself: curl {}/_cluster/health?pretty",
            cluster.nodes.first().map_or("", String::as_str)
        ),
    })
}

/// The same place, with so many shards for a new index.
pub fn with_shards(place: &Place, shards: Option<u32>) -> Result<Place, Failure> {
    let mut place = place.clone();
    match (&mut place, shards) {
        (_, None) => {}
        (Place::Cluster(cluster), shards) => cluster.shards = shards,
        (Place::Folder(_), Some(_)) => {
            return Err(Failure::new("--shards is for an index on a cluster: name it with --engine"));
        }
    }
    Ok(place)
}
