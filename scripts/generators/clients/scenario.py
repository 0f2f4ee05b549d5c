"""What every Python client has to be able to do; each adapter says how its generated code does it."""

import os
from dataclasses import dataclass

BASE, KEY, PREFIX = (os.environ[name] for name in ("BASE", "KEY", "PREFIX"))


@dataclass
class Answer:
    """What a call came to: a problem's code, or the transaction."""

    status: int
    code: str | None = None
    id: str | None = None
    minor: int | None = None
    state: str | None = None


def expect(what, seen, wanted):
    if seen != wanted:
        raise SystemExit(f"{what}: {seen!r} instead of {wanted!r}")


def check(client):
    text = client.create(f"{PREFIX}-1", "100.50")
    expect("create with a string", (text.status, text.minor, text.state), (201, 10050, "pending"))
    number = client.create(f"{PREFIX}-2", 12.5)
    expect("create with a number", (number.status, number.minor), (201, 1250))
    large = client.create(f"{PREFIX}-3", "90000000.07")
    expect("create a large one", (large.status, large.minor), (201, 9000000007))

    again = client.create(f"{PREFIX}-1", "100.50")
    expect("replay", (again.status, again.id), (201, text.id))
    other = client.create(f"{PREFIX}-1", "999")
    expect("reuse the key", (other.status, other.code), (422, "idempotency_key_reused"))
    processed = client.process(text.id)
    expect("process", (processed.status, processed.state), (200, "completed"))
    got = client.get(text.id)
    expect("get", (got.status, got.id, got.state), (200, text.id, "completed"))
    missing = client.get("nothing")
    expect("get what is not there", (missing.status, missing.code), (404, "transaction_not_found"))

    seen, cursor = set(), None
    while True:
        ids, cursor = client.list(cursor)
        seen.update(ids)
        if not cursor:
            break
    expect("list", {text.id, number.id, large.id} - seen, set())

    secret = client.create_endpoint("http://127.0.0.1:9/nobody")
    expect("the endpoint's secret", secret.startswith("whsec_"), True)
    above = {"EUR": "4000", "USD": "5000"}
    expect("a rule by currency", client.add_rule(f"{PREFIX}-large", above), above)
