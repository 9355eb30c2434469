//! The query language: a string into a syntax tree. It never fails.
//!
//! ```text
//! query   = { clause }                    any word may match, more are better
//! clause  = [ "+" | "-" | "NOT" ] atom    must, must not
//! atom    = "(" query ")" | FIELD ":" value | phrase | WORD | WORD "*" | WORD "~" [ 1 | 2 ]
//! phrase  = '"' words '"' [ "~" N ]       the words in this order; with ~N, within N words in any order
//! a AND b, a OR b                         both; either. AND binds closer than OR.
//! FIELD   = dimension | actor | lang | title | document | publisher | any other scheme of the taxonomy,
//!           also in Italian: dimensione, attore, lingua, titolo, documento, editore
//! ```
//!
//! Every quotation mark that people paste is one: `"…"`, `“…”`, `„…“`, `«…»`. An apostrophe never is.
//! What does not parse is searched as plain words, and a note says so.

/// What a clause asks of a passage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occur {
    /// Better with it.
    Should,
    /// Only with it.
    Must,
    /// Only without it.
    MustNot,
}

/// A part of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A word or a run of characters without white space.
    Word(String),
    /// Words that begin so.
    Prefix(String),
    /// Words within so many letters of this one.
    Fuzzy(String, u8),
    /// A phrase; with a distance, its words near each other in any order.
    Phrase(String, Option<u32>),
    /// A field and what it should hold.
    Field(String, String),
    /// Parts together.
    Group(Vec<(Occur, Node)>),
}

/// A query that has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Its top-level clauses.
    pub clauses: Vec<(Occur, Node)>,
    /// What was taken otherwise than it was perhaps meant, in words for the user.
    pub notes: Vec<String>,
}

/// How many characters of a query are read; what is longer is a text, not a question.
const MAX_CHARS: usize = 10_000;
/// How deep parentheses may nest; deeper ones are read as if they were not there.
const MAX_DEPTH: usize = 32;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Lexed {
    Open,
    Close,
    Plus,
    Minus,
    And,
    Or,
    Not,
    Phrase(String, Option<u32>),
    /// A run of characters, as typed.
    Run(String),
    /// A field name; its value is the next token.
    Field(String),
}

/// Reads a query. `is_field` says which names before a colon are fields.
pub fn parse(text: &str, is_field: &dyn Fn(&str) -> bool) -> Query {
    let mut notes = Vec::new();
    let text = match text.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => {
            notes.push(format!("the query is long: only its first {MAX_CHARS} characters are read"));
            &text[..end]
        }
        None => text,
    };
    let lexed = lex(text, is_field, &mut notes);
    let mut parser = Parser { lexed, at: 0, depth: 0, notes };
    let mut clauses = parser.clauses();
    // A closing parenthesis without its opening one ends nothing.
    while parser.at < parser.lexed.len() {
        parser.at += 1;
        parser.note("a closing parenthesis without an opening one was left out");
        clauses.extend(parser.clauses());
    }
    Query { clauses, notes: parser.notes }
}

fn closing_quote(open: char) -> Option<&'static [char]> {
    Some(match open {
        '"' | '“' | '”' | '„' | '‟' | '″' | '＂' => &['"', '“', '”', '‟', '″', '＂'],
        '«' | '»' => &['»', '«'],
        _ => return None,
    })
}

