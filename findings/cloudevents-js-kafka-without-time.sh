#!/usr/bin/env bash
# A structured CloudEvent without `time`, which the specification makes optional, read by the SDK for JavaScript.
# Expected: an event without a time, from every binding. Seen: the HTTP binding makes up the present time, and the
# Kafka binding throws a RangeError.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null && npm install --silent --no-audit --no-fund cloudevents@10.0.0 >/dev/null
cat > t.mjs <<'JS'
import { HTTP, Kafka } from "cloudevents";
const text = JSON.stringify({ specversion: "1.0", id: "e1", source: "/shop", type: "order.paid.v1", data: { n: 1 } });
const headers = { "content-type": "application/cloudevents+json" };
const read = (f) => { try { return `time ${f().time}`; } catch (e) { return `${e.name}: ${e.message}`; } };
const http = read(() => HTTP.toEvent({ headers, body: text }));
const kafka = read(() => Kafka.toEvent({ headers, value: text }));
console.log("cloudevents 10.0.0");
console.log("HTTP: ", http);
console.log("Kafka:", kafka);
process.exit(/^time \d{4}-/.test(http) && kafka === "RangeError: Invalid time value" ? 0 : 1);
JS
node t.mjs
