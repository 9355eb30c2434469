//! Where a cluster is and how it is spoken to: addresses, credentials, time-outs.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// The name of the index where the address has none.
const DEFAULT_NAME: &str = "gcm-search";
/// The longest name: an index is called by it and a number.
const MAX_NAME: usize = 200;

/// An index on a cluster, and how the cluster is spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// The addresses of nodes, without a slash at the end. Each may be asked for everything.
    pub nodes: Vec<String>,
    /// The name of the index: an alias that points to its current generation.
    pub name: String,
    /// Who we are.
    pub credentials: Option<Credentials>,
    /// A file of certificates (PEM) that are trusted in place of the usual ones.
    pub authorities: Option<PathBuf>,
    /// How long one request may take, and how long a cluster that does not answer is tried.
    pub timeout: Duration,
    /// Which statistics weigh the words of a query.
    pub statistics: Statistics,
    /// How many shards a new index has; as many as the one before where nothing is said, or one.
    pub shards: Option<u32>,
}

/// Which statistics weigh the words of a query while the best passages are looked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Statistics {
    /// Those of the whole index, asked for in a round of its own: the same ranking as on one machine.
    #[default]
    Global,
    /// Those of each shard by itself: one round less, and a few other passages among the best.
    Local,
}

/// Who we are, as an HTTP header says it. It is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials(String);

impl Credentials {
    /// A user and a password.
    pub fn basic(user: &str, password: &str) -> Credentials {
        Credentials(format!("Basic {}", base64(format!("{user}:{password}").as_bytes())))
    }

    /// A bearer token.
    pub fn bearer(token: &str) -> Credentials {
        Credentials(format!("Bearer {token}"))
    }

    /// An API key, encoded as the cluster gave it.
    pub fn api_key(key: &str) -> Credentials {
        Credentials(format!("ApiKey {key}"))
    }

    pub(super) fn header(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.0.split(' ').next().unwrap_or_default();
        write!(f, "Credentials({kind} …)")
    }
}

impl Cluster {
    /// Reads an address: `http://HOST:PORT/NAME`, or several nodes of one cluster separated by commas, the last with the
    /// name of the index, which is `gcm-search` where none is given.
    ///
    /// # Errors
    /// What is wrong with it, in words for a person.
    pub fn parse(text: &str) -> Result<Cluster, String> {
        let mut nodes = Vec::new();
        let mut name = None;
        let parts: Vec<&str> = text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
        for (at, part) in parts.iter().enumerate() {
            let lower = part.to_ascii_lowercase();
            let scheme = ["http://", "https://"].into_iter().find(|scheme| lower.starts_with(scheme));
            let Some(scheme) = scheme else {
                return Err(format!(
                    "\"{part}\" is no address of a cluster; write one such as http://127.0.0.1:9200/{DEFAULT_NAME}"
                ));
            };
            let rest = part[scheme.len()..].trim_end_matches('/');
            let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
            if host.contains('@') {
                return Err("an address is no place for a password: others can read command lines".to_owned());
            }
            if host.is_empty() || rest.contains(['?', '#', ' ']) {
                return Err(format!("\"{part}\" is no address of a cluster"));
            }
            let mut prefix = path;
            if at + 1 == parts.len() && !path.is_empty() {
                let (before, last) = path.rsplit_once('/').unwrap_or(("", path));
                name = Some(last);
                prefix = before;
            }
            let slash = if prefix.is_empty() { "" } else { "/" };
            nodes.push(format!("{scheme}{host}{slash}{prefix}"));
        }
        if nodes.is_empty() {
            return Err("the address of the cluster is empty".to_owned());
        }
        let name = name.unwrap_or(DEFAULT_NAME);
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
        if !name.chars().all(is_plain) || name.starts_with(['-', '_', '.']) || name.len() > MAX_NAME {
            return Err(format!(
                "\"{name}\" cannot be the name of an index: use small letters, digits, - and _"
            ));
        }
        Ok(Cluster {
            nodes,
            name: name.to_owned(),
            credentials: None,
            authorities: None,
            timeout: Duration::from_secs(30),
            statistics: Statistics::Global,
            shards: None,
        })
    }

    /// The first node that credentials may not be sent to, since others could read them on the way.
    pub(super) fn unsafe_node(&self) -> Option<&str> {
        let is_open = |node: &&String| node.starts_with("http://") && !is_loopback(node);
        self.credentials.as_ref().and_then(|_| self.nodes.iter().find(is_open)).map(String::as_str)
    }
}

impl fmt::Display for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.nodes.join(","), self.name)
    }
}

fn is_loopback(node: &str) -> bool {
    let host = node.split_once("://").map_or(node, |(_, rest)| rest);
    let host = host.split('/').next().unwrap_or_default();
    let host = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(host, _)| host),
    };
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Base64 with padding (RFC 4648), as basic authentication asks for it.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let mut bits = 0u32;
        for at in 0..3 {
            bits = bits << 8 | u32::from(chunk.get(at).copied().unwrap_or(0));
        }
        for at in 0..4 {
            if at <= chunk.len() {
                out.push(char::from(LETTERS[(bits >> (18 - 6 * at) & 63) as usize]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        let one = Cluster::parse("http://127.0.0.1:9200/prova").unwrap();
        assert_eq!((one.nodes, one.name.as_str()), (vec!["http://127.0.0.1:9200".to_owned()], "prova"));
        let plain = Cluster::parse("https://Search.example:9200/").unwrap();
        assert_eq!(
            (plain.to_string().as_str(), plain.name.as_str()),
            ("https://Search.example:9200/gcm-search", "gcm-search")
        );
        let many = Cluster::parse("http://a:9200, http://b:9200,https://c/os/x-1").unwrap();
        assert_eq!(many.nodes, ["http://a:9200", "http://b:9200", "https://c/os"]);
        assert_eq!(many.name, "x-1");
    }

    #[test]
    fn wrong_addresses_are_refused() {
        for text in [
            "",
            "a:9200",
            "ftp://a/x",
            "http://",
            "http://u:p@a:9200/x",
            "http://a/X",
            "http://a/_x",
            "http://a/x?y",
            "http://a/x*",
        ] {
            assert!(Cluster::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn credentials_are_encoded_and_never_shown() {
        let basic = Credentials::basic("Aladdin", "open sesame");
        assert_eq!(basic.header(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(Credentials::basic("a", "b").header(), "Basic YTpi");
        assert_eq!(Credentials::basic("a", "bc").header(), "Basic YTpiYw==");
        let mut cluster = Cluster::parse("http://127.0.0.1:9200").unwrap();
        cluster.credentials = Some(Credentials::bearer("segreto"));
        let shown = format!("{cluster:?} {cluster}");
        assert!(!shown.contains("segreto") && shown.contains("Bearer …"), "{shown}");
    }

    #[test]
    fn credentials_go_over_plain_http_to_this_machine_only() {
        for (text, is_safe) in [
            ("http://127.0.0.1:9200", true),
            ("http://localhost/x", true),
            ("http://[::1]:9200/x", true),
            ("https://search.example:9200", true),
            ("http://search.example:9200", false),
            ("http://127.0.0.1.example:9200", false),
            ("http://127.0.0.1:9200,http://10.0.0.1:9200", false),
        ] {
            let mut cluster = Cluster::parse(text).unwrap();
            assert_eq!(cluster.unsafe_node(), None, "{text}");
            cluster.credentials = Some(Credentials::api_key("k"));
            assert_eq!(cluster.unsafe_node().is_none(), is_safe, "{text}");
        }
    }
}
