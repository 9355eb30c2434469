//! Words cut at the end of a line.

use std::collections::HashSet;

/// Compounds that keep their hyphen wherever a line ends, in lower case. Others are learned from the document.
const COMPOUNDS: &[&str] = &[
    "asylum-seeker",
    "asylum-seekers",
    "capacity-building",
    "child-friendly",
    "child-sensitive",
    "co-operation",
    "counter-smuggling",
    "counter-trafficking",
    "cross-border",
    "cross-cutting",
    "data-driven",
    "decision-makers",
    "decision-making",
    "evidence-based",
    "fact-based",
    "follow-up",
    "gender-based",
    "gender-responsive",
    "gender-sensitive",
    "high-level",
    "human-rights",
    "inter-agency",
    "know-how",
    "law-making",
    "life-saving",
    "long-term",
    "low-income",
    "mid-term",
    "middle-income",
    "multi-stakeholder",
    "multi-year",
    "non-binding",
    "non-custodial",
    "non-discrimination",
    "non-governmental",
    "non-nationals",
    "non-profit",
    "non-punishment",
    "non-refoulement",
    "non-regression",
    "non-state",
    "on-arrival",
    "peer-to-peer",
    "people-centred",
    "policy-makers",
    "policy-making",
    "post-arrival",
    "pre-departure",
    "rights-based",
    "self-determination",
    "self-employment",
    "self-reliance",
    "short-term",
    "south-south",
    "start-up",
    "well-being",
    "well-managed",
    "whole-of-government",
    "whole-of-society",
    "work-related",
    "compte-rendu",
    "sous-région",
    "vis-à-vis",
    "demi-journée",
    "quasi-totalité",
    "est-elle",
    "est-il",
    "peut-être",
    "c'est-à-dire",
    "ceux-ci",
    "celles-ci",
    "celui-ci",
    "celle-ci",
    "lui-même",
    "elle-même",
    "eux-mêmes",
    "moyen-orient",
    "peut-on",
    "anglo-americano",
    "afro-americano",
    "socio-economica",
    "socio-economiche",
    "socio-economici",
    "socio-economico",
    "socio-culturale",
    "socio-culturali",
    "socio-sanitari",
    "socio-sanitario",
    "socio-sanitaria",
    "socio-sanitarie",
    "italo-albanese",
    "euro-mediterraneo",
    "euro-mediterranea",
];

/// The hyphens that end a line within a word. A soft one is written for nothing else.
const SOFT: char = '\u{AD}';

/// Knows which hyphens at line ends are part of the word.
pub(super) struct Hyphens {
    compounds: HashSet<String>,
    words: HashSet<String>,
}

fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '\u{2010}' | '\u{2011}' | SOFT)
}

