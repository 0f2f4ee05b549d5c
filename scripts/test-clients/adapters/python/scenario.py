"""What every Python client has to be able to do; each adapter says how its generated code does it."""

import os
from dataclasses import dataclass

BASE, KEY, PREFIX = (os.environ[name] for name in ("BASE", "KEY", "PREFIX"))


@dataclass
class Answer:
    """What a call came to: a transaction, a refund, or a problem's code and the fields that it names."""

    status: int
    code: str | None = None
    pointers: list[str] | None = None
    id: str | None = None
    minor: int | None = None
    state: str | None = None
    is_replayed: bool = False


def expect(what, seen, wanted):
    if seen != wanted:
        raise SystemExit(f"{what}: {seen!r} instead of {wanted!r}")


def check_payments(client):
    text = client.create(f"{PREFIX}-1", "100.50")
    expect("create with a string", text, Answer(201, id=text.id, minor=10050, state="pending"))
    number = client.create(f"{PREFIX}-2", 12.5)
    expect("create with a number", (number.status, number.minor), (201, 1250))
    large = client.create(f"{PREFIX}-3", "90000000.07")
    expect("create a large one", (large.status, large.minor), (201, 9000000007))

    again = client.create(f"{PREFIX}-1", "100.50")
    replay = Answer(201, id=text.id, minor=10050, state="pending", is_replayed=True)
    expect("replay", again, replay)
    other = client.create(f"{PREFIX}-1", "999")
    reused = Answer(422, code="idempotency_key_reused", pointers=["#/amount"])
    expect("reuse the key", other, reused)

    completed = Answer(200, id=text.id, minor=10050, state="completed")
    expect("process", client.process(text.id), completed)
    expect("get", client.get(text.id), completed)
    missing = client.get("nothing")
    expect("get what is not there", missing, Answer(404, code="transaction_not_found"))
    slow = client.create(f"{PREFIX}-4", "90.12")
    waiting = Answer(202, id=slow.id, minor=9012, state="processing")
    expect("process without an outcome", client.process(slow.id), waiting)
    return [text.id, number.id, large.id, slow.id]


def check_refunds(client, id):
    part = client.refund(id, f"{PREFIX}-r1", "20.50")
    expect("refund a part", part, Answer(201, id=part.id, minor=2050, state="succeeded"))
    replay = Answer(201, id=part.id, minor=2050, state="succeeded", is_replayed=True)
    expect("replay of the refund", client.refund(id, f"{PREFIX}-r1", "20.50"), replay)
    too_much = client.refund(id, f"{PREFIX}-r2", "80.01")
    expect("refund too much", too_much, Answer(409, code="refund_exceeds_remaining"))


def check(client):
    ids = check_payments(client)
    check_refunds(client, ids[0])

    seen, cursor = set(), None
    while True:
        page, cursor = client.list(cursor)
        seen.update(page)
        if not cursor:
            break
    expect("list", set(ids) - seen, set())

    secret = client.create_endpoint("http://127.0.0.1:9/webhooks")
    expect("the endpoint's secret", secret.startswith("whsec_"), True)
    above = {"EUR": "4000", "USD": "5000"}
    expect("a rule by currency", client.add_rule(f"{PREFIX}-large", above), above)
