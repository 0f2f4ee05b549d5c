import com.example.payments.ApiClient;
import com.example.payments.ApiException;
import com.example.payments.ApiResponse;
import com.example.payments.api.RefundsApi;
import com.example.payments.api.RiskApi;
import com.example.payments.api.TransactionsApi;
import com.example.payments.api.WebhooksApi;
import com.example.payments.model.CreateRefund;
import com.example.payments.model.CreateTransaction;
import com.example.payments.model.CreateWebhookEndpoint;
import com.example.payments.model.FieldFault;
import com.example.payments.model.Problem;
import com.example.payments.model.Refund;
import com.example.payments.model.ReplaceRiskRules;
import com.example.payments.model.RiskCondition;
import com.example.payments.model.RiskConditionAmount;
import com.example.payments.model.RiskRule;
import com.example.payments.model.Transaction;
import java.net.URI;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Of openapi-generator's java with library=native. */
public final class Native extends Scenario {
  private final ApiClient api = connect();
  private final TransactionsApi transactions = new TransactionsApi(api);

  /** An API object copies these settings when it is constructed. */
  private static ApiClient connect() {
    var api = new ApiClient();
    api.updateBaseUri(BASE);
    api.setRequestInterceptor(request -> request.header("Authorization", "Bearer " + KEY));
    return api;
  }

  private interface Call<T> {
    ApiResponse<T> send() throws ApiException;
  }

  private record Made(String id, Long minor, String state) {}

  private <T> Answer answer(Call<T> call, Function<T, Made> read) throws Exception {
    try {
      var response = call.send();
      var made = read.apply(response.getData());
      var isReplayed = response.getHeaders().containsKey("Idempotent-Replayed");
      var status = response.getStatusCode();
      return new Answer(status, null, null, made.id(), made.minor(), made.state(), isReplayed);
    } catch (ApiException error) {
      if (error.getResponseBody() == null) throw error;
      var problem = api.getObjectMapper().readValue(error.getResponseBody(), Problem.class);
      var errors = problem.getErrors();
      var pointers =
          errors == null ? "" : errors.stream().map(FieldFault::getPointer).collect(Collectors.joining());
      return new Answer(error.getCode(), problem.getCode().getValue(), pointers, null, null, null, false);
    }
  }

  private Answer payment(Call<Transaction> call) throws Exception {
    return answer(
        call, data -> new Made(data.getId(), data.getAmountMinor(), data.getStatus().getValue()));
  }

  @Override
  protected Answer create(String key, Object amount) throws Exception {
    var body = new CreateTransaction().userId("user_1").amount(amount);
    return payment(() -> transactions.createTransactionWithHttpInfo(key, body));
  }

  @Override
  protected Answer process(String id) throws Exception {
    return payment(() -> transactions.processTransactionWithHttpInfo(id, null));
  }

  @Override
  protected Answer get(String id) throws Exception {
    return payment(() -> transactions.getTransactionWithHttpInfo(id));
  }

  @Override
  protected Answer refund(String id, String key, String amount) throws Exception {
    var body = new CreateRefund().amount(amount);
    Call<Refund> call = () -> new RefundsApi(api).createRefundWithHttpInfo(id, key, null, body);
    return answer(
        call, data -> new Made(data.getId(), data.getAmountMinor(), data.getStatus().getValue()));
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
    new Native().check();
  }
}
