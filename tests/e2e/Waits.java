// Waits.java PORT UPSTREAM - com.sun's HttpServer, whose handler asks another server.
//
// Room: tests.  SPDX-License-Identifier: MIT
import com.sun.net.httpserver.HttpServer;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.concurrent.Executors;

class Waits {
	public static void main(String[] args) throws Exception {
		int upstream = Integer.parseInt(args[1]);
		HttpServer server = HttpServer.create(
				new InetSocketAddress("127.0.0.1", Integer.parseInt(args[0])), 0);
		server.createContext("/", exchange -> {
			try (Socket socket = new Socket("127.0.0.1", upstream)) {
				socket.getOutputStream().write("GET /stock HTTP/1.1\r\nHost: x\r\n\r\n".getBytes());
				InputStream in = socket.getInputStream();
				in.read(new byte[4096]);
			}
			exchange.sendResponseHeaders(200, 5);
			exchange.getResponseBody().write("slow\n".getBytes());
			exchange.close();
		});
		server.setExecutor(Executors.newFixedThreadPool(4));
		server.start();
	}
}