fn lex(text: &str, is_field: &dyn Fn(&str) -> bool, notes: &mut Vec<String>) -> Vec<Lexed> {
    let chars: Vec<char> = text.chars().collect();
    let mut out = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let c = chars[at];
        if c.is_whitespace() || c.is_control() {
            at += 1;
        } else if c == '(' {
            out.push(Lexed::Open);
            at += 1;
        } else if c == ')' {
            out.push(Lexed::Close);
            at += 1;
        } else if let Some(closing) = closing_quote(c) {
            match chars[at + 1..].iter().position(|d| closing.contains(d)) {
                Some(length) => {
                    let words: String = chars[at + 1..at + 1 + length].iter().collect();
                    at += length + 2;
                    let slop = read_slop(&chars, &mut at);
                    if words.chars().any(char::is_alphanumeric) {
                        out.push(Lexed::Phrase(words, slop));
                    }
                }
                None => {
                    push_note(notes, "a quotation mark without its second one was left out");
                    at += 1;
                }
            }
        } else if matches!(c, '+' | '-' | '−' | '–')
            && chars
                .get(at + 1)
                .is_some_and(|&d| d.is_alphanumeric() || d == '(' || closing_quote(d).is_some())
            && (at == 0 || chars[at - 1].is_whitespace() || chars[at - 1] == '(')
        {
            out.push(if c == '+' { Lexed::Plus } else { Lexed::Minus });
            at += 1;
        } else {
            let start = at;
            while at < chars.len()
                && !chars[at].is_whitespace()
                && !matches!(chars[at], '(' | ')')
                && closing_quote(chars[at]).is_none()
            {
                // A known field's name ends at its colon; its value may be a phrase.
                if chars[at] == ':' && at > start {
                    let name: String = chars[start..at].iter().collect();
                    let value_follows =
                        chars.get(at + 1).is_some_and(|&d| d.is_alphanumeric() || closing_quote(d).is_some());
                    if value_follows && is_field(&name) {
                        break;
                    }
                }
                at += 1;
            }
            // A symbol such as E/2017(a) keeps its parentheses only if they close within the run.
            if at < chars.len()
                && chars[at] == '('
                && chars[start..at].contains(&'/')
                && let Some(length) = chars[at..].iter().take(8).position(|&d| d == ')')
                && chars[at..at + length].iter().all(|d| !d.is_whitespace())
            {
                at += length + 1;
            }
            let run: String = chars[start..at].iter().collect();
            if at < chars.len() && chars[at] == ':' {
                out.push(Lexed::Field(run));
                at += 1;
                continue;
            }
            match run.as_str() {
                "AND" | "&&" => out.push(Lexed::And),
                "OR" | "||" => out.push(Lexed::Or),
                "NOT" => out.push(Lexed::Not),
                _ => out.push(Lexed::Run(run)),
            }
        }
    }
    out
}

/// Reads `~8` after a phrase.
fn read_slop(chars: &[char], at: &mut usize) -> Option<u32> {
    if chars.get(*at) != Some(&'~') {
        return None;
    }
    let digits: String = chars[*at + 1..].iter().take_while(|d| d.is_ascii_digit()).collect();
    *at += 1 + digits.chars().count();
    // More than a passage is long means anywhere in it.
    Some(digits.parse::<u32>().unwrap_or(if digits.is_empty() { 5 } else { 1000 }).min(1000))
}

fn push_note(notes: &mut Vec<String>, note: &str) {
    if !notes.iter().any(|other| other == note) {
        notes.push(note.to_owned());
    }
}

struct Parser {
    lexed: Vec<Lexed>,
    at: usize,
    depth: usize,
    notes: Vec<String>,
}

impl Parser {
    fn note(&mut self, note: &str) {
        push_note(&mut self.notes, note);
    }

    fn peek(&self) -> Option<&Lexed> {
        self.lexed.get(self.at)
    }

    /// Clauses up to a closing parenthesis or the end, with OR the loosest.
    fn clauses(&mut self) -> Vec<(Occur, Node)> {
        let mut alternatives: Vec<Vec<(Occur, Node)>> = vec![Vec::new()];
        let mut dangling_or = false;
        loop {
            match self.peek() {
                None | Some(Lexed::Close) => break,
                Some(Lexed::Or) => {
                    self.at += 1;
                    // "a OR" or "OR a": nothing stands on one side.
                    dangling_or |= alternatives.last().is_none_or(Vec::is_empty);
                    alternatives.push(Vec::new());
                }
                _ => {
                    let run = self.conjunction();
                    if let Some(last) = alternatives.last_mut() {
                        last.extend(run);
                    }
                }
            }
        }
        let several = alternatives.len() > 1;
        alternatives.retain(|clauses| !clauses.is_empty());
        if several && (dangling_or || alternatives.len() < 2) {
            self.note("an OR with nothing on one side was left out");
        }
        match alternatives.len() {
            0 => Vec::new(),
            1 => alternatives.remove(0),
            _ => {
                // "a b OR c d": OR joins the words beside it; the others stay as they are.
                let last = alternatives.len() - 1;
                let mut before = Vec::new();
                let mut after = Vec::new();
                let mut either = Vec::new();
                for (index, mut clauses) in alternatives.into_iter().enumerate() {
                    if index == 0 {
                        let joined = clauses.pop();
                        before = clauses;
                        either.extend(joined);
                    } else if index == last {
                        let rest = clauses.split_off(1);
                        either.extend(clauses);
                        after = rest;
                    } else {
                        either.push(match clauses.len() {
                            1 => clauses.remove(0),
                            _ => (Occur::Should, Node::Group(clauses)),
                        });
                    }
                }
                let either = either
                    .into_iter()
                    .map(|(occur, node)| match occur {
                        Occur::Should => (Occur::Should, node),
                        other => (Occur::Should, Node::Group(vec![(other, node)])),
                    })
                    .collect();
                before.push((Occur::Must, Node::Group(either)));
                before.extend(after);
                before
            }
        }
    }

