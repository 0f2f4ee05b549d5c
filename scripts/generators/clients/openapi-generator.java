import com.example.payments.ApiClient;
import com.example.payments.ApiException;
import com.example.payments.ApiResponse;
import com.example.payments.api.RiskApi;
import com.example.payments.api.TransactionsApi;
import com.example.payments.api.WebhooksApi;
import com.example.payments.model.CreateTransaction;
import com.example.payments.model.CreateTransactionAmount;
import com.example.payments.model.CreateWebhookEndpoint;
import com.example.payments.model.Problem;
import com.example.payments.model.ReplaceRiskRules;
import com.example.payments.model.RiskCondition;
import com.example.payments.model.RiskConditionAmount;
import com.example.payments.model.RiskRule;
import com.example.payments.model.Transaction;
import com.example.payments.model.TransactionList;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** The scenario of scenario.ts. */
public final class Check {
  private static final String PREFIX = System.getenv("PREFIX");
  private static final ApiClient API = connect();
  private static final TransactionsApi TRANSACTIONS = new TransactionsApi(API);

  private record Answer(int status, String code, String id, Long minor, String state) {}

  /** An API object copies these settings when it is constructed. */
  private static ApiClient connect() {
    var api = new ApiClient();
    api.updateBaseUri(System.getenv("BASE"));
    var authorization = "Bearer " + System.getenv("KEY");
    api.setRequestInterceptor(request -> request.header("Authorization", authorization));
    return api;
  }

  private interface Call {
    ApiResponse<Transaction> send() throws ApiException;
  }

  private static Answer payment(Call call) throws Exception {
    try {
      var answer = call.send();
      var data = answer.getData();
      var state = data.getStatus().getValue();
      return new Answer(answer.getStatusCode(), null, data.getId(), data.getAmountMinor(), state);
    } catch (ApiException error) {
      if (error.getResponseBody() == null) throw error;
      var code = API.getObjectMapper().readValue(error.getResponseBody(), Problem.class).getCode();
      return new Answer(error.getCode(), code.getValue(), null, null, null);
    }
  }

  private static Answer create(int number, CreateTransactionAmount amount) throws Exception {
    var body = new CreateTransaction().userId("user_1").amount(amount);
    return payment(() -> TRANSACTIONS.createTransactionWithHttpInfo(PREFIX + "-" + number, body));
  }

  private static Answer create(int number, String amount) throws Exception {
    return create(number, new CreateTransactionAmount(amount));
  }

  private static Answer get(String id) throws Exception {
    return payment(() -> TRANSACTIONS.getTransactionWithHttpInfo(id));
  }

  private static List<String> list() throws ApiException {
    List<String> ids = new ArrayList<>();
    String cursor = null;
    do {
      TransactionList page =
          TRANSACTIONS.listTransactions(
              null, null, null, null, null, null, null, null, null, null, null, null, 2, cursor);
      page.getData().forEach(one -> ids.add(one.getId()));
      cursor = page.getNextCursor();
    } while (cursor != null);
    return ids;
  }

  private static Object addRule(Map<String, String> above) throws ApiException {
    var risk = new RiskApi(API);
    var read = risk.getRiskRules(null);
    var amount = new RiskConditionAmount().above(above);
    var rule = new RiskRule().id(PREFIX + "-large").points(1).when(new RiskCondition().amount(amount));
    var body = new ReplaceRiskRules().version(read.getVersion()).rules(read.getRules());
    var rules = risk.replaceRiskRules(body.addRulesItem(rule)).getRules();
    return rules.get(rules.size() - 1).getWhen().getAmount().getAbove();
  }

  private static void expect(String what, Object seen, Object wanted) {
    if (!Objects.equals(seen, wanted)) {
      throw new AssertionError(what + ": " + seen + " instead of " + wanted);
    }
  }

  public static void main(String[] args) throws Exception {
    var text = create(1, "100.50");
    var id = text.id();
    expect("create with a string", text, new Answer(201, null, id, 10_050L, "pending"));
    var number = create(2, new CreateTransactionAmount(12.5));
    expect("create with a number", number, new Answer(201, null, number.id(), 1_250L, "pending"));
    var large = create(3, "90000000.07");
    var failed = new Answer(201, null, large.id(), 9_000_000_007L, "failed");
    expect("create a large one", large, failed);

    expect("replay", create(1, "100.50"), text);
    var reused = new Answer(422, "idempotency_key_reused", null, null, null);
    expect("reuse the key", create(1, "999"), reused);
    var completed = new Answer(200, null, id, 10_050L, "completed");
    expect("process", payment(() -> TRANSACTIONS.processTransactionWithHttpInfo(id, null)), completed);
    expect("get", get(id), completed);
    var missing = new Answer(404, "transaction_not_found", null, null, null);
    expect("get what is not there", get("nothing"), missing);
    expect("list", list().containsAll(List.of(id, number.id(), large.id())), true);

    var endpoint = new CreateWebhookEndpoint().url(URI.create("http://127.0.0.1:9/nobody"));
    var secret = new WebhooksApi(API).createWebhookEndpoint(endpoint).getSecret();
    expect("the endpoint's secret", secret.startsWith("whsec_"), true);
    var above = Map.of("EUR", "4000", "USD", "5000");
    expect("a rule by currency", addRule(above), above);
  }
}
