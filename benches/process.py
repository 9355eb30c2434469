#!/usr/bin/env python3
"""Whole processes, from start to end, beside one that asks tantivy alone, in turns.

    cargo build --release --bin gcm-search --example bench_queries
    benches/process.py FOLDER QUERY [RUNS]

FOLDER is one of benches/corpus.sh, with both indexes in it: benches/engines.sh makes them, or bench_queries alone.
"""

import statistics
import subprocess
import sys
import time

PROGRAM = "target/release/gcm-search"
ALONE = "target/release/examples/bench_queries"


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__.strip())
    folder, query = sys.argv[1:3]
    runs = int(sys.argv[3]) if len(sys.argv) == 4 else 41
    commands = {
        "gcm-search query": [PROGRAM, "--index", f"{folder}/gcm-search", "query", query, "--limit", "10"],
        "gcm-search --version": [PROGRAM, "--version"],
        "tantivy alone": [ALONE, folder, "once", query],
        "true": ["true"],
    }
    times = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            begin = time.perf_counter()
            result = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
            times[name].append((time.perf_counter() - begin) * 1e3)
            if result.returncode:
                sys.exit(f"{name}: {result.stderr.decode()}")
    for name, values in times.items():
        print(f"{name:<22} {statistics.median(values):6.1f} ms (least {min(values):.1f})")


if __name__ == "__main__":
    main()
