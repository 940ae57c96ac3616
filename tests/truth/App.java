// App.java PORT UPSTREAM [virtual] - the steps of a request (tests/hosts/truth.h) for the JDK's
// HttpServer with a pool of threads, or with a virtual thread for each (Java 21 and newer).
//
// Room: tests.  SPDX-License-Identifier: MIT
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadLocalRandom;

public class App {
	static final byte[] ASK = "GET /slow HTTP/1.1\r\nHost: up\r\n\r\n".getBytes();
	static final LinkedBlockingQueue<Socket> upstreams = new LinkedBlockingQueue<>();
	static final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
	static volatile long sink;
	static final ExecutorService helpers = Executors.newFixedThreadPool(4);

	static void says(String id, String place) {
		Files.isReadable(Path.of("/gt/" + id + "/" + place));
	}

	static void burst(String id) {
		long until = System.nanoTime() + 160000;
		while (System.nanoTime() < until)
			;
		says(id, "burst");
	}

	/* ns of this thread's CPU. */
	static long burn() {
		long began = threads.getCurrentThreadCpuTime(), burnt;
		do
			for (int i = 0; i < 5000; i++)
				sink = sink * 6364136223846793005L + 1;
		while ((burnt = threads.getCurrentThreadCpuTime() - began) < 2000000);
		return burnt;
	}

	static void ask(String id) throws Exception {
		Socket peer = upstreams.take();
		says(id, "granted");
		peer.getOutputStream().write(ASK);
		if (peer.getInputStream().read(new byte[4096]) <= 0)
			throw new IOException("the upstream is gone");
		says(id, "upstream");
		upstreams.put(peer);
	}

	static long step(String id, char step) throws Exception {
		if (step == 't') {
			Thread.sleep(1 + ThreadLocalRandom.current().nextInt(3));
			says(id, "timer");
		} else if (step == 'u') {
			ask(id);
		} else if (step == 'p') {
			helpers.submit(() -> {
				says(id, "pool");
				burst(id);
			}).get();
			says(id, "pooled");
		} else if (step == 'w') {
			return burn();
		} else {
			burst(id);
		}
		return 0;
	}

	static void serve(HttpExchange exchange) throws IOException {
		String query = exchange.getRequestURI().getRawQuery();
		String id = query.replaceAll("^id=([^&]*).*", "$1");

		long burnt = 0;

		says(id, "start");
		try {
			for (char step : query.replaceAll(".*steps=([^&]*).*", "$1").toCharArray())
				burnt += step(id, step);
		} catch (Exception why) {
			throw new IOException(why);
		}
		says(id, "end");
		String answer = burnt > 0 ? id + " " + burnt : id;
		exchange.sendResponseHeaders(200, answer.length());
		exchange.getResponseBody().write(answer.getBytes());
		exchange.close();
	}

	static void background() {
		try {
			for (;;) {
				Thread.sleep(1);
				says("0", "background");
			}
		} catch (InterruptedException over) {
			return;
		}
	}

	/* By its name: this is compiled by older ones, too. */
	static ExecutorService workers(boolean virtual) throws Exception {
		if (!virtual)
			return Executors.newFixedThreadPool(8);
		return (ExecutorService)Executors.class.getMethod("newVirtualThreadPerTaskExecutor")
			.invoke(null);
	}

	public static void main(String[] args) throws Exception {
		for (int i = 0; i < 4; i++)
			upstreams.put(new Socket("127.0.0.1", Integer.parseInt(args[1])));
		Thread thread = new Thread(App::background);
		thread.setDaemon(true);
		thread.start();
		HttpServer server = HttpServer.create(
			new InetSocketAddress("127.0.0.1", Integer.parseInt(args[0])), 128);
		server.createContext("/", App::serve);
		server.setExecutor(workers(args.length > 2));
		server.start();
	}
}