    /// One clause, or several that AND joins.
    fn conjunction(&mut self) -> Vec<(Occur, Node)> {
        let mut joined: Vec<(Occur, Node)> = self.clause().into_iter().collect();
        let mut any = false;
        while self.peek() == Some(&Lexed::And) {
            self.at += 1;
            if matches!(self.peek(), None | Some(Lexed::Close | Lexed::Or | Lexed::And)) || joined.is_empty()
            {
                self.note("an AND with nothing on one side was left out");
                continue;
            }
            any = true;
            joined.extend(self.clause());
        }
        if any && joined.len() > 1 {
            for (occur, _) in &mut joined {
                if *occur == Occur::Should {
                    *occur = Occur::Must;
                }
            }
            // Kept together, so that an OR beside it takes all of it.
            return vec![(Occur::Must, Node::Group(joined))];
        }
        joined
    }

    fn clause(&mut self) -> Option<(Occur, Node)> {
        let mut occur = Occur::Should;
        loop {
            match self.peek()? {
                Lexed::Plus => occur = Occur::Must,
                Lexed::Minus | Lexed::Not => occur = Occur::MustNot,
                _ => break,
            }
            self.at += 1;
        }
        let node = match self.peek()?.clone() {
            Lexed::Open => {
                self.at += 1;
                if self.depth >= MAX_DEPTH {
                    while self.peek() == Some(&Lexed::Open) {
                        self.at += 1;
                    }
                    self.note("parentheses nested too deep were left out");
                    // Without its parenthesis it is an ordinary part of what stands around it.
                    return self.clause();
                }
                self.depth += 1;
                let clauses = self.clauses();
                self.depth -= 1;
                match self.peek() {
                    Some(Lexed::Close) => self.at += 1,
                    _ => self.note("an opening parenthesis without a closing one was left out"),
                }
                if clauses.is_empty() {
                    return None;
                }
                Node::Group(clauses)
            }
            Lexed::Phrase(words, slop) => {
                self.at += 1;
                // A quoted phrase is meant: a passage without it is no answer.
                if occur == Occur::Should {
                    occur = Occur::Must;
                }
                Node::Phrase(words, slop)
            }
            Lexed::Run(run) => {
                self.at += 1;
                word(&run)?
            }
            Lexed::Field(name) => {
                self.at += 1;
                let value = match self.peek().cloned() {
                    Some(Lexed::Phrase(words, _)) => words,
                    Some(Lexed::Run(run)) => run,
                    Some(Lexed::And) => "AND".to_owned(),
                    Some(Lexed::Or) => "OR".to_owned(),
                    Some(Lexed::Not) => "NOT".to_owned(),
                    _ => return Some((occur, Node::Word(name))),
                };
                self.at += 1;
                if occur == Occur::Should {
                    occur = Occur::Must;
                }
                Node::Field(name, value)
            }
            Lexed::And | Lexed::Or | Lexed::Close => return None,
            Lexed::Plus | Lexed::Minus | Lexed::Not => {
                self.at += 1;
                return None;
            }
        };
        Some((occur, node))
    }
}

