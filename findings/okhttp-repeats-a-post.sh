#!/usr/bin/env bash
# OkHttp with its default settings, a POST on a connection that it used before: the server reads the whole request and
# closes the connection without a response.
# Expected: an IOException, as with Java's own client, since the server may have done what was asked and a POST is not
# idempotent. Seen with OkHttp 5.5.1: it sends the POST again at once, and the caller gets the second response and no sign
# of the first attempt. `retryOnConnectionFailure(false)` gives the exception. Needs a JDK of 17 or newer and Maven.
set -euo pipefail
VERSION=5.5.1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat > pom.xml <<XML
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>t</groupId><artifactId>t</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>com.squareup.okhttp3</groupId><artifactId>okhttp-jvm</artifactId><version>$VERSION</version>
  </dependency></dependencies>
</project>
XML
cat > Run.java <<'JAVA'
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.concurrent.atomic.AtomicInteger;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;

public class Run {
  static final AtomicInteger posts = new AtomicInteger();

  /** Responds 200 to everything but the first POST, of which it reads everything and closes the connection. */
  static void serve(Socket socket) {
    try (socket) {
      var in = new BufferedReader(new InputStreamReader(socket.getInputStream()));
      for (String first = in.readLine(); first != null; first = in.readLine()) {
        int length = 0;
        for (String line = in.readLine(); !line.isEmpty(); line = in.readLine())
          if (line.toLowerCase().startsWith("content-length:")) length = Integer.parseInt(line.substring(15).trim());
        for (int read = 0; read < length; read++) in.read();
        if (first.startsWith("POST") && posts.incrementAndGet() == 1) return;
        socket.getOutputStream().write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".getBytes());
      }
    } catch (IOException closed) {
      // The client has ended.
    }
  }

  interface Call { int send(boolean post) throws Exception; }

  static String describe(Call call) throws Exception {
    posts.set(0);
    call.send(false);
    String seen;
    try { seen = String.valueOf(call.send(true)); } catch (IOException error) { seen = "an IOException"; }
    return seen + " after " + posts + " POST";
  }

  static Call okhttp(OkHttpClient client, String url) {
    return post -> {
      var request = new Request.Builder().url(url);
      if (post) request.post(RequestBody.create("{}".getBytes()));
      try (var response = client.newCall(request.build()).execute()) { response.body().string(); return response.code(); }
    };
  }

  public static void main(String[] args) throws Exception {
    var server = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
    var accept = new Thread(() -> {
      while (true) try { var socket = server.accept(); new Thread(() -> serve(socket)).start(); } catch (IOException e) { return; }
    });
    accept.setDaemon(true);
    accept.start();
    var url = "http://127.0.0.1:" + server.getLocalPort() + "/";
    var java = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    var own = describe(post -> {
      var request = HttpRequest.newBuilder(URI.create(url));
      if (post) request.POST(HttpRequest.BodyPublishers.ofString("{}"));
      return java.send(request.build(), HttpResponse.BodyHandlers.ofString()).statusCode();
    });
    var seen = describe(okhttp(new OkHttpClient(), url));
    var off = describe(okhttp(new OkHttpClient.Builder().retryOnConnectionFailure(false).build(), url));
    System.out.println("Java's own client:               " + own);
    System.out.println("expected of OkHttp by default:   an IOException after 1 POST");
    System.out.println("seen:                            " + seen);
    System.out.println("retryOnConnectionFailure(false): " + off);
    boolean isThere = own.equals("an IOException after 1 POST") && seen.equals("200 after 2 POST") && off.equals(own);
    System.exit(isThere ? 0 : 1);
  }
}
JAVA
mvn -q org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies
echo "OkHttp $VERSION, $(java -version 2>&1 | head -n 1)"
java -cp 'target/dependency/*' Run.java
