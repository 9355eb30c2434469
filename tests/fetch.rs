//! `fetch`, against a server on this machine that misbehaves. Proves:
//!
//! - the documents that `documents.toml` names come in the languages asked for, with their metadata, and a second run that
//!   finds them unchanged does nothing; licences are shown first, `--list` and `--dry-run` ask no server;
//! - what broke off is gone on with where the server can vouch for it, and begun anew where it cannot;
//! - a server that is busy is asked again when it says, one that is slow, lost, in circles, leads to a weaker place, sends too
//!   much, something packed, a login or another kind of file gets a message of its own and leaves no file;
//! - `robots.txt` is kept to, and a server whose rules cannot be read is left alone.
#![cfg(feature = "fetch")]

mod common;

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use common::{Run, Sealed};

/// A PDF file as far as its first bytes tell, a few chunks long.
fn pdf() -> Vec<u8> {
    [b"%PDF-1.7\n".to_vec(), b"0123456789abcdef".repeat(20_000)].concat()
}

/// A request: its path and its headers, names in lower case.
type Request = (String, HashMap<String, String>);

/// A server on a port of its own, for as long as the test runs.
struct Server {
    address: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    fn start(answer: impl Fn(&mut TcpStream, &Request, usize) + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (seen, answer) = (Arc::clone(&requests), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                thread::spawn(move || {
                    let mut stream = stream;
                    let Some(request) = read_request(&stream) else {
                        return;
                    };
                    // How often this path was asked for before.
                    let before = {
                        let mut seen = seen.lock().expect("no panic");
                        let before = seen.iter().filter(|(path, _)| *path == request.0).count();
                        seen.push(request.clone());
                        before
                    };
                    answer(&mut stream, &request, before);
                });
            }
        });
        Server { address, requests }
    }

    fn requests_of(&self, path: &str) -> Vec<HashMap<String, String>> {
        let requests = self.requests.lock().expect("no panic");
        requests.iter().filter(|(other, _)| other == path).map(|(_, headers)| headers.clone()).collect()
    }

    fn count(&self) -> usize {
        self.requests.lock().expect("no panic").len()
    }
}

