#!/usr/bin/env bash
# The official Stripe package for JavaScript writes a header of the API's response to the program's log.
# Expected: a client library returns what the server sends, and writes to the log only where it is asked to (its `emitter`
# has `request` and `response` events for that).
# Seen with stripe 23.1.0: the text of a response header `Stripe-Notice` is written to the error output by
# `process.emitWarning`, in a Worker by `console.warn`, with every response that has it, also that of a refused request. A
# program that writes one JSON line for each request gets lines of a server's text among them. No option of the client
# turns it off; only the environment variable STRIPE_SUPPRESS_NOTICES does, which a Worker does not have.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"name":"x","version":"1.0.0","private":true,"type":"module"}' > package.json
npm install --silent --no-audit --no-fund stripe@23.1.0
cat > run.mjs <<'JS'
import { createServer } from "node:http";
import Stripe from "stripe";
const server = createServer((_, response) => {
  response.writeHead(200, { "Content-Type": "application/json", "Stripe-Notice": "a notice of the server" });
  response.end(JSON.stringify({ id: "pi_1", object: "payment_intent" }));
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const { port } = server.address();
const stripe = new Stripe("sk_test_x", { host: "127.0.0.1", port, protocol: "http", telemetry: false });
await stripe.paymentIntents.retrieve("pi_1");
server.close();
JS
said=$(node run.mjs 2>&1)
echo "written: $said"
suppressed=$(STRIPE_SUPPRESS_NOTICES=true node run.mjs 2>&1)
echo "with STRIPE_SUPPRESS_NOTICES: $suppressed"
if [[ "$said" == *"a notice of the server"* && "$suppressed" != *"a notice of the server"* ]]; then
  echo "the surprise is still there"
else
  echo "changed"
  exit 1
fi
