//! What a server asks robots to leave alone: `robots.txt`, as RFC 9309 describes it.

use std::time::Duration;

/// The name that groups of rules are looked for by.
const TOKEN: &str = "gcm-search";
/// A pause that a server asks for is kept up to this; longer ones would be no use to anybody.
const LONGEST_DELAY: Duration = Duration::from_secs(30);

/// The rules of a server for this program.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Robots {
    /// Patterns of paths, with whether they are allowed.
    rules: Vec<(bool, String)>,
    /// The pause between two requests that it asks for; no part of the standard, and widely used.
    pub delay: Option<Duration>,
}

impl Robots {
    /// Rules that forbid everything: for a server that cannot say now what it forbids.
    pub fn closed() -> Robots {
        Robots { rules: vec![(false, "/".to_owned())], delay: None }
    }

    /// Reads the rules. Lines that are none are passed over, as the standard asks for.
    pub fn parse(text: &str) -> Robots {
        let (mut ours, mut all) = (None, None);
        // Whose rules the next lines are, and whether the list of names still goes on.
        let (mut for_us, mut for_all, mut naming) = (false, false, false);
        for line in text.trim_start_matches('\u{FEFF}').lines() {
            let line = line.split('#').next().unwrap_or_default();
            let Some((key, value)) = line.split_once(':') else {
                continue;
            };
            let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
            if key == "user-agent" {
                if !naming {
                    (for_us, for_all, naming) = (false, false, true);
                }
                let name = value.split(['/', ' ']).next().unwrap_or_default();
                for_us |= name.eq_ignore_ascii_case(TOKEN);
                for_all |= name == "*";
                // A group without rules is a group all the same.
                if for_us {
                    ours.get_or_insert_with(Robots::default);
                }
                continue;
            }
            if !matches!(key.as_str(), "allow" | "disallow" | "crawl-delay") {
                continue;
            }
            naming = false;
            let groups = [(for_us, &mut ours), (for_all, &mut all)];
            for (_, group) in groups.into_iter().filter(|(applies, _)| *applies) {
                let group: &mut Robots = group.get_or_insert_with(Robots::default);
                match key.as_str() {
                    "crawl-delay" => {
                        let delay =
                            value.parse().ok().and_then(|delay| Duration::try_from_secs_f64(delay).ok());
                        group.delay = delay.map(|delay: Duration| delay.min(LONGEST_DELAY)).or(group.delay);
                    }
                    // An empty pattern meets nothing.
                    _ if value.is_empty() => {}
                    _ => group.rules.push((key == "allow", value.to_owned())),
                }
            }
        }
        ours.or(all).unwrap_or_default()
    }

    /// Whether a path, with its query, may be asked for: the longest pattern that meets it decides, and of two of a length
    /// the one that allows.
    pub fn allow(&self, path: &str) -> bool {
        let path = decoded(path);
        let met = self.rules.iter().filter(|(_, pattern)| meets(&decoded(pattern), &path));
        met.max_by_key(|(allowed, pattern)| (pattern.len(), *allowed)).is_none_or(|(allowed, _)| *allowed)
    }
}

/// A path with the escapes of plain letters and digits undone, so that two spellings of it are one.
fn decoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let code = rest.get(at + 1..at + 3);
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => {
                out.push(char::from(byte));
                rest = &rest[at + 3..];
            }
            Some(_) => {
                out.push_str(&rest[at..at + 3].to_ascii_uppercase());
                rest = &rest[at + 3..];
            }
            None => {
                out.push('%');
                rest = &rest[at + 1..];
            }
        }
    }
    out + rest
}

/// Whether a pattern meets the beginning of a path: `*` is any run of characters, `$` at the end is the end of the path.
fn meets(pattern: &str, path: &str) -> bool {
    let (pattern, to_the_end) = match pattern.strip_suffix('$') {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| path.strip_prefix(first)) else {
        return false;
    };
    let mut last_is_open = false;
    let parts: Vec<&str> = parts.collect();
    for (at, part) in parts.iter().enumerate() {
        let is_last = at + 1 == parts.len();
        if is_last && to_the_end {
            return rest.ends_with(part);
        }
        // The first place is as good as any later one for what follows.
        let Some(found) = rest.find(part) else {
            return false;
        };
        rest = &rest[found + part.len()..];
        last_is_open = part.is_empty();
    }
    !to_the_end || rest.is_empty() || last_is_open
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_rule_decides() {
        let robots =
            Robots::parse("User-agent: *\nDisallow: /a\nAllow: /a/b\nDisallow: /a/b/c$\nDisallow: /*.php\n");
        for (path, allowed) in [
            ("/", true),
            ("/a", false),
            ("/a/x", false),
            ("/a/b", true),
            ("/a/b/c", false),
            ("/a/b/cd", true),
            ("/x.php?y=1", false),
            ("/%61", false),
            ("/A", true),
        ] {
            assert_eq!(robots.allow(path), allowed, "{path}");
        }
    }

    #[test]
    fn our_own_group_replaces_that_of_all() {
        let text = "User-agent: *\nDisallow: /\n\nUser-agent: other\nUser-agent: GCM-Search/1.0\nDisallow: /private # ours\n\
                    Crawl-delay: 2\n";
        let robots = Robots::parse(text);
        assert!(robots.allow("/public") && !robots.allow("/private/x"));
        assert_eq!(robots.delay, Some(Duration::from_secs(2)));
        assert!(!Robots::parse("user-agent: *\ndisallow: /").allow("/x"));
        // Nothing forbidden is all allowed.
        assert!(Robots::parse("User-agent: gcm-search\nDisallow:\n\nUser-agent: *\nDisallow: /").allow("/x"));
    }

    #[test]
    fn nonsense_forbids_nothing_and_endless_pauses_end() {
        for text in ["", "<html><body>404</body></html>", "Disallow: /", "User-agent: *\nNoindex: /\n:::\n"] {
            assert!(Robots::parse(text).allow("/x"), "{text:?}");
        }
        assert!(!Robots::closed().allow("/x"));
        assert_eq!(Robots::parse("User-agent: *\nCrawl-delay: 9e99").delay, None);
        assert_eq!(Robots::parse("User-agent: *\nCrawl-delay: 86400").delay, Some(LONGEST_DELAY));
        assert!(!Robots::parse("User-agent: *\nDisallow: /a*b*c").allow("/aXbYc"));
        assert!(Robots::parse("User-agent: *\nDisallow: /a*b*c$").allow("/aXbYcZ"));
        assert!(!Robots::parse("User-agent: *\nDisallow: /a*$").allow("/abc"));
    }
}