fn read_request(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines();
    let path = lines.next()?.ok()?.split(' ').nth(1)?.to_owned();
    let mut headers = HashMap::new();
    for line in lines {
        let line = line.ok()?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    Some((path, headers))
}

/// Sends a head and as much of a body as is given; whoever reads may hang up.
fn send(stream: &mut TcpStream, status: &str, headers: &str, body: &[u8]) {
    let _ = write!(stream, "HTTP/1.1 {status}\r\nConnection: close\r\n{headers}\r\n");
    let _ = stream.write_all(body);
}

fn send_whole(stream: &mut TcpStream, headers: &str, body: &[u8]) {
    send(stream, "200 OK", &format!("{headers}Content-Length: {}\r\n", body.len()), body);
}

/// The server of most tests.
fn misbehaving() -> Server {
    Server::start(|stream, (path, headers), before| {
        let pdf = pdf();
        let etag = "ETag: \"v1\"\r\n";
        match path.as_str() {
            "/robots.txt" => send_whole(stream, "", b"User-agent: *\nDisallow: /private\n"),
            "/ok.pdf" if headers.get("if-none-match").is_some_and(|tag| tag == "\"v1\"") => {
                send(stream, "304 Not Modified", etag, b"");
            }
            "/ok.pdf" => send_whole(stream, etag, &pdf),
            "/dated.pdf" if headers.contains_key("if-modified-since") => {
                send(stream, "304 Not Modified", "", b"");
            }
            "/dated.pdf" => send_whole(stream, "Last-Modified: Wed, 19 Dec 2018 10:00:00 GMT\r\n", &pdf),
            "/moved.pdf" => send(stream, "301 Moved", "Location: ok.pdf\r\nContent-Length: 0\r\n", b""),
            "/drop.pdf" => match headers.get("range").and_then(|range| range.strip_prefix("bytes=")) {
                Some(range) if headers["if-range"] == "\"v1\"" => {
                    let start: usize = range.trim_end_matches('-').parse().expect("a number");
                    let range = format!("Content-Range: bytes {start}-{}/{}\r\n", pdf.len() - 1, pdf.len());
                    let rest = &pdf[start..];
                    let length = format!("Content-Length: {}\r\n", rest.len());
                    send(stream, "206 Partial", &format!("{etag}{range}{length}"), rest);
                }
                _ => {
                    let length = format!("Content-Length: {}\r\n", pdf.len());
                    send(stream, "200 OK", &format!("{etag}{length}"), &pdf[..100_000]);
                }
            },
            "/forgetful.pdf" if before == 0 => {
                send(stream, "200 OK", &format!("Content-Length: {}\r\n", pdf.len()), &pdf[..100_000]);
            }
            "/forgetful.pdf" => send_whole(stream, "", &pdf),
            "/liar.pdf" => send(stream, "200 OK", "Content-Length: 999999\r\n", &pdf),
            "/busy.pdf" if before == 0 => {
                send(stream, "429 Too Many", "Retry-After: 1\r\nContent-Length: 0\r\n", b"");
            }
            "/busy.pdf" if before == 1 => {
                let date = "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n";
                send(stream, "503 Unavailable", date, b"");
            }
            "/busy.pdf" => send_whole(stream, "", &pdf),
            "/tomorrow.pdf" => {
                send(stream, "503 Unavailable", "Retry-After: 86400\r\nContent-Length: 0\r\n", b"");
            }
            "/circle.pdf" => send(stream, "302 Found", "Location: /circle.pdf\r\nContent-Length: 0\r\n", b""),
            "/weaker.pdf" => {
                send(stream, "302 Found", "Location: http://example.org/x.pdf\r\nContent-Length: 0\r\n", b"");
            }
            "/files.pdf" => {
                send(stream, "302 Found", "Location: file:///etc/passwd\r\nContent-Length: 0\r\n", b"");
            }
            "/huge.pdf" => send(stream, "200 OK", "Content-Length: 99999999999\r\n", &pdf),
            "/endless.pdf" => {
                send(stream, "200 OK", "Transfer-Encoding: chunked\r\n", b"9\r\n%PDF-1.7\n\r\n");
                let chunk = [b"10000\r\n".to_vec(), vec![b'x'; 0x10000], b"\r\n".to_vec()].concat();
                while stream.write_all(&chunk).is_ok() {}
            }
            "/packed.pdf" => send_whole(stream, "Content-Encoding: gzip\r\n", b"\x1F\x8B\x08\x00"),
            "/login.pdf" => send_whole(stream, "", b"<!DOCTYPE html><form><input type=\"password\"></form>"),
            "/login.html" => send_whole(stream, "", b"<html><body><input type='password'></body></html>"),
            "/page.html" => {
                send_whole(stream, "", "<html><body><p>Le prefetture.</p></body></html>".as_bytes());
            }
            "/noise.pdf" => send_whole(stream, "", b"no PDF at all"),
            "/empty.pdf" => send_whole(stream, "", b""),
            "/silent.pdf" => thread::sleep(Duration::from_secs(20)),
            "/stuck.pdf" => {
                send(stream, "200 OK", &format!("Content-Length: {}\r\n", pdf.len()), &pdf[..50_000]);
                thread::sleep(Duration::from_secs(20));
            }
            "/forbidden.pdf" => send(stream, "403 Forbidden", "Content-Length: 0\r\n", b""),
            _ => send(stream, "404 Not Found", "Content-Length: 0\r\n", b""),
        }
    })
}

/// A run of `fetch` without pauses.
fn fetch(sealed: &Sealed, args: &[&str]) -> Run {
    sealed.run(["fetch", "--pause", "0.01", "--to", "down"].iter().chain(args))
}

/// The files that a reader of the folder sees.
fn files(sealed: &Sealed) -> Vec<String> {
    let entries = fs::read_dir(sealed.path().join("down")).expect("the folder");
    let mut names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| !name.starts_with('.') && name != "documents.toml");
    names.sort();
    names
}

