#!/bin/sh
# Indexing and queries beside tantivy alone, Lucene, Xapian and SQLite FTS5, on the same passages, in one run.
#
#   benches/engines.sh [FOLDER [PASSAGES]]
#
# FOLDER (target/bench-corpus) is the one of benches/corpus.sh, which is run first; 1,000,000 passages unless you say
# otherwise. The other engines are Debian's packages, unpacked into FOLDER. Needs apt-get, dpkg-deb, Debian's python3
# and, for Lucene, a JDK (11 or newer): without one it is left out, and said so. No rights of root.
set -eu
cd "$(dirname "$0")/.."
folder=${1:-target/bench-corpus}
benches/corpus.sh "$folder" ${2:+"$2"}
folder=$(cd "$folder" && pwd)

unpack() {
    for package in "$@"; do
        set -- "$folder/packages/$package"_*.deb
        [ -e "$1" ] || (cd "$folder/packages" && apt-get download "$package")
        set -- "$folder/packages/$package"_*.deb
        dpkg-deb --extract "$1" "$folder/engines"
    done
}

printf '\nother engines: the median of the queries, each the median of 5 rounds\n'
/usr/bin/python3 benches/engines.py sqlite "$folder"
unpack libxapian30 python3-xapian
libraries=$(dirname "$(find "$folder/engines/usr/lib" -name 'libxapian.so.30')")
LD_LIBRARY_PATH="$libraries" PYTHONPATH="$folder/engines/usr/lib/python3/dist-packages" \
    /usr/bin/python3 benches/engines.py xapian "$folder"
if command -v java >/dev/null && command -v javac >/dev/null; then
    unpack liblucene8-java
    jars=$(find "$folder/engines/usr/share/java" -name 'lucene-core-*.jar' -o -name 'lucene-analyzers-common-*.jar' |
        tr '\n' ':')
    java -Xmx1g -cp "$jars" benches/Lucene.java "$folder"
else
    echo "Lucene is left out: there is no JDK (java and javac)"
fi
