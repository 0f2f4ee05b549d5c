#!/usr/bin/env bash
# The CloudEvents SDK for JavaScript and the headers of a record as kafkajs hands them to a consumer: Buffers.
# Expected: Kafka.toEvent() of one reads a message of the other. Seen: it throws a TypeError, because it calls a
# method of strings on the Buffer; the same record with its header as a string is read, Buffer value and all.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null && npm install --silent --no-audit --no-fund cloudevents@10.0.0 kafkajs@2.2.4 >/dev/null
cat > t.cjs <<'JS'
const { Kafka, CloudEvent } = require("cloudevents");
// kafkajs' own writer and reader of records, as its consumer uses them.
const encode = require("kafkajs/src/protocol/recordBatch/record/v0");
const decode = require("kafkajs/src/protocol/recordBatch/record/v0/decoder");
const Decoder = require("kafkajs/src/protocol/decoder");
const value = JSON.stringify(new CloudEvent({ id: "e1", source: "/shop", type: "order.paid.v1", data: { n: 1 } }));
const headers = { "content-type": "application/cloudevents+json; charset=UTF-8" };
const encoded = encode({ key: Buffer.from("k"), value: Buffer.from(value), headers });
const decoder = new Decoder(encoded.buffer);
decoder.readVarInt(); // The record's length.
const message = decode(decoder, { firstOffset: "0", firstTimestamp: "0", magicByte: 2 });
const isBuffer = Buffer.isBuffer(message.headers["content-type"]);
const read = (m) => { try { return Kafka.toEvent(m).id; } catch (e) { return `${e.name} ${e.message}`; } };
const got = [isBuffer, read(message), read({ ...message, headers })];
console.log("cloudevents 10.0.0, kafkajs 2.2.4");
console.log("kafkajs gives a Buffer:", got[0]);
console.log("as kafkajs gives it:   ", got[1]);
console.log("header as a string:    ", got[2]);
process.exit(got[0] && /^TypeError .*startsWith is not a function/.test(got[1]) && got[2] === "e1" ? 0 : 1);
JS
node t.cjs
