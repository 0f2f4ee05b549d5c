#!/usr/bin/env bash
# Expected: a parser for RateLimit headers reads the current draft's form (draft-ietf-httpapi-ratelimit-headers-08
#           and later, a list of structured fields), or says that it can't.
# Seen:     ratelimit-header-parser 0.1.0 returns an object full of NaN, and an Invalid Date.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --loglevel=error ratelimit-header-parser@0.1.0 >/dev/null
cat > run.mjs <<'JS'
import { parseRateLimit } from "ratelimit-header-parser";
const headers = new Headers({
  "RateLimit-Policy": '"requests";q=6000;w=60',
  RateLimit: '"requests";r=5871;t=23',
});
const read = parseRateLimit(headers);
console.log("ratelimit-header-parser 0.1.0, Node", process.version);
console.log("RateLimit:", headers.get("RateLimit"));
console.log("expected: remaining 5871");
console.log("seen:    ", read);
process.exit(Number.isNaN(read?.remaining) ? 0 : 1);
JS
node run.mjs
