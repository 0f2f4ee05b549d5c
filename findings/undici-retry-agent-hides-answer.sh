#!/usr/bin/env bash
# Expected: undici's RetryAgent leaves a POST alone, since POST is not in its default `methods`: the caller gets the 503
#           with its headers and body.
# Seen:     it does not retry, and throws UND_ERR_REQ_RETRY in place of the answer; the body is lost.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --loglevel=error undici@7.16.0 >/dev/null
cat > run.mjs <<'JS'
import { createServer } from "node:http";
import { Agent, RetryAgent, request } from "undici";
let requests = 0;
const server = createServer((incoming, response) => {
  requests += 1;
  incoming.resume();
  response.writeHead(503, { "content-type": "application/json" }).end('{"code":"unavailable"}');
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const dispatcher = new RetryAgent(new Agent());
let seen;
try {
  const { statusCode, body } = await request(`http://127.0.0.1:${server.address().port}`, {
    method: "POST",
    body: "{}",
    dispatcher,
  });
  seen = `${statusCode} ${await body.text()}`;
} catch (error) {
  seen = `throws ${error.code}`;
}
console.log("undici 7.16.0, Node", process.version);
console.log('expected: 503 {"code":"unavailable"} after 1 request');
console.log(`seen:     ${seen} after ${requests} request(s)`);
process.exit(seen === "throws UND_ERR_REQ_RETRY" && requests === 1 ? 0 : 1);
JS
node run.mjs