impl Hyphens {
    /// Learns from all lines of a document which compounds it writes with a hyphen, and which words without.
    pub fn learn<'t>(lines: impl Iterator<Item = &'t str>) -> Hyphens {
        let mut hyphens = Hyphens { compounds: HashSet::new(), words: HashSet::new() };
        hyphens.compounds.extend(COMPOUNDS.iter().map(|&compound| compound.to_owned()));
        for line in lines {
            for word in line.split_whitespace() {
                let word = word.trim_matches(|c: char| !c.is_alphanumeric() && !is_hyphen(c)).to_lowercase();
                if word.ends_with(is_hyphen) || word.is_empty() {
                    continue;
                }
                if word.contains(['-', '\u{2010}', '\u{2011}']) {
                    hyphens.compounds.insert(plain(&word));
                } else {
                    hyphens.words.insert(word);
                }
            }
        }
        hyphens
    }

    /// Appends a line to the text before it.
    pub fn join(&self, text: &mut String, line: &str) {
        if text.is_empty() || line.is_empty() {
            text.push_str(line);
            return;
        }
        let word = text.trim_end_matches(is_hyphen);
        let hyphens = &text[word.len()..];
        // A browser writes the soft hyphen and the visible one.
        let soft = hyphens.contains(SOFT);
        let cut = (soft || hyphens.chars().count() == 1)
            // GNU/-/Linux is cut after the stroke.
            && word.ends_with(|c: char| c.is_alphanumeric() || c == '/')
            && line.starts_with(char::is_alphanumeric);
        if !cut {
            text.push(' ');
            text.push_str(line);
            return;
        }
        let keep = !soft && !word.ends_with('/') && self.keeps_hyphen(text, line);
        text.truncate(text.len() - hyphens.len());
        if keep {
            text.push('-');
        }
        text.push_str(line);
    }

    /// Whether the hyphen between the end of a text and a line belongs to the word.
    fn keeps_hyphen(&self, text: &str, line: &str) -> bool {
        if !line.starts_with(char::is_lowercase) {
            // Emilia-/Romagna, 2017-/2018. A word in capitals is cut like any other.
            let capitals =
                |word: &str| word.contains(char::is_uppercase) && !word.contains(char::is_lowercase);
            let last = last_word(text);
            let last = last.rsplit(['\'', '’']).next().unwrap_or(last);
            let first = line.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
            return !(capitals(first) && capitals(last)) || self.compounds.contains(&compound(text, line));
        }
        let compound = compound(text, line);
        if self.compounds.contains(&compound) {
            return true;
        }
        if self.words.contains(&compound.replace('-', "")) {
            return false;
        }
        // A second hyphen in the first half: whole-of-/society.
        let first = last_word(text);
        first.trim_end_matches(is_hyphen).contains('-') && !first.contains('\'')
    }
}

fn plain(word: &str) -> String {
    word.chars().filter(|&c| c != SOFT).map(|c| if is_hyphen(c) { '-' } else { c }).collect()
}

fn last_word(text: &str) -> &str {
    text.rsplit(char::is_whitespace).next().unwrap_or_default()
}

/// The word that the end of a text and the beginning of a line make with their hyphen, in lower case.
fn compound(text: &str, line: &str) -> String {
    let first = last_word(text).trim_start_matches(|c: char| !c.is_alphanumeric());
    // L'elision is not part of the word: dell'auto-/determinazione.
    let first = first.rsplit(['\'', '’']).next().unwrap_or(first);
    let second: String = line.chars().take_while(|&c| c.is_alphanumeric() || is_hyphen(c)).collect();
    plain(&format!("{first}{}", second.trim_end_matches(is_hyphen)).to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(document: &[&str], text: &str, line: &str) -> String {
        let hyphens = Hyphens::learn(document.iter().copied());
        let mut out = text.to_owned();
        hyphens.join(&mut out, line);
        out
    }

    #[test]
    fn cut_words_mend_and_true_hyphens_stay() {
        for (text, line, expected) in [
            ("l'integra-", "zione dei", "l'integrazione dei"),
            ("l'integra\u{AD}", "zione dei", "l'integrazione dei"),
            ("l'integra\u{AD}\u{2010}", "zione dei", "l'integrazione dei"),
            ("l'integra\u{2010}", "zione dei", "l'integrazione dei"),
            ("il non-", "refoulement vale", "il non-refoulement vale"),
            ("in Emilia-", "Romagna", "in Emilia-Romagna"),
            ("MIGRA-", "ZIONE", "MIGRAZIONE"),
            ("dell'O-", "NU.", "dell'ONU."),
            ("nel 2017-", "2018", "nel 2017-2018"),
            ("una riga -", "e un'altra", "una riga - e un'altra"),
            ("whole-of-", "society", "whole-of-society"),
            ("GNU/-", "Linux", "GNU/Linux"),
            ("due", "parole", "due parole"),
        ] {
            assert_eq!(joined(&[], text, line), expected);
        }
    }

    #[test]
    fn the_document_teaches_its_compounds() {
        assert_eq!(joined(&["il Mali-Senegal e"], "il Mali-", "Senegal"), "il Mali-Senegal");
        assert_eq!(joined(&["politico-militare"], "politico-", "militare"), "politico-militare");
        assert_eq!(joined(&["un testo"], "politico-", "militare"), "politicomilitare");
        assert_eq!(joined(&["vice-sindaco", "un vicesindaco"], "vice-", "sindaco"), "vice-sindaco");
    }
}
