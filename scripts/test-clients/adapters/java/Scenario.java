import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** What every Java client has to be able to do; each adapter says how its generated code does it. */
abstract class Scenario {
  protected static final String BASE = System.getenv("BASE");
  protected static final String KEY = System.getenv("KEY");
  private static final String PREFIX = System.getenv("PREFIX");

  /** What a call came to: a transaction, a refund, or a problem's code and the fields that it names. */
  protected record Answer(
      int status, String code, String pointers, String id, Long minor, String state, boolean isReplayed) {
    private Answer replayed() {
      return new Answer(status, code, pointers, id, minor, state, true);
    }
  }

  protected record Page(List<String> ids, String next) {}

  protected abstract Answer create(String key, Object amount) throws Exception;

  protected abstract Answer process(String id) throws Exception;

  protected abstract Answer get(String id) throws Exception;

  protected abstract Answer refund(String id, String key, String amount) throws Exception;

  /** A page of two. */
  protected abstract Page list(String cursor) throws Exception;

  /** The secret of the endpoint that was made, which is shown once. */
  protected abstract String createEndpoint(String url) throws Exception;

  /** Sends the rules back as they were read, with one more; gives what the API returns for that one. */
  protected abstract Object addRule(String id, Map<String, String> above) throws Exception;

  private static Answer made(int status, Answer seen, long minor, String state) {
    return new Answer(status, null, null, seen.id(), minor, state, false);
  }

  private static Answer problem(int status, String code, String pointers) {
    return new Answer(status, code, pointers, null, null, null, false);
  }

  private static void expect(String what, Object seen, Object wanted) {
    if (!Objects.equals(seen, wanted)) {
      throw new AssertionError(what + ": " + seen + " instead of " + wanted);
    }
  }

  private List<String> checkPayments() throws Exception {
    var text = create(PREFIX + "-1", "100.50");
    expect("create with a string", text, made(201, text, 10_050, "pending"));
    var number = create(PREFIX + "-2", 12.5);
    expect("create with a number", number, made(201, number, 1_250, "pending"));
    var large = create(PREFIX + "-3", "90000000.07");
    expect("create a large one", large, made(201, large, 9_000_000_007L, "failed"));

    expect("replay", create(PREFIX + "-1", "100.50"), text.replayed());
    var reused = problem(422, "idempotency_key_reused", "#/amount");
    expect("reuse the key", create(PREFIX + "-1", "999"), reused);

    var completed = made(200, text, 10_050, "completed");
    expect("process", process(text.id()), completed);
    expect("get", get(text.id()), completed);
    expect("get what is not there", get("nothing"), problem(404, "transaction_not_found", ""));
    var slow = create(PREFIX + "-4", "90.12");
    var waiting = made(202, slow, 9_012, "processing");
    expect("process without an outcome", process(slow.id()), waiting);
    return List.of(text.id(), number.id(), large.id(), slow.id());
  }

  private void checkRefunds(String id) throws Exception {
    var part = refund(id, PREFIX + "-r1", "20.50");
    expect("refund a part", part, made(201, part, 2_050, "succeeded"));
    expect("replay of the refund", refund(id, PREFIX + "-r1", "20.50"), part.replayed());
    var exceeded = problem(409, "refund_exceeds_remaining", "");
    expect("refund too much", refund(id, PREFIX + "-r2", "80.01"), exceeded);
  }

  protected void check() throws Exception {
    var ids = checkPayments();
    checkRefunds(ids.get(0));

    var seen = new ArrayList<String>();
    String cursor = null;
    do {
      var page = list(cursor);
      seen.addAll(page.ids());
      cursor = page.next();
    } while (cursor != null);
    expect("list", seen.containsAll(ids), true);

    var secret = createEndpoint("http://127.0.0.1:9/webhooks");
    expect("the endpoint's secret", secret.startsWith("whsec_"), true);
    var above = Map.of("EUR", "4000", "USD", "5000");
    expect("a rule by currency", addRule(PREFIX + "-large", above), above);
  }
}
