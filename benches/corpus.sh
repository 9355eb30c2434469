#!/bin/sh
# Makes the corpus of the query benchmark out of documentation that Debian ships in Italian, then measures.
#
#   benches/corpus.sh [FOLDER [PASSAGES]]
#
# FOLDER (target/bench-corpus) takes about 7 GB for the 1,000,000 passages that are made unless you say otherwise. What
# is there already is not made again: remove FOLDER to begin anew. Needs apt-get and dpkg-deb; no rights of root.
set -eu
cd "$(dirname "$0")/.."
folder=${1:-target/bench-corpus}
passages=${2:-1000000}
packages='libreoffice-help-it debian-reference-it debian-faq-it developers-reference-it maint-guide-it aptitude-doc-it'

mkdir -p "$folder/packages" "$folder/documents"
folder=$(cd "$folder" && pwd)
for package in $packages; do
    set -- "$folder/packages/$package"_*.deb
    [ -e "$1" ] || (cd "$folder/packages" && apt-get download "$package")
    set -- "$folder/packages/$package"_*.deb
    dpkg-deb --extract "$1" "$folder/documents"
done
cargo build --release --example bench_corpus --example bench_queries
[ -e "$folder/corpus.jsonl" ] ||
    target/release/examples/bench_corpus "$folder" "$passages" "$folder/documents/usr/share"
target/release/examples/bench_queries "$folder"
