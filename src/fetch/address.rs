//! Addresses on the web, as far as downloads need them.

use std::net::IpAddr;

/// An `http` or `https` address without credentials and fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Whether the connection is encrypted.
    pub is_secure: bool,
    /// Host and port, in lower case.
    pub authority: String,
    /// Path and query, beginning with a slash.
    pub path: String,
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// In words for a person: another scheme, credentials, no host.
    pub fn parse(text: &str) -> Result<Address, String> {
        let text = text.trim();
        let (scheme, rest) = text
            .split_once("://")
            .ok_or_else(|| format!("\"{text}\" is no address; it begins with https://"))?;
        let is_secure = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            other => return Err(format!("the scheme \"{other}\" is not fetched; https is")),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if authority.contains('@') {
            return Err("an address with a name and a password is not fetched".to_owned());
        }
        let authority = authority.to_ascii_lowercase();
        let is_host = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
        if host_of(&authority).is_empty() || !authority.chars().all(is_host) {
            return Err(format!("\"{text}\" has no host that can be reached"));
        }
        let path = path.split('#').next().unwrap_or_default();
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Address { is_secure, authority, path: escaped(&path) })
    }

    /// The address that a reference found here leads to.
    ///
    /// # Errors
    /// As [`Address::parse`].
    pub fn join(&self, reference: &str) -> Result<Address, String> {
        let reference = reference.trim();
        let is_whole = reference.split_once(':').is_some_and(|(scheme, _)| {
            !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric())
        });
        if is_whole {
            return Address::parse(reference);
        }
        let scheme = if self.is_secure { "https:" } else { "http:" };
        if reference.starts_with("//") {
            return Address::parse(&format!("{scheme}{reference}"));
        }
        let here = self.path.split('?').next().unwrap_or("/");
        let path = match reference.chars().next() {
            None | Some('#') => self.path.clone(),
            Some('/') => reference.to_owned(),
            Some('?') => format!("{here}{reference}"),
            Some(_) => format!("{}/{reference}", here.rsplit_once('/').map_or("", |(folder, _)| folder)),
        };
        Address::parse(&format!("{scheme}//{}{}", self.authority, without_dots(&path)))
    }

    /// Where the server's rules for robots are.
    pub fn robots(&self) -> Address {
        Address { path: "/robots.txt".to_owned(), ..self.clone() }
    }

    /// Whether it is on this very machine.
    pub fn is_loopback(&self) -> bool {
        let host = host_of(&self.authority);
        host == "localhost"
            || host.ends_with(".localhost")
            || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback() || address.is_unspecified())
    }

    /// Scheme and authority: what one server is.
    pub fn server(&self) -> String {
        format!("{}://{}", if self.is_secure { "https" } else { "http" }, self.authority)
    }

    /// Whether a server may send us on from here to there.
    ///
    /// # Errors
    /// Why it may not.
    pub fn may_lead_to(&self, next: &Address) -> Result<(), String> {
        let server = next.server();
        if self.is_secure && !next.is_secure {
            return Err(format!("leads from an encrypted address to {server}, which is not"));
        }
        if next.is_loopback() && !self.is_loopback() {
            return Err(format!("leads to this very machine ({server})"));
        }
        if !next.is_secure && !next.is_loopback() && next.authority != self.authority {
            return Err(format!("leads to {server}, which is not encrypted"));
        }
        Ok(())
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.server(), self.path)
    }
}

/// The host of an authority, without port and brackets.
fn host_of(authority: &str) -> &str {
    if let Some(rest) = authority.strip_prefix('[') {
        return rest.split(']').next().unwrap_or_default();
    }
    authority.split(':').next().unwrap_or_default()
}

/// A path in which what may not stand in a request is escaped.
fn escaped(path: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // A string takes everything.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// A path without `.` and `..` (RFC 3986, 5.2.4).
fn without_dots(path: &str) -> String {
    let (path, query) = match path.split_once('?') {
        Some((path, query)) => (path, format!("?{query}")),
        None => (path, String::new()),
    };
    let mut parts: Vec<&str> = Vec::new();
    let all: Vec<&str> = path.split('/').skip(1).collect();
    for (at, part) in all.iter().enumerate() {
        match *part {
            "." | ".." => {
                if *part == ".." {
                    parts.pop();
                }
                if at + 1 == all.len() {
                    parts.push("");
                }
            }
            part => parts.push(part),
        }
    }
    format!("/{}{query}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_joined() {
        let base = Address::parse("https://Undocs.org/en/A/RES/73/195?x=1#top").unwrap();
        assert_eq!(base.to_string(), "https://undocs.org/en/A/RES/73/195?x=1");
        for (reference, joined) in [
            ("/b c/è", "https://undocs.org/b%20c/%C3%A8"),
            ("b", "https://undocs.org/en/A/RES/73/b"),
            ("../../b/./c/..", "https://undocs.org/en/A/b/"),
            ("../../../../../../b", "https://undocs.org/b"),
            ("?y=2", "https://undocs.org/en/A/RES/73/195?y=2"),
            ("", "https://undocs.org/en/A/RES/73/195?x=1"),
            ("//other.org:8443", "https://other.org:8443/"),
            ("HTTPS://other.org/x", "https://other.org/x"),
        ] {
            assert_eq!(base.join(reference).unwrap().to_string(), joined, "{reference}");
        }
        for wrong in [
            "ftp://a.org/x",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "https://",
            "https://a:b@c.org/",
            "a.org",
        ] {
            assert!(Address::parse(wrong).is_err(), "{wrong}");
        }
        assert!(base.join("file:///etc/passwd").is_err());
        assert!(Address::parse("http://a.org\r\nX: y/").is_err());
    }

    #[test]
    fn no_server_leads_to_a_weaker_place() {
        let at = |text: &str| Address::parse(text).unwrap();
        for (from, to, may) in [
            ("https://a.org/", "https://b.org/", true),
            ("https://a.org/", "http://a.org/", false),
            ("http://a.org/", "https://a.org/", true),
            ("http://a.org/", "http://a.org/x", true),
            ("http://a.org/", "http://b.org/", false),
            ("https://a.org/", "https://127.0.0.1/", false),
            ("http://a.org/", "http://[::1]:80/", false),
            ("http://127.0.0.1:1/", "http://localhost:2/", true),
        ] {
            assert_eq!(at(from).may_lead_to(&at(to)).is_ok(), may, "{from} {to}");
        }
    }
}
