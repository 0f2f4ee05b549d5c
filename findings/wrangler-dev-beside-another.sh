#!/usr/bin/env bash
# Three `wrangler dev` that start at the same time, each with a --port of its own that is free.
# Expected: all of them come up.
# Seen with wrangler 4.164.0: one or two end with "Address already in use … specify a different port with --port". The port
# is not that of --port: it is the inspector's. wrangler looks for a free one from 9229 on, and listens there seconds later.
# With `--inspector-port 0` all come up. Needs npm and Node 22.
set -euo pipefail
VERSION=4.164.0
WORK=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; sleep 1; rm -rf "$WORK"' EXIT
cd "$WORK"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund "wrangler@$VERSION" > /dev/null
echo 'export default { fetch: () => new Response("up") };' > worker.js
export CI=1 WRANGLER_SEND_METRICS=false
# Prints how many of three came up.
together() {
  local up=0 pids=() first=$((20000 + RANDOM % 10000))
  for at in 0 1 2; do
    node node_modules/wrangler/bin/wrangler.js dev worker.js --compatibility-date 2026-10-01 --ip 127.0.0.1 \
      --port $((first + at)) --persist-to "state-$at" "$@" > "log-$at" 2>&1 < /dev/null &
    pids+=($!)
  done
  sleep 20
  for at in 0 1 2; do
    [ "$(curl -s -m 3 "http://127.0.0.1:$((first + at))/" || true)" = up ] && up=$((up + 1))
  done
  kill "${pids[@]}" 2> /dev/null || true
  wait "${pids[@]}" 2> /dev/null || true
  echo $up
}
USUAL=3
for _ in 1 2 3; do
  [ "$USUAL" = 3 ] && USUAL=$(together)
done
grep -h -o 'Address already in use' log-* | head -1 || true
OWN=$(together --inspector-port 0)
echo "wrangler $VERSION; expected: 3 of 3 come up, with and without --inspector-port 0"
echo "seen: $USUAL without, $OWN with"
[ "$USUAL" -lt 3 ]
[ "$OWN" = 3 ]
