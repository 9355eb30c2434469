// The nodes of the cluster tests: some OpenSearch nodes on loopback, all in this process, for as long as its input is open.
//
//     java -cp 'lib/*' TestCluster.java BASE HTTP,HTTP,... TRANSPORT,TRANSPORT,...
//
// BASE is a folder of its own, made here. The number of ports is the number of nodes. It prints "READY URL URL ...", then
// answers each line of its input with one line:
//
//     stop N      closes a node, counted from 1, as a machine that goes away      STOPPED N
//     start N     starts it again with the data that it had                       STARTED N
//     keep        leaves BASE, with the logs, where it is at the end              KEPT
//     quit        ends the process; so does the end of the input
//
// What goes wrong is answered with "ERROR ...". Everything else that the nodes print goes to the standard error. At the end
// BASE is removed.

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import org.codelibs.opensearch.runner.OpenSearchRunner;

public final class TestCluster {
    private static final String FIRST_NODE = "Node 1";
    private static volatile boolean keeps;

    public static void main(String[] arguments) throws Exception {
        PrintStream answers = System.out;
        System.setOut(System.err);
        String base = arguments[0];
        String[] http = arguments[1].split(",");
        String[] transport = arguments[2].split(",");

        OpenSearchRunner runner = new OpenSearchRunner();
        // Ports above 9299 are refused otherwise.
        runner.setMaxHttpPort(-1);
        List<String> seeds = new ArrayList<>();
        for (String port : transport) {
            seeds.add("127.0.0.1:" + port);
        }
        runner.onBuild((number, settings) -> {
            settings.put("http.port", http[number - 1]);
            settings.put("transport.port", transport[number - 1]);
            settings.put("network.host", "127.0.0.1");
            // A disk that is nearly full is no business of a test.
            settings.put("cluster.routing.allocation.disk.threshold_enabled", false);
            // A typing error in a name must not make an index.
            settings.put("action.auto_create_index", false);
            // What a node that went away held is made anew at once, and what it still holds is used when it is back.
            settings.put("cluster.routing.allocation.node_concurrent_recoveries", 8);
            if (http.length > 1) {
                settings.putList("discovery.seed_hosts", seeds);
                settings.putList("cluster.initial_cluster_manager_nodes", FIRST_NODE);
            } else {
                settings.put("discovery.type", "single-node");
            }
        });
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close(runner, Path.of(base))));
        runner.build(OpenSearchRunner.newConfigs()
                .clusterName("gcm-search-" + ProcessHandle.current().pid())
                .basePath(base)
                .baseHttpPort(Integer.parseInt(http[0]))
                .numOfNode(http.length));

        StringBuilder ready = new StringBuilder("READY");
        for (String port : http) {
            ready.append(" http://127.0.0.1:").append(port);
        }
        answers.println(ready);
        answers.flush();

        BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
        for (String line = input.readLine(); line != null && !line.equals("quit"); line = input.readLine()) {
            answers.println(obey(runner, line.trim().split(" ")));
            answers.flush();
        }
        // The hook closes the nodes.
        System.exit(0);
    }

    private static String obey(OpenSearchRunner runner, String[] words) {
        try {
            if (words[0].equals("keep")) {
                keeps = true;
                return "KEPT";
            }
            int node = Integer.parseInt(words[1]) - 1;
            switch (words[0]) {
                case "stop":
                    runner.getNode(node).close();
                    return runner.getNode(node).awaitClose(60, TimeUnit.SECONDS)
                            ? "STOPPED " + words[1]
                            : "ERROR node " + words[1] + " does not stop";
                case "start":
                    return runner.startNode(node)
                            ? "STARTED " + words[1]
                            : "ERROR node " + words[1] + " is running";
                default:
                    return "ERROR unknown command " + words[0];
            }
        } catch (Exception error) {
            error.printStackTrace();
            return "ERROR " + error;
        }
    }

    private static void close(OpenSearchRunner runner, Path base) {
        try {
            runner.close();
            if (!keeps) {
                remove(base);
            }
        } catch (IOException error) {
            error.printStackTrace();
        }
    }

    private static void remove(Path folder) throws IOException {
        try (Stream<Path> walk = Files.walk(folder)) {
            for (Path path : walk.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        }
    }
}
