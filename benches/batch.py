#!/usr/bin/env python3
"""Measures `batch` as a whole program: 10,000 queries with one job and with two, in turns.

    cargo build --release
    benches/batch.py target/release/gcm-search [ROUNDS] [QUERIES-FILE]

The queries are made of the passages that `export` prints, the same on every run: runs of one to six words, every tenth a
phrase, every tenth with a letter changed. They are written to QUERIES-FILE if one is named. The index is built in a
temporary folder. Printed are the quietest of the rounds, their ratio, the peak memory, and whether the bytes are the same.
"""

import filecmp
import json
import os
import re
import subprocess
import sys
import tempfile
import time

QUERIES = 10_000


def queries(passages):
    """Runs of words of the passages, a passage after the other and then again from elsewhere in each."""
    found, turn = [], 0
    while len(found) < QUERIES:
        for at, passage in enumerate(passages):
            words = re.findall(r"[^\W\d_]+", passage["text"])
            length = 1 + (at + turn) % 6
            start = (at * 7 + turn * 11) % max(len(words), 1)
            run = words[start : start + length]
            if len(run) < length:
                continue
            query = " ".join(run)
            if len(found) % 10 == 3:
                query = f'"{query}"'
            elif len(found) % 10 == 7 and len(query) > 4:
                middle = len(query) // 2
                query = query[:middle] + "x" + query[middle + 1 :]
            found.append(query)
        turn += 1
    return found[:QUERIES]


def run(command, out):
    """Runs a command; returns the seconds that it took, those of processor time, and its peak memory in MB."""
    begin = time.monotonic()
    process = subprocess.Popen(command, stdout=out)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - begin
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    program = os.path.abspath(sys.argv[1])
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with tempfile.TemporaryDirectory() as folder:
        index = os.path.join(folder, "index")
        base = [program, "--index", index, "--quiet"]
        subprocess.run([*base, "index"], check=True, stdout=subprocess.DEVNULL)
        lines = subprocess.run([*base, "export"], check=True, capture_output=True, text=True).stdout
        path = sys.argv[3] if len(sys.argv) > 3 else os.path.join(folder, "queries.txt")
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(queries([json.loads(line) for line in lines.splitlines()])) + "\n")

        # A new process counts the memory of the one that starts it, so nothing large is kept here.
        del lines
        jobs = (1, 2)
        runs = {count: [] for count in jobs}
        outputs = {count: os.path.join(folder, f"{count}.jsonl") for count in jobs}
        for _ in range(rounds):
            for count in jobs:
                with open(outputs[count], "wb") as out:
                    runs[count].append(run([*base, "batch", path, "--jobs", str(count)], out))
        for count in jobs:
            best, processor, _ = min(runs[count])
            peak = max(peak for _, _, peak in runs[count])
            print(f"--jobs {count}  {best:6.2f} s  {QUERIES / best:5.0f}/s  ", end="")
            print(f"processor {processor:6.2f} s  peak {peak:4.0f} MB")
        ratio = min(runs[1])[0] / min(runs[2])[0]
        same = filecmp.cmp(outputs[1], outputs[2], shallow=False)
        print(f"ratio {ratio:.2f}, {os.path.getsize(outputs[1])} bytes,", "the same" if same else "NOT the same")


main()
