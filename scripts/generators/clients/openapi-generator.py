import payments
from payments import models
from scenario import BASE, KEY, Answer, check

api = payments.ApiClient(payments.Configuration(host=BASE, access_token=KEY))
transactions, risk = payments.TransactionsApi(api), payments.RiskApi(api)


def payment(call, *args, **kwargs):
    try:
        said = call(*args, **kwargs)
    except payments.ApiException as error:
        return Answer(error.status, code=models.Problem.from_json(error.body).code.value)
    data = said.data
    return Answer(said.status_code, id=data.id, minor=data.amount_minor, state=data.status.value)


class Client:
    def create(self, key, amount):
        body = models.CreateTransaction(
            user_id="user_1", amount=models.CreateTransactionAmount(amount)
        )
        return payment(transactions.create_transaction_with_http_info, key, body)

    def process(self, id):
        return payment(transactions.process_transaction_with_http_info, id)

    def get(self, id):
        return payment(transactions.get_transaction_with_http_info, id)

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
