//! Makes the corpus and the queries of `bench_queries` out of documentation in Italian: sentences recombined at random into
//! passages of 30 to 120 words. The same documents, number and program give the same bytes. `benches/corpus.sh` fetches
//! documents and starts it.
//!
//! ```text
//! bench_corpus TARGET PASSAGES FOLDER...
//! ```
//!
//! In the folder TARGET it writes `corpus.jsonl`, `queries-2.txt` (two content words of one passage) and `queries-10.txt`
//! (ten running words of one sentence).

use std::collections::BTreeSet;
use std::env;
use std::error::Error;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use gcm_search::analysis::{is_stop_word, sentences, tokenize};
use gcm_search::corpus::{Location, Source, find};
use gcm_search::document::Language;
use gcm_search::extract::{ExtractLimits, Format, extract};
use gcm_search::language::detect;

const SEED: u64 = 20_261_122;
const QUERIES: usize = 200;
/// The least and the most words of a passage.
const PASSAGE_WORDS: (usize, usize) = (30, 120);
/// The least and the most words of a sentence that is taken: fewer are labels, more are lists.
const SENTENCE_WORDS: (usize, usize) = (5, 60);

/// The generator SplitMix64 (Steele, Lea and Flood 2014): small, and the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % bound.max(1) as u64) as usize
    }

    fn one_of<'a>(&mut self, texts: &'a [String]) -> &'a str {
        &texts[self.below(texts.len())]
    }
}

fn count_words(text: &str) -> usize {
    text.split_whitespace().count()
}

/// The Italian sentences of all documents below the folders, each once, in alphabetical order.
fn italian_sentences(folders: &[PathBuf]) -> Result<Vec<String>, Box<dyn Error>> {
    let sources: Vec<Source> = folders.iter().cloned().map(Source::Path).collect();
    let mut out = BTreeSet::new();
    for file in find(&sources, None)?.files {
        let Location::Disk(path) = &file.location else {
            continue;
        };
        let bytes = fs::read(path)?;
        let Ok(format) = Format::detect(&file.path, &bytes) else {
            continue;
        };
        let read = extract(format, &file.path, &bytes, &ExtractLimits::default(), &mut |document| {
            let blocks = document.map(|document| document.blocks).unwrap_or_default();
            for sentence in blocks.iter().flat_map(|block| sentences(&block.text)) {
                let words = count_words(sentence);
                if words >= SENTENCE_WORDS.0
                    && words <= SENTENCE_WORDS.1
                    && detect(sentence) == Some(Language::Italian)
                {
                    out.insert(sentence.trim().to_owned());
                }
            }
        });
        if let Err(error) = read {
            eprintln!("bench_corpus: {}: {error}", path.display());
        }
    }
    Ok(out.into_iter().collect())
}

/// Sentences drawn at random until the passage is as long as it was drawn to be.
fn passage(random: &mut Random, sentences: &[String]) -> String {
    let (least, most) = PASSAGE_WORDS;
    let goal = least + random.below(most - least + 1);
    let mut text = String::new();
    let mut words = 0;
    while words < least || words < goal {
        let sentence = random.one_of(sentences);
        let more = count_words(sentence);
        if words + more > most {
            if words >= least {
                break;
            }
            continue;
        }
        if words > 0 {
            text.push(' ');
        }
        text.push_str(sentence);
        words += more;
    }
    text
}

/// Two different words of one passage that are no function words.
fn two_words(random: &mut Random, sentences: &[String]) -> String {
    loop {
        let text = passage(random, sentences);
        let words: Vec<String> = tokenize(&text)
            .into_iter()
            .map(|token| token.text.into_string())
            .filter(|word| {
                word.len() > 3
                    && word.chars().all(char::is_alphabetic)
                    && !is_stop_word(Language::Italian, word)
            })
            .collect();
        if words.len() < 2 {
            continue;
        }
        let (one, other) = (random.one_of(&words), random.one_of(&words));
        if one != other {
            return format!("{one} {other}");
        }
    }
}

/// Ten running words of one sentence, without signs that a query language would read.
fn ten_words(random: &mut Random, sentences: &[String]) -> String {
    loop {
        let words: Vec<&str> = random
            .one_of(sentences)
            .split(|c: char| !c.is_alphanumeric() && !['\'', '’'].contains(&c))
            .filter(|word| !word.is_empty())
            .collect();
        if words.len() >= 10 {
            let start = random.below(words.len() - 9);
            return words[start..start + 10].join(" ");
        }
    }
}

fn write_queries(path: &Path, mut draw: impl FnMut() -> String) -> Result<(), Box<dyn Error>> {
    let lines: Vec<String> = (0..QUERIES).map(|_| draw()).collect();
    Ok(fs::write(path, lines.join("\n") + "\n")?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [target, passages, folders @ ..] = &args[..] else {
        return Err("usage: bench_corpus TARGET PASSAGES FOLDER...".into());
    };
    let folders: Vec<PathBuf> = folders.iter().map(PathBuf::from).collect();
    let passages: usize = passages.parse()?;
    let sentences = italian_sentences(&folders)?;
    // Fewer would make passages that are all alike.
    if sentences.len() < 1_000 {
        return Err(format!("only {} sentences in Italian: give more documents", sentences.len()).into());
    }
    let words: usize = sentences.iter().map(|sentence| count_words(sentence)).sum();
    eprintln!("{} sentences, {words} words", sentences.len());

    let target = Path::new(target);
    fs::create_dir_all(target)?;
    let mut random = Random(SEED);
    write_queries(&target.join("queries-2.txt"), || two_words(&mut random, &sentences))?;
    write_queries(&target.join("queries-10.txt"), || ten_words(&mut random, &sentences))?;
    let mut file = BufWriter::new(File::create(target.join("corpus.jsonl"))?);
    for number in 1..=passages {
        let text = passage(&mut random, &sentences);
        serde_json::to_writer(
            &mut file,
            &serde_json::json!({"_id": format!("p{number}"), "text": text, "lang": "it"}),
        )?;
        file.write_all(b"\n")?;
    }
    file.flush()?;
    Ok(())
}
