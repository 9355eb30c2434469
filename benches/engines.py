"""Indexing and query latency of SQLite FTS5 or Xapian on the passages of benches/corpus.sh.

    python3 engines.py sqlite|xapian FOLDER

FOLDER holds `corpus.jsonl`, `queries-2.txt` and `queries-10.txt`. An index that is there already is not built again.
Queries are an OR of their words, the ten best by BM25, no count: see benches/engines.sh, which starts this.
"""

import json
import os
import re
import statistics
import sys
import time

HITS = 10
ROUNDS = 5
# Seconds after which no more queries of a file are asked: the median is then that of the queries asked by then.
PATIENCE = 90
WORD = re.compile(r"\w+")


class Sqlite:
    """One table of FTS5. It has no stemmer for Italian: words are folded only."""

    name = "SQLite FTS5"

    def __init__(self, folder):
        import sqlite3

        self.path = os.path.join(folder, "sqlite.db")
        self.database = None
        self.connect = lambda: sqlite3.connect(self.path, isolation_level=None)

    def build(self, texts):
        database = self.connect()
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        database.execute("BEGIN")
        database.execute(
            "CREATE VIRTUAL TABLE passages USING fts5(text, tokenize = 'unicode61 remove_diacritics 2')"
        )
        database.executemany("INSERT INTO passages(text) VALUES (?)", ((text,) for text in texts))
        database.execute("COMMIT")
        database.close()

    def top(self, query):
        self.database = self.database or self.connect()
        words = " OR ".join(f'"{word}"' for word in WORD.findall(query))
        statement = f"SELECT rowid FROM passages WHERE passages MATCH ? ORDER BY rank LIMIT {HITS}"
        return self.database.execute(statement, (words,)).fetchall()


class Xapian:
    """Stems by Snowball, as tantivy alone."""

    name = "Xapian"

    def __init__(self, folder):
        import xapian

        self.xapian = xapian
        self.path = os.path.join(folder, "xapian")
        self.enquire = None
        self.parser = None

    def build(self, texts):
        xapian = self.xapian
        database = xapian.WritableDatabase(self.path, xapian.DB_CREATE_OR_OPEN)
        generator = xapian.TermGenerator()
        generator.set_stemmer(xapian.Stem("italian"))
        generator.set_stemming_strategy(xapian.TermGenerator.STEM_ALL)
        for text in texts:
            document = xapian.Document()
            document.set_data(text)
            generator.set_document(document)
            generator.index_text(text)
            database.add_document(document)
        database.commit()
        database.close()

    def top(self, query):
        xapian = self.xapian
        if self.enquire is None:
            database = xapian.Database(self.path)
            self.parser = xapian.QueryParser()
            self.parser.set_stemmer(xapian.Stem("italian"))
            self.parser.set_stemming_strategy(xapian.QueryParser.STEM_ALL)
            self.parser.set_default_op(xapian.Query.OP_OR)
            self.enquire = xapian.Enquire(database)
        words = " ".join(WORD.findall(query))
        self.enquire.set_query(self.parser.parse_query(words, 0))
        return [match.docid for match in self.enquire.get_mset(0, HITS)]


def size(path):
    if os.path.isfile(path):
        return os.path.getsize(path)
    return sum(size(os.path.join(path, name)) for name in os.listdir(path))


def texts(corpus):
    with open(corpus, encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)["text"]


def main():
    engines = {"sqlite": Sqlite, "xapian": Xapian}
    if len(sys.argv) != 3 or sys.argv[1] not in engines:
        sys.exit(__doc__)
    folder = sys.argv[2]
    engine = engines[sys.argv[1]](folder)
    corpus = os.path.join(folder, "corpus.jsonl")
    if not os.path.exists(engine.path):
        begin = time.perf_counter()
        engine.build(texts(corpus))
        seconds = time.perf_counter() - begin
        with open(corpus, "rb") as lines:
            passages = sum(1 for _ in lines)
        print(f"{engine.name:<28} indexed in {seconds:.1f} s: {passages / seconds:.0f} passages/s")
    print(f"{engine.name:<28} {size(engine.path) / 1e6:.1f} MB")
    for name in ["queries-2.txt", "queries-10.txt"]:
        with open(os.path.join(folder, name), encoding="utf-8") as lines:
            queries = lines.read().splitlines()
        times = [[] for _ in queries]
        deadline = time.perf_counter() + PATIENCE
        for _ in range(ROUNDS):
            for query, of_query in zip(queries, times):
                begin = time.perf_counter()
                if begin > deadline:
                    break
                hits = engine.top(query)
                of_query.append(time.perf_counter() - begin)
                assert hits, f"{query} finds nothing"
        medians = [statistics.median(of_query) for of_query in times if of_query]
        asked = "" if len(medians) == len(queries) else f" ({len(medians)} of {len(queries)} queries)"
        print(f"{engine.name:<28} {statistics.median(medians) * 1e3:8.3f} ms  {name}{asked}")


main()
