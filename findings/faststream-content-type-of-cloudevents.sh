#!/usr/bin/env bash
# FastStream for Python, a Kafka record with a CloudEvent in structured mode, whose header `content-type` is the one that
# the Kafka binding of CloudEvents asks for: application/cloudevents+json.
# Expected: a handler gets the event as it does from the same record without the header.
# Seen with 0.7.8: without the header the value is decoded as JSON; with it the handler gets bytes, or, where it asks for
# a dict or a model, is not called at all (ValidationError). A `decoder` of one's own reads both. Needs Python with venv.
set -euo pipefail
VERSION=0.7.8
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cd "$WORK"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check "faststream[kafka]==$VERSION"
cat > try.py <<'PY'
import asyncio
import json
from faststream.kafka import KafkaBroker, TestKafkaBroker

broker = KafkaBroker()
seen = []

async def decode(message):
    return json.loads(message.body)

@broker.subscriber("any")
async def take_any(event):
    seen.append(type(event).__name__)

@broker.subscriber("dict")
async def take_dict(event: dict):
    seen.append(type(event).__name__)

@broker.subscriber("decoder", decoder=decode)
async def take_decoded(event: dict):
    seen.append(type(event).__name__)

async def main():
    value = json.dumps({"specversion": "1.0", "id": "e1", "source": "/shop", "type": "paid"}).encode()
    async with TestKafkaBroker(broker):  # without a Kafka; parses and decodes as with one
        for headers in ({}, {"content-type": "application/cloudevents+json; charset=UTF-8"}):
            for topic in ("any", "dict", "decoder"):
                try:
                    await broker.publish(value, topic, headers=headers)
                except Exception as error:
                    seen.append(type(error).__name__)
            print("with" if headers else "without", "the header:", *seen)
            seen.clear()

asyncio.run(main())
PY
SEEN=$(venv/bin/python try.py 2> /dev/null)
echo "faststream $VERSION; expected: dict dict dict, twice"
echo "$SEEN"
grep -qx 'without the header: dict dict dict' <<< "$SEEN"
grep -qx 'with the header: bytes ValidationError dict' <<< "$SEEN"
