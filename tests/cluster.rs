//! Against real OpenSearch nodes on this machine (`tests/cluster`). Proves of the nodes themselves: three of them are one
//! cluster; what is written through one is read through another; when one goes away nothing is lost, and it takes part again
//! when it is back.
//!
//! Proves of an index on them (`tests/cluster/engine.rs`): with one shard and with three, queries of every kind under every
//! filter are answered as the local index answers them, to the byte; updates change what changed, from whatever machine; parts
//! are written side by side; a node that goes away while passages are sent or queries asked takes nothing along and fails no
//! query; a rebuild shows at once and whole.
//!
//! `cluster/parts.rs` proves that processes which know nothing of each other make one index of their parts, and that what is
//! exported for `_bulk` is what gcm-search itself sends.
#![cfg(all(feature = "fetch", feature = "opensearch"))]

mod common;
#[path = "cluster/engine.rs"]
mod engine;
#[path = "cluster/nodes.rs"]
mod nodes;
#[path = "cluster/parts.rs"]
mod parts;

use serde_json::json;

#[test]
fn three_nodes_are_one_cluster_that_survives_one_of_them() {
    let Some(nodes) = nodes::alone() else { return };
    nodes.wait_for(0, nodes::NODES, "green");
    let index = json!({"settings": {"number_of_shards": 3, "number_of_replicas": 1}});
    let (code, made) = nodes.ask(0, "PUT", "/helper", &index.to_string());
    assert_eq!(code, 200, "{made}");
    nodes.wait_for(0, nodes::NODES, "green");

    let passages: String = (0..300)
        .map(|number| format!("{{\"index\":{{\"_id\":\"d#{number}\"}}}}\n{{\"text\":\"brano {number}\"}}\n"))
        .collect();
    let (code, written) = nodes.ask(1, "POST", "/helper/_bulk?refresh=true", &passages);
    assert!(code == 200 && written["errors"] == false, "{written}");
    let total = |node: usize| nodes.ask(node, "GET", "/helper/_count", "").1["count"].clone();
    assert_eq!(total(2), 300);
    let (_, shards) = nodes.ask(0, "GET", "/_cat/shards/helper?format=json", "");
    let shards = shards.as_array().expect("shards");
    let mut holders: Vec<&str> = shards.iter().filter_map(|shard| shard["node"].as_str()).collect();
    holders.sort_unstable();
    holders.dedup();
    assert_eq!((shards.len(), holders.len()), (6, 3), "three shards and their replicas lie on three nodes");

    // The first node is the one that founded the cluster.
    for stopped in [1, 0] {
        let other = (stopped + 1) % nodes::NODES;
        nodes.stop(stopped);
        assert!(!nodes.answers(stopped));
        nodes.wait_for(other, nodes::NODES - 1, "yellow");
        assert_eq!(total(other), 300);
        nodes.start(stopped);
        nodes.wait_for(stopped, nodes::NODES, "green");
        assert_eq!(total(stopped), 300);
    }
    assert_eq!(nodes.ask(0, "DELETE", "/helper", "").0, 200);
}

#[test]
fn a_test_that_leaves_the_nodes_alone_shares_them() {
    let Some(nodes) = nodes::shared() else { return };
    assert_eq!(nodes.urls().len(), nodes::NODES);
    let (code, about) = nodes.ask(2, "GET", "/", "");
    assert_eq!((code, about["version"]["distribution"].as_str()), (200, Some("opensearch")));
}
