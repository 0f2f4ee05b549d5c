import com.example.payments.ApiClient;
import com.example.payments.ApiException;
import com.example.payments.api.RefundsApi;
import com.example.payments.api.RiskApi;
import com.example.payments.api.TransactionsApi;
import com.example.payments.api.WebhooksApi;
import com.example.payments.auth.HttpBearerAuth;
import com.example.payments.model.CreateRefund;
import com.example.payments.model.CreateTransaction;
import com.example.payments.model.CreateWebhookEndpoint;
import com.example.payments.model.FieldFault;
import com.example.payments.model.Problem;
import com.example.payments.model.ReplaceRiskRules;
import com.example.payments.model.RiskCondition;
import com.example.payments.model.RiskConditionAmount;
import com.example.payments.model.RiskRule;
import com.example.payments.model.Transaction;
import java.net.URI;
import java.util.Map;
import java.util.stream.Collectors;

/** Of openapi-generator's java with library=apache-httpclient. */
public final class Apache extends Scenario {
  private final ApiClient api = connect();
  private final TransactionsApi transactions = new TransactionsApi(api);

  private static ApiClient connect() {
    var api = new ApiClient().setBasePath(BASE);
    ((HttpBearerAuth) api.getAuthentication("api_key")).setBearerToken(KEY);
    return api;
  }

  private interface Call<T> {
    T send() throws ApiException;
  }

  private Answer problem(ApiException error) throws Exception {
    if (error.getResponseBody() == null) throw error;
    var problem = api.getObjectMapper().readValue(error.getResponseBody(), Problem.class);
    var errors = problem.getErrors();
    var pointers =
        errors == null ? "" : errors.stream().map(FieldFault::getPointer).collect(Collectors.joining());
    return new Answer(error.getCode(), problem.getCode().getValue(), pointers, null, null, null, false);
  }

  /** The client keeps the status and the header fields of the thread's last response. */
  private Answer made(String id, Long minor, String state) {
    var isReplayed = api.getResponseHeaders().containsKey("Idempotent-Replayed");
    return new Answer(api.getStatusCode(), null, null, id, minor, state, isReplayed);
  }

  private Answer payment(Call<Transaction> call) throws Exception {
    try {
      var data = call.send();
      return made(data.getId(), data.getAmountMinor(), data.getStatus().getValue());
    } catch (ApiException error) {
      return problem(error);
    }
  }

  @Override
  protected Answer create(String key, Object amount) throws Exception {
    var body = new CreateTransaction().userId("user_1").amount(amount);
    return payment(() -> transactions.createTransaction(key, body));
  }

  @Override
  protected Answer process(String id) throws Exception {
    return payment(() -> transactions.processTransaction(id, null));
  }

  @Override
  protected Answer get(String id) throws Exception {
    return payment(() -> transactions.getTransaction(id));
  }

  @Override
  protected Answer refund(String id, String key, String amount) throws Exception {
    try {
      var body = new CreateRefund().amount(amount);
      var data = new RefundsApi(api).createRefund(id, key, null, body);
      return made(data.getId(), data.getAmountMinor(), data.getStatus().getValue());
    } catch (ApiException error) {
      return problem(error);
    }
  }

  @Override
  protected Page list(String cursor) throws Exception {
    var page =
        transactions.listTransactions(
            null, null, null, null, null, null, null, null, null, null, null, null, 2, cursor);
    return new Page(page.getData().stream().map(one -> one.getId()).toList(), page.getNextCursor());
  }

  @Override
  protected String createEndpoint(String url) throws Exception {
    var body = new CreateWebhookEndpoint().url(URI.create(url));
    return new WebhooksApi(api).createWebhookEndpoint(body, null).getSecret();
  }

  @Override
  protected Object addRule(String id, Map<String, String> above) throws Exception {
    var risk = new RiskApi(api);
    var read = risk.getRiskRules(null);
    var amount = new RiskConditionAmount().above(above);
    var rule = new RiskRule().id(id).points(1).when(new RiskCondition().amount(amount));
    var body = new ReplaceRiskRules().version(read.getVersion()).rules(read.getRules());
    var rules = risk.replaceRiskRules(body.addRulesItem(rule)).getRules();
    return rules.get(rules.size() - 1).getWhen().getAmount().getAbove();
  }

  public static void main(String[] args) throws Exception {
    new Apache().check();
  }
}
