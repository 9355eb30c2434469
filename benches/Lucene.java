// Indexing and query latency of Lucene on the passages of benches/corpus.sh, by its own chain for Italian without stop
// words: an OR of the words, the ten best by BM25, no count. benches/engines.sh starts it: Lucene FOLDER
import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.CharArraySet;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.it.ItalianAnalyzer;
import org.apache.lucene.analysis.tokenattributes.CharTermAttribute;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.TextField;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.BooleanClause;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.store.MMapDirectory;

public class Lucene {
    static final int HITS = 10, ROUNDS = 5, THREADS = 2;
    static final String END = "";

    /** The text of a record: the last string of its line, as benches/corpus.sh writes it. */
    static String text(String line) {
        String start = "\"text\":\"";
        int at = line.indexOf(start) + start.length();
        StringBuilder out = new StringBuilder(line.length());
        for (; line.charAt(at) != '"'; at++) {
            char c = line.charAt(at);
            if (c == '\\') {
                c = line.charAt(++at);
                if (c == 'u') {
                    c = (char) Integer.parseInt(line.substring(at + 1, at + 5), 16);
                    at += 4;
                } else if (c == 'n' || c == 't' || c == 'r') {
                    c = ' ';
                }
            }
            out.append(c);
        }
        return out.toString();
    }

    static long build(Path folder, Path corpus, Analyzer analyzer) throws Exception {
        ArrayBlockingQueue<String> lines = new ArrayBlockingQueue<>(10_000);
        long passages = 0;
        IndexWriterConfig config = new IndexWriterConfig(analyzer).setRAMBufferSizeMB(200);
        try (IndexWriter writer = new IndexWriter(FSDirectory.open(folder), config)) {
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                Thread thread = new Thread(() -> {
                    try {
                        for (String line = lines.take(); line != END; line = lines.take()) {
                            Document document = new Document();
                            document.add(new TextField("text", text(line), Field.Store.YES));
                            writer.addDocument(document);
                        }
                    } catch (Exception error) {
                        throw new RuntimeException(error);
                    }
                });
                thread.start();
                threads.add(thread);
            }
            try (BufferedReader reader = Files.newBufferedReader(corpus)) {
                for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                    lines.put(line);
                    passages++;
                }
            }
            for (int i = 0; i < THREADS; i++) lines.put(END);
            for (Thread thread : threads) thread.join();
        }
        return passages;
    }

    static double median(double[] values) {
        Arrays.sort(values);
        return values[values.length / 2];
    }

    public static void main(String[] args) throws Exception {
        Path base = Paths.get(args[0]), folder = base.resolve("lucene");
        Analyzer analyzer = new ItalianAnalyzer(CharArraySet.EMPTY_SET);
        if (!Files.exists(folder)) {
            long begin = System.nanoTime();
            long passages = build(folder, base.resolve("corpus.jsonl"), analyzer);
            double seconds = (System.nanoTime() - begin) / 1e9;
            System.out.printf("%-28s indexed in %.1f s: %.0f passages/s%n", "Lucene", seconds, passages / seconds);
        }
        long bytes = 0;
        for (Path file : Files.newDirectoryStream(folder)) bytes += Files.size(file);
        System.out.printf("%-28s %.1f MB%n", "Lucene", bytes / 1e6);
        IndexSearcher searcher = new IndexSearcher(DirectoryReader.open(new MMapDirectory(folder)));
        for (String name : new String[] {"queries-2.txt", "queries-10.txt"}) {
            List<String> queries = Files.readAllLines(base.resolve(name));
            double[][] times = new double[queries.size()][ROUNDS];
            // The first rounds are for the compiler.
            for (int round = -3; round < ROUNDS; round++) {
                for (int at = 0; at < queries.size(); at++) {
                    long begin = System.nanoTime();
                    BooleanQuery.Builder query = new BooleanQuery.Builder();
                    try (TokenStream tokens = analyzer.tokenStream("text", queries.get(at))) {
                        CharTermAttribute term = tokens.addAttribute(CharTermAttribute.class);
                        tokens.reset();
                        while (tokens.incrementToken()) {
                            Term asked = new Term("text", term.toString());
                            query.add(new TermQuery(asked), BooleanClause.Occur.SHOULD);
                        }
                        tokens.end();
                    }
                    int hits = searcher.search(query.build(), HITS).scoreDocs.length;
                    if (hits == 0) throw new IllegalStateException(queries.get(at) + " finds nothing");
                    if (round >= 0) times[at][round] = (System.nanoTime() - begin) / 1e6;
                }
            }
            double[] medians = new double[queries.size()];
            for (int at = 0; at < medians.length; at++) medians[at] = median(times[at]);
            System.out.printf("%-28s %8.3f ms  %s%n", "Lucene", median(medians), name);
        }
    }
}
