// Answers.java PORT - com.sun's HttpServer: an answer with its length, one in chunks.
//
// Room: tests.  SPDX-License-Identifier: MIT
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.util.concurrent.Executors;

public class Answers {
	static void serve(HttpExchange exchange) throws IOException {
		String path = exchange.getRequestURI().getPath();
		byte[] body = (path.equals("/hello") ? "hello\n" : "0123456789abcdef".repeat(20000)).getBytes();
		boolean head = exchange.getRequestMethod().equals("HEAD");
		exchange.getRequestBody().readAllBytes();
		exchange.sendResponseHeaders(200, head ? -1 : path.equals("/chunked") ? 0 : body.length);
		try (OutputStream out = exchange.getResponseBody()) {
			if (!head)
				out.write(body);
		}
	}

	public static void main(String[] args) throws IOException {
		HttpServer server = HttpServer.create(
				new InetSocketAddress("127.0.0.1", Integer.parseInt(args[0])), 0);
		server.createContext("/", Answers::serve);
		server.setExecutor(Executors.newFixedThreadPool(4));
		server.start();
	}
}
