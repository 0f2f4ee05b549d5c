from payments import AuthenticatedClient, models
from payments.api.refunds import create_refund
from payments.api.risk import get_risk_rules, replace_risk_rules
from payments.api.transactions import (
    create_transaction,
    get_transaction,
    list_transactions,
    process_transaction,
)
from payments.api.webhooks import create_webhook_endpoint
from payments.types import UNSET
from scenario import BASE, KEY, Answer, check

api = AuthenticatedClient(base_url=BASE, token=KEY)


def answer(said):
    data = said.parsed
    if isinstance(data, models.Problem):
        pointers = [fault.pointer for fault in data.errors] if data.errors else None
        return Answer(int(said.status_code), code=data.code.value, pointers=pointers)
    return Answer(
        int(said.status_code),
        id=data.id,
        minor=data.amount_minor,
        state=data.status.value,
        is_replayed=said.headers.get("Idempotent-Replayed") == "true",
    )


class Client:
    def create(self, key, amount):
        body = models.CreateTransaction(user_id="user_1", amount=amount)
        return answer(
            create_transaction.sync_detailed(client=api, body=body, idempotency_key=key)
        )

    def process(self, id):
        return answer(process_transaction.sync_detailed(id, client=api))

    def get(self, id):
        return answer(get_transaction.sync_detailed(id, client=api))

    def refund(self, id, key, amount):
        body = models.CreateRefund(amount=amount)
        return answer(
            create_refund.sync_detailed(id, client=api, body=body, idempotency_key=key)
        )

    def list(self, cursor):
        page = list_transactions.sync(client=api, limit=2, cursor=cursor or UNSET)
        return [one.id for one in page.data], page.next_cursor

    def create_endpoint(self, url):
        body = models.CreateWebhookEndpoint(url=url)
        return create_webhook_endpoint.sync(client=api, body=body).secret

    def add_rule(self, id, above):
        read = get_risk_rules.sync(client=api)
        rule = models.RiskRule.from_dict(
            {"id": id, "points": 1, "when": {"amount": {"above": above}}}
        )
        body = models.ReplaceRiskRules(version=read.version, rules=[*read.rules, rule])
        written = replace_risk_rules.sync(client=api, body=body)
        return written.rules[-1].when.amount.above.to_dict()


check(Client())
