//! `--engine`, against a stand-in for a cluster on this machine that misbehaves. Proves:
//!
//! - a node that is busy or does not answer is passed over for the next, or asked again; one that never answers ends in an
//!   error that names the nodes, and a busy one is sent less at once until every passage has arrived, each once;
//! - credentials are sent, come from the environment or a file, are never shown, and go over plain HTTP to this machine only;
//!   answers that send elsewhere are not followed with them;
//! - what several queries of a batch ask for travels together; an error of one is its own, what a node is too busy for is asked
//!   for again, and a search without an end holds up no other for good;
//! - a generation that was gone back from is not written to again, and one that is made in other parts is left alone;
//! - a certificate of the user's own authority is trusted, another is not;
//! - what is no OpenSearch, no index of ours, one of another version, or takes no changes is said with what to do.
#![cfg(feature = "opensearch")]

mod common;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use common::{Run, Sealed, records_in_italian};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};

/// A request as the stand-in reads it.
#[derive(Debug, Clone)]
struct Request {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body: String,
}

/// What it answers: a status, headers, and a body.
type Answer = (u16, String, String);

/// A stand-in for a node, for as long as the test runs.
struct Node {
    address: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Node {
    /// Answers each request, with how often its path was asked for before.
    fn start(answer: impl Fn(&Request, usize) -> Answer + Send + Sync + 'static) -> Node {
        Node::serve("http", |stream| Box::new(stream), answer)
    }

    fn serve(
        scheme: &str,
        wrap: impl Fn(TcpStream) -> Box<dyn Stream> + Send + Sync + 'static,
        answer: impl Fn(&Request, usize) -> Answer + Send + Sync + 'static,
    ) -> Node {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("{scheme}://{}", listener.local_addr().expect("an address"));
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (seen, both) = (requests.clone(), Arc::new((wrap, answer)));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, both) = (seen.clone(), both.clone());
                thread::spawn(move || {
                    let mut stream = BufReader::new(both.0(stream));
                    while let Some(request) = read_request(&mut stream) {
                        let before = {
                            let mut seen = seen.lock().expect("no panic");
                            let before = seen.iter().filter(|other| other.path == request.path).count();
                            seen.push(request.clone());
                            before
                        };
                        let (status, headers, body) = both.1(&request, before);
                        let head =
                            format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
                        if stream.get_mut().write_all((head + &body).as_bytes()).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Node { address, requests }
    }

    fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("no panic").clone()
    }
}

trait Stream: Read + Write + Send {}

impl<T: Read + Write + Send> Stream for T {}

fn read_request(stream: &mut impl BufRead) -> Option<Request> {
    let mut line = || {
        let mut line = String::new();
        stream.read_line(&mut line).ok().filter(|&count| count > 0)?;
        Some(line.trim_end().to_owned())
    };
    let first = line()?;
    let mut first = first.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let mut headers = BTreeMap::new();
    while let Some((name, value)) = line()?.split_once(':') {
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length: usize = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some(Request { method, path, headers, body: String::from_utf8(body).ok()? })
}

fn ok(body: &Value) -> Answer {
    (200, String::new(), body.to_string())
}

fn failed(status: u16, kind: &str, reason: &str) -> Answer {
    let body =
        json!({"error": {"root_cause": [{"type": kind, "reason": reason}], "type": kind, "reason": reason}});
    (status, String::new(), body.to_string())
}

fn version() -> Value {
    json!({"version": {"distribution": "opensearch", "number": "3.8.0"}})
}

/// A node with an index of ours, of some version of the schema; everything else is missing.
fn with_index(request: &Request, schema: u32) -> Answer {
    match request.path.as_str() {
        "/" => ok(&version()),
        "/prova" => ok(&json!({"prova-g000001": {
            "mappings": {"_meta": {"gcm_search": {"info": null, "schema": schema, "program": "0.0.1"}}},
            "settings": {"index": {"number_of_shards": "1"}},
        }})),
        _ => failed(404, "index_not_found_exception", "no such index"),
    }
}

/// Runs a command against an index called `prova` there.
fn ask(address: &str, args: &[&str], environment: &[(&str, &str)]) -> Run {
    let sealed = Sealed::new();
    let mut command = sealed.command(["--engine", &format!("{address}/prova")]);
    command.args(args).envs(environment.iter().copied()).env("GCM_SEARCH_ENGINE_TIMEOUT", "2");
    Run::of(&mut command)
}

#[test]
fn a_missing_index_is_named_with_what_builds_it() {
    let node = Node::start(|request, _| match request.path.as_str() {
        "/" => ok(&version()),
        _ => failed(404, "index_not_found_exception", "no such index [prova]"),
    });
    ask(&node.address, &["status"], &[]).code_is(2).says(&[
        "there is no index in",
        &node.address,
        "gcm-search index --engine",
        "/prova",
    ]);
}

#[test]
fn an_index_of_another_version_is_refused_with_the_command_that_mends_it() {
    let node = Node::start(|request, _| with_index(request, 1));
    ask(&node.address, &["query", "pace"], &[])
        .code_is(2)
        .says(&["made by gcm-search 0.0.1 with another schema", "gcm-search index --rebuild --engine"]);
}

#[test]
fn what_is_none_of_ours_is_left_alone() {
    let other = Node::start(|request, _| match request.path.as_str() {
        "/" => ok(&version()),
        _ => ok(&json!({"prova": {"mappings": {}, "settings": {"index": {"number_of_shards": "1"}}}})),
    });
    for command in ["status", "index"] {
        ask(&other.address, &[command], &[]).code_is(2).says(&["is no index of gcm-search"]);
    }
    assert!(other.requests().iter().all(|request| request.method == "GET"), "nothing is changed");
    let page = Node::start(|_, _| (200, String::new(), "<html>".to_owned()));
    ask(&page.address, &["status"], &[]).code_is(2).says(&["does not answer as OpenSearch does"]);
}

#[test]
fn a_busy_node_is_asked_again_and_a_dead_one_passed_over() {
    let passing = [
        (503, "unavailable"),
        (500, "illegal_index_shard_state_exception"),
        (500, "node_disconnected_exception"),
        (404, "search_context_missing_exception"),
    ];
    for (status, kind) in passing {
        let node =
            Node::start(
                move |request, before| {
                    if before == 0 { failed(status, kind, "starting") } else { with_index(request, 1) }
                },
            );
        ask(&node.address, &["status"], &[]).code_is(2).says(&["another schema"]);
        assert_eq!(node.requests().len(), 4, "each of two requests once more");
    }

    let closed = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let node = Node::start(|request, _| with_index(request, 1));
    ask(&format!("http://{closed},{}", node.address), &["status"], &[]).code_is(2).says(&["another schema"]);
    assert_eq!(node.requests().len(), 2);
    ask(&format!("http://{closed}"), &["status"], &[]).code_is(2).says(&[
        "no node of the cluster answers",
        &closed.to_string(),
        "_cluster/health",
    ]);
}

#[test]
fn a_silent_node_is_given_up_in_time() {
    let node = Node::start(|_, _| {
        thread::sleep(Duration::from_secs(3600));
        ok(&Value::Null)
    });
    ask(&node.address, &["status"], &[]).code_is(2).says(&["no answer in time"]);
}

#[test]
fn credentials_are_sent_and_never_shown() {
    let node = Node::start(|request, _| match request.headers.get("authorization").map(String::as_str) {
        Some("Bearer segreto" | "Basic dXRlbnRlOnNlZ3JldG8=" | "ApiKey segreto") => with_index(request, 1),
        _ => (401, String::new(), "{}".to_owned()),
    });
    let accepted: [&[(&str, &str)]; 3] = [
        &[("GCM_SEARCH_ENGINE_TOKEN", "segreto")],
        &[("GCM_SEARCH_ENGINE_USER", "utente"), ("GCM_SEARCH_ENGINE_PASSWORD", "segreto")],
        &[("GCM_SEARCH_ENGINE_API_KEY", "segreto")],
    ];
    for environment in accepted {
        let run = ask(&node.address, &["-v", "status"], environment).code_is(2).says(&["another schema"]);
        assert!(!run.stderr.contains("segreto") && !run.stdout.contains("segreto"), "{run}");
    }
    ask(&node.address, &["status"], &[])
        .code_is(2)
        .says(&["asks for credentials", "GCM_SEARCH_ENGINE_TOKEN"]);
    let run = ask(&node.address, &["-v", "status"], &[("GCM_SEARCH_ENGINE_TOKEN", "sbagliato")]);
    let run = run.code_is(2).says(&["does not accept the credentials"]);
    assert!(!run.stderr.contains("sbagliato"), "{run}");
    let both = [("GCM_SEARCH_ENGINE_TOKEN", "segreto"), ("GCM_SEARCH_ENGINE_USER", "utente")];
    ask(&node.address, &["status"], &both).code_is(2).says(&["give a user with a password, or a token"]);

    let sealed = Sealed::new();
    sealed.write("accesso.toml", "token = \"segreto\"\n");
    sealed.write("rotto.toml", "tokn = \"segreto\"\n");
    let engine = format!("{}/prova", node.address);
    let run = |file: &str| {
        Run::of(sealed.command(["--engine", &engine, "status"]).env("GCM_SEARCH_ENGINE_CREDENTIALS", file))
    };
    run("accesso.toml").code_is(2).says(&["another schema"]);
    let broken = run("rotto.toml").code_is(2).says(&["the credentials in rotto.toml", "api-key"]);
    assert!(!broken.stderr.contains("segreto"), "{broken}");
}

#[test]
fn credentials_do_not_leave_this_machine_unprotected() {
    // An address for documentation (RFC 5737): a request to it would end in another error.
    ask("http://192.0.2.1:9200", &["status"], &[("GCM_SEARCH_ENGINE_TOKEN", "segreto")])
        .code_is(2)
        .says(&["credentials are not sent to http://192.0.2.1:9200", "use https"]);
    ask("http://utente:segreto@127.0.0.1:9200", &["status"], &[])
        .code_is(2)
        .says(&["no place for a password"]);
    // A project's file may not say where credentials go.
    let sealed = Sealed::new();
    sealed.write("gcm-search.toml", "engine = \"http://192.0.2.1:9200\"\n");
    sealed.run(["status"]).code_is(2).says(&["`engine` names a server", "line 1"]);
}

#[test]
fn answers_that_send_elsewhere_are_not_followed() {
    let elsewhere = Node::start(|request, _| with_index(request, 1));
    let target = elsewhere.address.clone();
    let node = Node::start(move |request, _| {
        (302, format!("Location: {target}{}\r\n", request.path), String::new())
    });
    ask(&node.address, &["status"], &[("GCM_SEARCH_ENGINE_TOKEN", "segreto")])
        .code_is(2)
        .says(&["sends elsewhere"]);
    assert!(elsewhere.requests().is_empty());
}

#[test]
fn a_certificate_is_trusted_by_the_users_own_authority() {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .expect("a configuration");
    let config = Arc::new(config);
    let wrap = move |stream| -> Box<dyn Stream> {
        let connection = rustls::ServerConnection::new(config.clone()).expect("a connection");
        Box::new(rustls::StreamOwned::new(connection, stream))
    };
    let node = Node::serve("https", wrap, |request, _| match request.headers.get("authorization") {
        Some(_) => with_index(request, 1),
        None => (401, String::new(), "{}".to_owned()),
    });
    let sealed = Sealed::new();
    let authority = sealed.write("ca.pem", cert.pem());
    let token = ("GCM_SEARCH_ENGINE_TOKEN", "segreto");
    let authority = authority.to_str().expect("a path");
    ask(&node.address, &["status"], &[token, ("GCM_SEARCH_ENGINE_CA", authority)])
        .code_is(2)
        .says(&["another schema"]);
    ask(&node.address, &["status"], &[token])
        .code_is(2)
        .says(&["no node of the cluster answers", "certificate"]);
    let empty = sealed.write("leer.pem", "");
    let empty = empty.to_str().expect("a path");
    ask(&node.address, &["status"], &[("GCM_SEARCH_ENGINE_CA", empty)])
        .code_is(2)
        .says(&["cannot read the certificates in", "leer.pem"]);
}

/// A node that takes what `index` sends; `bulk` answers bodies of passages, knowing how many came before.
fn taking(bulk: impl Fn(&Request, usize) -> Answer + Send + Sync + 'static) -> Node {
    let ids: Arc<Mutex<BTreeMap<String, usize>>> = Arc::default();
    Node::start(move |request, before| {
        let Request { method, path, body, .. } = request;
        let path = path.split('?').next().unwrap_or_default();
        match (method.as_str(), path) {
            ("GET", "/") => ok(&version()),
            ("GET", "/prova") => failed(404, "index_not_found_exception", "no such index"),
            ("GET", "/_cat/indices/prova-g*") => ok(&json!([])),
            ("GET", "/prova-g000001/_settings") => {
                ok(&json!({"prova-g000001": {"settings": {"index": {"number_of_shards": "1"}}}}))
            }
            ("GET", "/prova-g000001/_stats/docs") => ok(&json!({})),
            ("PUT", "/prova-manifest/_create/lock") => {
                (201, String::new(), json!({"_seq_no": 0, "_primary_term": 1}).to_string())
            }
            ("POST", "/prova-g000001/_bulk") => {
                let answer = bulk(request, before);
                if answer.0 == 200 && answer.2.contains("\"errors\":false") {
                    let mut ids = ids.lock().expect("no panic");
                    for line in body.lines().filter(|line| line.starts_with("{\"index\"")) {
                        *ids.entry(line.to_owned()).or_default() += 1;
                    }
                }
                answer
            }
            ("POST", "/prova-manifest/_bulk") => ok(&json!({"errors": false, "items": []})),
            ("POST", "/prova-g000001/_search") if body.contains("track_total_hits\":true") => {
                let ids = ids.lock().expect("no panic");
                assert!(ids.values().all(|&count| count == 1), "a passage came twice");
                ok(&json!({"hits": {"total": {"value": ids.len()}, "hits": []}}))
            }
            ("POST", path) if path.ends_with("/_search") => ok(&json!({"hits": {"hits": []}})),
            ("POST", path) if path.ends_with("/_refresh") || path.ends_with("/_forcemerge") => {
                ok(&json!({"_shards": {"failed": 0, "successful": 1}}))
            }
            _ => ok(&json!({"acknowledged": true})),
        }
    })
}

fn index_records(node: &Node) -> Run {
    let records: Vec<(String, String)> =
        (0..400).map(|at| (format!("r{at}"), format!("il brano numero {at} parla di pace"))).collect();
    let records: Vec<(&str, &str)> = records.iter().map(|(id, text)| (id.as_str(), text.as_str())).collect();
    let sealed = Sealed::new();
    sealed.write("records.jsonl", records_in_italian(&records));
    sealed.run(["--engine", &format!("{}/prova", node.address), "index", "records.jsonl"])
}

#[test]
fn a_busy_cluster_is_sent_less_at_once() {
    let lines = |request: &Request| request.body.lines().count() / 2;
    // It takes no more than a hundred passages at once, and is out of breath now and then.
    let node = taking(move |request, before| match lines(request) {
        more if more > 100 => failed(429, "rejected_execution_exception", "too many"),
        _ if before == 3 => failed(503, "unavailable", "one moment"),
        _ => ok(&json!({"took": 1, "errors": false, "items": []})),
    });
    index_records(&node).code_is(0).prints(&["400 documents, 400 passages"]);
    let sizes: Vec<usize> =
        node.requests().iter().filter(|request| request.path == "/prova-g000001/_bulk").map(lines).collect();
    assert_eq!(sizes.first(), Some(&400), "all at once first: {sizes:?}");
    assert_eq!(
        sizes.iter().filter(|&&size| size <= 100).count(),
        5,
        "four quarters, one of them twice: {sizes:?}"
    );
    assert!(
        node.requests().iter().any(|request| request.method == "DELETE" && request.path.contains("lock"))
    );
}

#[test]
fn single_passages_that_were_not_taken_are_sent_again_and_refused_ones_end_the_run() {
    let item =
        |status: u16| json!({"index": {"status": status, "error": {"type": "t", "reason": "perché no"}}});
    let node = taking(move |request, before| match before {
        0 => {
            let items: Vec<Value> = (0..400).map(|at| item(if at == 7 { 429 } else { 201 })).collect();
            ok(&json!({"errors": true, "items": items}))
        }
        _ => {
            assert_eq!(request.body.lines().count(), 2, "only the one that was not taken");
            ok(&json!({"errors": false, "items": []}))
        }
    });
    // The stand-in counts only what whole bodies brought, so the run says that passages are missing.
    index_records(&node).code_is(2).says(&["holds 1 passages in place of 400"]);
    let node = taking(move |_, _| {
        let items: Vec<Value> = (0..400).map(|at| item(if at == 7 { 400 } else { 201 })).collect();
        ok(&json!({"errors": true, "items": items}))
    });
    index_records(&node).code_is(2).says(&["refuses 1 of the documents sent", "perché no"]);
    let gone = |request: &Request| request.method == "DELETE" && request.path == "/prova-g000001";
    assert!(node.requests().iter().any(gone), "what was begun is removed");
}

#[test]
fn a_cluster_without_room_is_named_with_what_to_do() {
    let node = taking(|_, _| {
        failed(
            403,
            "cluster_block_exception",
            "index [prova-g000001] blocked by: [FORBIDDEN/12/index read-only]",
        )
    });
    index_records(&node).code_is(2).says(&["takes no changes", "read-only", "make room"]);
}

/// The description of an index of four hundred passages, and one of these, as `index` sent them.
fn made() -> (Value, Value) {
    let node = taking(|_, _| ok(&json!({"errors": false, "items": []})));
    index_records(&node).code_is(0);
    let body_of = |method: &str, path: &str| -> String {
        let of = |request: &Request| request.method == method && request.path.starts_with(path);
        node.requests().into_iter().find(of).expect("it was sent").body
    };
    let index: Value = serde_json::from_str(&body_of("PUT", "/prova-g000001")).expect("JSON");
    let mut meta = index["mappings"]["_meta"].clone();
    // The last document of the manifest says what there is in all.
    let manifest = body_of("POST", "/prova-manifest/_bulk");
    let head: Value = serde_json::from_str(manifest.lines().last().expect("a head")).expect("JSON");
    meta["gcm_search"]["info"] = head["entry"]["info"].clone();
    let passages = body_of("POST", "/prova-g000001/_bulk");
    let passage: Value = serde_json::from_str(passages.lines().nth(1).expect("a passage")).expect("JSON");
    (meta, passage["stored"].clone())
}

/// Every term stands in one passage of each shard.
fn frequencies(asked: &str) -> Answer {
    let asked: Value = serde_json::from_str(asked).expect("JSON");
    let mut vectors = serde_json::Map::new();
    for (field, text) in asked["doc"].as_object().expect("fields") {
        let terms = text.as_str().expect("text").split(' ');
        let terms = terms.map(|term| (term.to_owned(), json!({"doc_freq": 1, "ttf": 1}))).collect();
        let statistics = json!({"doc_count": 100, "sum_ttf": 1000});
        vectors.insert(field.clone(), json!({"field_statistics": statistics, "terms": Value::Object(terms)}));
    }
    ok(&json!({ "term_vectors": vectors }))
}

/// A node with the index of [`made`] in three shards; `search` answers each search, knowing what one finds and whether it came
/// alone.
fn searched(search: impl Fn(&Value, &str, bool) -> Value + Send + Sync + 'static) -> Node {
    let (meta, stored) = made();
    let hits = json!({
        "hits": {"total": {"value": 7}, "hits": [{"_id": "a", "_score": 1.0, "_source": {"stored": stored}}]},
        "status": 200,
    });
    Node::start(move |request, _| match request.path.split('?').next().unwrap_or_default() {
        "/" => ok(&version()),
        "/prova" => ok(&json!({"prova-g000001": {
            "mappings": {"_meta": meta},
            "settings": {"index": {"number_of_shards": "3"}},
        }})),
        "/prova-g000001/_termvectors" => frequencies(&request.body),
        "/prova-g000001/_search" => ok(&search(&hits, &request.body, true)),
        "/prova-g000001/_msearch" => {
            let searches = request.body.lines().skip(1).step_by(2);
            let answers: Vec<Value> = searches.map(|body| search(&hits, body, false)).collect();
            ok(&json!({"took": 1, "responses": answers}))
        }
        _ => failed(404, "index_not_found_exception", "no such index"),
    })
}

/// Asks queries, a line each; what came of each.
fn batch(node: &Node, queries: &str) -> (Run, Vec<Value>) {
    let sealed = Sealed::new();
    let file = sealed.write("queries.txt", queries);
    let file = file.to_str().expect("a path");
    let run = ask(&node.address, &["batch", file, "--no-concepts"], &[]);
    let lines = run.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    (run, lines)
}

#[test]
fn searches_travel_together_and_each_has_its_own_error() {
    let refused = |status: u16, reason: &str| {
        let error = json!({"root_cause": [{"type": "t", "reason": reason}], "type": "t", "reason": reason});
        json!({"error": error, "status": status})
    };
    let node = searched(move |hits, search, is_alone| match search {
        wrong if wrong.contains("rotto") => refused(400, "così non va"),
        busy if busy.contains("occupato") && !is_alone => refused(429, "un momento"),
        _ => hits.clone(),
    });
    let (run, lines) = batch(&node, "pace\nrotto\noccupato\n");
    let found = |at: usize| lines[at]["hits"].as_array().map(Vec::len);
    assert_eq!((run.code, found(0), found(1), found(2)), (2, Some(1), None, Some(1)), "{run}");
    assert!(lines[1]["error"].as_str().is_some_and(|error| error.contains("così non va")), "{run}");

    // The count goes along with the best; these are weighed by the statistics of all shards.
    let together = |node: &Node| -> Vec<(Value, Value)> {
        let requests = node.requests().into_iter().filter(|request| request.path.ends_with("_msearch"));
        let lines: Vec<Value> = requests
            .flat_map(|request| request.body.lines().map(str::to_owned).collect::<Vec<_>>())
            .map(|line| serde_json::from_str(&line).expect("JSON"))
            .collect();
        lines.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
    };
    let searches = together(&node);
    assert_eq!(searches.len(), 6, "{searches:?}");
    for (head, search) in &searches {
        assert_eq!(head["allow_partial_search_results"], false);
        assert_eq!(head["preference"], searches[0].0["preference"]);
        let is_count = search["size"] == 0;
        assert_eq!(search["track_total_hits"], is_count);
        assert_eq!(head["search_type"] == "dfs_query_then_fetch", !is_count);
    }
    ask(&node.address, &["query", "pace", "--no-concepts", "--stats", "local"], &[]).code_is(0);
    let searches = together(&node).split_off(6);
    assert_eq!(searches.len(), 2);
    assert!(searches.iter().all(|(head, _)| head.get("search_type").is_none()), "{searches:?}");
}

#[test]
fn a_search_that_takes_too_long_takes_no_other_along() {
    let node = searched(|hits, search, _| {
        if search.contains("lento") {
            thread::sleep(Duration::from_secs(3600));
        }
        hits.clone()
    });
    let (run, lines) = batch(&node, &("pace\n".repeat(6) + "lento\n" + &"mare\n".repeat(6)));
    assert_eq!((run.code, lines.len()), (2, 13), "{run}");
    for (at, line) in lines.iter().enumerate() {
        let error = line["error"].as_str();
        assert_eq!(error.is_some_and(|error| error.contains("no answer in time")), at == 6, "{run}");
        assert_eq!(error.is_some(), at == 6, "{run}");
    }
}

/// A node with a generation that answers, and a higher one in two parts; what a rebuild of a part does there.
fn rebuild_of_part(part: &str, has_answered: bool) -> (Run, Vec<Request>) {
    let (answering, _) = made();
    let node = Node::start(move |request, _| {
        let generation = |number: u32, meta: &Value, aliases: &[&str]| {
            let aliases: serde_json::Map<String, Value> =
                aliases.iter().map(|alias| ((*alias).to_owned(), json!({}))).collect();
            let mut found = serde_json::Map::new();
            found.insert(
                format!("prova-g00000{number}"),
                json!({
                    "aliases": aliases,
                    "mappings": {"_meta": meta},
                    "settings": {"index": {"number_of_shards": "1"}},
                }),
            );
            ok(&Value::Object(found))
        };
        let mut in_parts = answering.clone();
        in_parts["gcm_search"]["info"] = Value::Null;
        in_parts["gcm_search"]["division"] = json!("2");
        match (request.method.as_str(), request.path.split('?').next().unwrap_or_default()) {
            ("GET", "/") => ok(&version()),
            ("GET", "/prova" | "/prova-g000001") => generation(1, &answering, &["prova", "prova-answered"]),
            ("GET", "/prova-g000002") if has_answered => generation(2, &in_parts, &["prova-answered"]),
            ("GET", "/prova-g000002") => generation(2, &in_parts, &[]),
            ("GET", "/prova-g000003") => generation(3, &in_parts, &[]),
            ("GET", "/_cat/indices/prova-g*") => {
                ok(&json!([{"index": "prova-g000001"}, {"index": "prova-g000002"}]))
            }
            ("GET", path) if path.contains("/_doc/lock") => (404, String::new(), "{}".to_owned()),
            ("PUT", path) if path.contains("/_create/lock") => {
                (201, String::new(), json!({"_seq_no": 0, "_primary_term": 1}).to_string())
            }
            ("POST", path) if path.ends_with("/_bulk") => ok(&json!({"errors": false, "items": []})),
            ("POST", path) if path.ends_with("/_search") => {
                ok(&json!({"hits": {"total": {"value": 0}, "hits": []}}))
            }
            ("POST", path) if path.ends_with("/_refresh") => {
                ok(&json!({"_shards": {"failed": 0, "successful": 1}}))
            }
            _ => ok(&json!({"acknowledged": true})),
        }
    });
    let sealed = Sealed::new();
    sealed
        .write("records.jsonl", records_in_italian(&[("a", "la pace"), ("b", "il mare"), ("c", "il sole")]));
    let engine = format!("{}/prova", node.address);
    let run = sealed.run(["--engine", &engine, "index", "--rebuild", "--part", part, "records.jsonl"]);
    (run, node.requests())
}

#[test]
fn a_generation_that_was_gone_back_from_is_not_joined() {
    let was_sent = |requests: &[Request], method: &str, path: &str| {
        requests.iter().any(|request| request.method == method && request.path.starts_with(path))
    };
    // The stand-in takes what it is sent and forgets it, so that the run ends when it counts.
    let (run, requests) = rebuild_of_part("1/2", false);
    run.code_is(2).says(&["holds 0 passages"]);
    assert!(
        !was_sent(&requests, "PUT", "/prova-g000003") && was_sent(&requests, "POST", "/prova-g000002/_bulk")
    );
    let (run, requests) = rebuild_of_part("1/2", true);
    run.code_is(2).says(&["holds 0 passages"]);
    assert!(
        was_sent(&requests, "PUT", "/prova-g000003") && was_sent(&requests, "POST", "/prova-g000003/_bulk")
    );
    assert!(!was_sent(&requests, "POST", "/prova-g000002/_bulk"));

    // Parts of another division keep away from one that is being made.
    let (run, requests) = rebuild_of_part("1/3", false);
    run.code_is(2).says(&["is being made in 2 parts", "nothing was changed", "-X DELETE", "/prova-g000002"]);
    let bulk = |request: &Request| request.path.ends_with("/_bulk");
    assert!(!requests.iter().any(bulk) && !was_sent(&requests, "PUT", "/prova-g"));
}