#[test]
fn the_documents_of_a_corpus_come_with_what_is_known_of_them() {
    let server = misbehaving();
    let sealed = Sealed::new();
    let at = &server.address;
    sealed.write(
        "corpus/documents.toml",
        format!(
            "[[download]]\nid = \"patto\"\ntitle = \"Patto globale\"\npublisher = \"Nazioni Unite\"\ndate = \"2018-12-19\"\n\
             symbol = \"A/RES/73/195\"\nlicence = \"citare la fonte\"\nformat = \"html\"\n[download.urls]\n\
             it = \"{at}/page.html\"\nen = \"{at}/page.html\"\nru = \"{at}/page.html\"\n\
             [[download]]\nid = \"testo\"\ntitle = \"Un testo\"\npublisher = \"OIM\"\nlicence = \"vedi colophon\"\n\
             format = \"pdf\"\n[download.urls]\nen = \"{at}/ok.pdf\"\n"
        ),
    );
    let run =
        |args: &[&str]| sealed.run(["fetch", "--pause", "0.01", "--corpus", "corpus"].iter().chain(args));
    run(&["--list"])
        .code_is(0)
        .prints(&["patto  Patto globale (Nazioni Unite, 2018-12-19) [en it ru]", "testo"]);
    let dry =
        run(&["--dry-run"]).code_is(0).prints(&["downloads/patto.en", "/page.html", "testo.en", "/ok.pdf"]);
    assert_eq!(dry.stdout.lines().count(), 3, "{dry}");
    assert_eq!(server.count(), 0, "nobody was asked");
    let first = run(&[]).code_is(0).prints(&["fetched", "patto.it.html", "testo.en.pdf (320009 bytes)"]);
    let first =
        first.says(&["patto.en, patto.it: citare la fonte", "testo.en: vedi colophon", "gcm-search index"]);
    assert!(!first.stdout.contains("patto.ru"), "{first}");
    assert_eq!(server.requests_of("/robots.txt").len(), 1);
    let agent = &server.requests_of("/ok.pdf")[0]["user-agent"];
    assert!(agent.starts_with("gcm-search/"), "{agent}");
    run(&["testo", "--lang", "en"]).code_is(0).prints(&["unchanged", "testo.en.pdf"]);
    run(&["A/RES/73/195", "--lang", "ru"]).code_is(0).prints(&["patto.ru.html"]);
    run(&["testo", "--lang", "zh"]).code_is(1).says(&["none of these documents"]);
    run(&["pato"]).code_is(2).says(&["no download \"pato\"", "did you mean patto?"]);
    // They are indexed with the corpus that they lie in, each with its metadata.
    fs::remove_file(sealed.path().join("corpus/downloads/testo.en.pdf")).expect("removed");
    sealed.run(["index", "corpus"]).code_is(0).prints(&["3 documents"]);
    let hit = sealed.ask(["prefetture", "--lang", "it"]).hits.remove(0);
    assert_eq!(hit.document.id, "downloads/patto.it");
    assert_eq!(hit.document.title.as_deref(), Some("Patto globale"));
    assert_eq!(hit.document.symbol.as_deref(), Some("A/RES/73/195"));
    assert_eq!(hit.document.licence.as_deref(), Some("citare la fonte"));
}

#[test]
fn what_has_not_changed_is_not_fetched_again() {
    let server = misbehaving();
    let sealed = Sealed::new();
    for path in ["/ok.pdf", "/dated.pdf", "/moved.pdf"] {
        let url = format!("{}{path}", server.address);
        fetch(&sealed, &[&url]).code_is(0).prints(&["fetched", "(320009 bytes)"]);
        fetch(&sealed, &[&url]).code_is(0).prints(&["unchanged"]);
    }
    // A file that is gone or was cut comes again.
    let name = files(&sealed).remove(0);
    sealed.write(&format!("down/{name}"), b"%PDF-cut");
    fetch(&sealed, &[&format!("{}/dated.pdf", server.address)]).code_is(0).prints(&["fetched"]);
    assert_eq!(files(&sealed).len(), 3);
    // A description of somebody else is left alone.
    sealed.write("down/documents.toml", "ignore = [\"x\"]\n");
    fetch(&sealed, &[&format!("{}/ok.pdf", server.address)]).code_is(0).says(&["somebody else"]);
    assert_eq!(
        fs::read_to_string(sealed.path().join("down/documents.toml")).expect("it"),
        "ignore = [\"x\"]\n"
    );
}

