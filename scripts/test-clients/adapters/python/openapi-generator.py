import payments
from payments import models
from scenario import BASE, KEY, Answer, check

api = payments.ApiClient(payments.Configuration(host=BASE, access_token=KEY))
transactions, refunds, risk = (
    payments.TransactionsApi(api),
    payments.RefundsApi(api),
    payments.RiskApi(api),
)


def answer(call, *args, **more):
    try:
        said = call(*args, **more)
    except payments.ApiException as error:
        problem = error.data
        pointers = [fault.pointer for fault in problem.errors] if problem.errors else None
        return Answer(error.status, code=problem.code.value, pointers=pointers)
    data = said.data
    return Answer(
        said.status_code,
        id=data.id,
        minor=data.amount_minor,
        state=data.status.value,
        is_replayed=said.headers.get("Idempotent-Replayed") == "true",
    )


class Client:
    def create(self, key, amount):
        body = models.CreateTransaction(
            user_id="user_1", amount=models.CreateTransactionAmount(amount)
        )
        return answer(transactions.create_transaction_with_http_info, key, body)

    def process(self, id):
        return answer(transactions.process_transaction_with_http_info, id)

    def get(self, id):
        return answer(transactions.get_transaction_with_http_info, id)

    def refund(self, id, key, amount):
        body = models.CreateRefund(amount=models.CreateRefundAmount(amount))
        return answer(refunds.create_refund_with_http_info, id, key, create_refund=body)

    def list(self, cursor):
        page = transactions.list_transactions(limit=2, cursor=cursor)
        return [one.id for one in page.data], page.next_cursor

    def create_endpoint(self, url):
        body = models.CreateWebhookEndpoint(url=url)
        return payments.WebhooksApi(api).create_webhook_endpoint(body).secret

    def add_rule(self, id, above):
        read = risk.get_risk_rules()
        amount = models.RiskConditionAmount(above=models.RiskAmount(above))
        rule = models.RiskRule(id=id, points=1, when=models.RiskCondition(amount=amount))
        body = models.ReplaceRiskRules(version=read.version, rules=[*read.rules, rule])
        return risk.replace_risk_rules(body).rules[-1].when.amount.above.actual_instance


check(Client())
