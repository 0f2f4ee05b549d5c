import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Supplier;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.client5.http.impl.DefaultHttpRequestRetryStrategy;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.io.entity.EntityUtils;
import org.apache.hc.core5.http.io.entity.StringEntity;
import org.apache.hc.core5.util.TimeValue;

/** Sends a GET and then a POST to each failing address with one HTTP client; prints what the caller sees. */
public final class Retries {
  private static final String BODY = "{\"amount\":\"100.50\"}";

  private interface Client {
    /** Gives the status; a POST if there is a key. */
    int call(String url, String key) throws Exception;
  }

  private static final Map<String, Supplier<Client>> CLIENTS =
      Map.of(
          "java-net-http", Retries::useJava,
          "apache", () -> useApache(HttpClients.createDefault()),
          "apache-strategy",
              () -> useApache(HttpClients.custom().setRetryStrategy(new Strategy()).build()),
          "okhttp", Retries::useOkHttp);

  /** As in docs/clients.md. */
  private static class Strategy extends DefaultHttpRequestRetryStrategy {
    private Strategy() {
      super(5, TimeValue.ofSeconds(1));
    }

    @Override
    protected boolean handleAsIdempotent(org.apache.hc.core5.http.HttpRequest request) {
      return super.handleAsIdempotent(request) || request.containsHeader("Idempotency-Key");
    }
  }

  private static Client useJava() {
    var http = HttpClient.newHttpClient();
    return (url, key) -> {
      var request = HttpRequest.newBuilder(URI.create(url));
      if (key != null) {
        request.header("Idempotency-Key", key).header("Content-Type", "application/json");
        request.POST(HttpRequest.BodyPublishers.ofString(BODY));
      }
      return http.send(request.build(), HttpResponse.BodyHandlers.ofString()).statusCode();
    };
  }

  private static Client useApache(CloseableHttpClient http) {
    return (url, key) -> {
      var request = new HttpUriRequestBase(key == null ? "GET" : "POST", URI.create(url));
      if (key != null) {
        request.setHeader("Idempotency-Key", key);
        request.setEntity(new StringEntity(BODY, ContentType.APPLICATION_JSON));
      }
      return http.execute(
          request,
          response -> {
            EntityUtils.consume(response.getEntity());
            return response.getCode();
          });
    };
  }

  private static Client useOkHttp() {
    var http = new OkHttpClient();
    return (url, key) -> {
      var request = new Request.Builder().url(url);
      if (key != null) {
        request.header("Idempotency-Key", key);
        request.post(RequestBody.create(BODY, MediaType.get("application/json")));
      }
      try (var response = http.newCall(request.build()).execute()) {
        response.body().string();
        return response.code();
      }
    };
  }

  public static void main(String[] args) throws Exception {
    var client = CLIENTS.get(args[0]).get();
    for (var failure : Arrays.asList(args).subList(2, args.length)) {
      var url = args[1] + "/" + args[0] + "/" + failure;
      client.call(url, null);
      String seen;
      try {
        seen = String.valueOf(client.call(url, "key-" + failure));
      } catch (Exception error) {
        seen = error.getClass().getSimpleName();
      }
      System.out.println(failure + " " + seen);
    }
    // A client's threads may live on.
    System.exit(0);
  }
}