/// A run of characters: a prefix, a fuzzy word or plain words. Nothing where it has no letter or digit.
fn word(run: &str) -> Option<Node> {
    if !run.chars().any(char::is_alphanumeric) {
        return None;
    }
    let only_word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_alphanumeric());
    // An elided article before a prefix or fuzzy word is no part of it: l'integr*.
    let bare =
        run.rsplit(crate::analysis::fold::is_apostrophe).next().filter(|bare| bare.len() > 1).unwrap_or(run);
    if let Some(stem) = bare.strip_suffix('*')
        && only_word(stem)
    {
        return Some(Node::Prefix(stem.to_owned()));
    }
    for (mark, distance) in [("~1", 1), ("~2", 2), ("~", 0)] {
        if let Some(stem) = bare.strip_suffix(mark)
            && only_word(stem)
        {
            let distance = match distance {
                0 if stem.chars().count() < 6 => 1,
                0 => 2,
                given => given,
            };
            return Some(Node::Fuzzy(stem.to_owned(), distance));
        }
    }
    Some(Node::Word(run.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Occur::{Must, MustNot, Should};
    use proptest::prelude::*;

    fn read(text: &str) -> Query {
        parse(text, &|name| matches!(name, "dimensione" | "actor" | "titolo"))
    }

    fn w(text: &str) -> Node {
        Node::Word(text.to_owned())
    }

    #[test]
    fn what_people_type_is_understood() {
        assert_eq!(
            read("l'accoglienza autorita' locali").clauses,
            [(Should, w("l'accoglienza")), (Should, w("autorita'")), (Should, w("locali"))]
        );
        assert_eq!(
            read("art. 2: migranti").clauses,
            [(Should, w("art.")), (Should, w("2:")), (Should, w("migranti"))]
        );
        assert_eq!(read("migranti:").clauses, [(Should, w("migranti:"))]);
        assert_eq!(read("[OIM] e/o").clauses, [(Should, w("[OIM]")), (Should, w("e/o"))]);
        assert_eq!(read("non-refoulement – fine").clauses.len(), 2);
        assert_eq!(read("").clauses, []);
        assert_eq!(read("😀 ?! -").clauses, []);
    }

    #[test]
    fn every_quotation_mark_makes_a_phrase() {
        for text in ["\"autorità locali\"", "“autorità locali”", "«autorità locali»", "„autorità locali“"]
        {
            assert_eq!(
                read(text).clauses,
                [(Must, Node::Phrase("autorità locali".to_owned(), None))],
                "{text}"
            );
        }
        assert_eq!(read("\"a b\"~8").clauses, [(Must, Node::Phrase("a b".to_owned(), Some(8)))]);
        let open = read("\"autorità locali");
        assert_eq!(open.clauses, [(Should, w("autorità")), (Should, w("locali"))]);
        assert_eq!(open.notes.len(), 1);
    }

    #[test]
    fn operators_bind_as_documented() {
        assert_eq!(read("+a -b c").clauses, [(Must, w("a")), (MustNot, w("b")), (Should, w("c"))]);
        let and = |nodes: Vec<Node>| (Must, Node::Group(nodes.into_iter().map(|n| (Must, n)).collect()));
        assert_eq!(read("a AND b").clauses, [and(vec![w("a"), w("b")])]);
        assert_eq!(read("a OR b").clauses, [(Must, Node::Group(vec![(Should, w("a")), (Should, w("b"))]))]);
        assert_eq!(
            read("x (a OR b) NOT c").clauses,
            [
                (Should, w("x")),
                (Should, Node::Group(vec![(Must, Node::Group(vec![(Should, w("a")), (Should, w("b"))]))])),
                (MustNot, w("c"))
            ]
        );
        let mixed = read("a AND b OR c").clauses;
        assert!(matches!(&mixed[..], [(Must, Node::Group(either))] if either.len() == 2));
        assert_eq!(read("AND a OR").clauses, [(Should, w("a"))]);
    }

    #[test]
    fn words_may_be_open_and_fields_named() {
        assert_eq!(read("integr*").clauses, [(Should, Node::Prefix("integr".to_owned()))]);
        assert_eq!(read("l'integr*").clauses, [(Should, Node::Prefix("integr".to_owned()))]);
        assert_eq!(read("autorita~").clauses, [(Should, Node::Fuzzy("autorita".to_owned(), 2))]);
        assert_eq!(read("ente~1").clauses, [(Should, Node::Fuzzy("ente".to_owned(), 1))]);
        assert_eq!(
            read("dimensione:locale -actor:\"autorità locali\" altro:no").clauses,
            [
                (Must, Node::Field("dimensione".to_owned(), "locale".to_owned())),
                (MustNot, Node::Field("actor".to_owned(), "autorità locali".to_owned())),
                (Should, w("altro:no"))
            ]
        );
    }

    proptest! {
        #[test]
        fn nothing_makes_it_fail(text in "\\PC{0,200}") {
            read(&text);
        }

        #[test]
        fn nor_do_operators(text in "[ab\"()+\\-~*:'« ]{0,80}|(AND|OR|NOT|\\(|\\)| |a|\"){0,60}") {
            read(&text);
        }
    }

    #[test]
    fn deep_nesting_is_bounded() {
        let query = format!("{}a{}", "(".repeat(100_000), ")".repeat(100_000));
        assert!(!read(&query).notes.is_empty());
    }
}