#[test]
fn what_broke_off_is_gone_on_with() {
    let server = misbehaving();
    let sealed = Sealed::new();
    fetch(&sealed, &[&format!("{}/drop.pdf", server.address)]).code_is(0).says(&["trying again"]);
    let requests = server.requests_of("/drop.pdf");
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[1]["range"], "bytes=100000-");
    // Without a mark of the version, nobody knows whether the rest belongs to it.
    fetch(&sealed, &[&format!("{}/forgetful.pdf", server.address)]).code_is(0);
    assert!(!server.requests_of("/forgetful.pdf")[1].contains_key("range"));
    for name in files(&sealed) {
        assert_eq!(fs::read(sealed.path().join("down").join(&name)).expect("a file"), pdf(), "{name}");
    }
    // Also in a later run.
    let later = Sealed::new();
    let url = format!("{}/drop.pdf", server.address);
    fetch(&later, &[&url, "--retries", "0"]).code_is(2).says(&["the connection"]);
    assert!(files(&later).is_empty());
    fetch(&later, &[&url, "--retries", "0"]).code_is(0);
    assert_eq!(server.requests_of("/drop.pdf")[3]["range"], "bytes=100000-");
}

#[test]
fn a_busy_server_is_asked_again_when_it_says() {
    let server = misbehaving();
    let sealed = Sealed::new();
    fetch(&sealed, &[&format!("{}/busy.pdf", server.address)]).code_is(0).says(&[
        "cannot answer now (429",
        "trying again in 1 seconds",
        "(503",
        "trying again in 0 seconds",
    ]);
    fetch(&sealed, &[&format!("{}/tomorrow.pdf", server.address)])
        .code_is(2)
        .says(&["asks to come back in 86400 seconds"]);
    assert_eq!(server.requests_of("/tomorrow.pdf").len(), 1);
}

#[test]
fn each_misbehaviour_has_its_message_and_leaves_no_file() {
    let server = misbehaving();
    let sealed = Sealed::new();
    for (path, says) in [
        ("/gone.pdf", "there is nothing at this address"),
        ("/forbidden.pdf", "refuses it (403"),
        ("/circle.pdf", "sends on more than 5 times"),
        ("/weaker.pdf", "leads to http://example.org, which is not encrypted"),
        ("/files.pdf", "sends on: "),
        ("/liar.pdf", "the connection"),
        ("/huge.pdf", "larger than 1 MB"),
        ("/endless.pdf", "larger than 1 MB"),
        ("/packed.pdf", "packed (gzip)"),
        ("/login.pdf", "a web page came instead of the PDF"),
        ("/login.html", "asks for a password"),
        ("/noise.pdf", "is no PDF"),
        ("/empty.pdf", "empty document"),
        ("/silent.pdf", "does not answer in time"),
        ("/stuck.pdf", "the connection broke off"),
        ("/private/x.pdf", "robots.txt"),
    ] {
        let url = format!("{}{path}", server.address);
        let options = ["--max-size", "1M", "--timeout", "0.5", "--retries", "1"];
        let run = fetch(&sealed, &[&[url.as_str()], &options[..]].concat()).code_is(2);
        assert!(run.stderr.contains(says), "{path} does not say {says:?}\n{run}");
    }
    assert!(files(&sealed).is_empty(), "{:?}", files(&sealed));
    assert!(server.requests_of("/private/x.pdf").is_empty());
    // One that fails keeps no other from coming.
    let urls = [format!("{}/gone.pdf", server.address), format!("{}/ok.pdf", server.address)];
    fetch(&sealed, &[&urls[0], &urls[1]])
        .code_is(2)
        .prints(&["fetched"])
        .says(&["1 of 2 could not be fetched"]);
    for wrong in ["ftp://example.org/x", "file:///etc/passwd", "https://a:b@example.org/"] {
        fetch(&sealed, &[wrong]).code_is(2).says(&["is not fetched"]);
    }
    // Nobody listens there.
    fetch(&sealed, &["http://127.0.0.1:9/x.pdf", "--retries", "0"]).code_is(2).says(&["cannot be reached"]);
}

#[test]
fn a_server_whose_rules_cannot_be_read_is_left_alone() {
    let server = Server::start(|stream, (path, _), _| match path.as_str() {
        "/robots.txt" => send(stream, "500 Error", "Content-Length: 0\r\n", b""),
        _ => send_whole(stream, "", &pdf()),
    });
    let sealed = Sealed::new();
    let url = format!("{}/ok.pdf", server.address);
    fetch(&sealed, &[&url, "--retries", "1"]).code_is(2).says(&["rules for robots cannot be read"]);
    assert!(server.requests_of("/ok.pdf").is_empty());
    assert_eq!(server.requests_of("/robots.txt").len(), 2);
}
