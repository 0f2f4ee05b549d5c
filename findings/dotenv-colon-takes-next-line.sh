#!/usr/bin/env bash
# Expected: in a .env file a line `NAME:` without a value sets NAME to nothing, or is passed over, as `NAME=` is.
# Seen:     dotenv takes the whole next line for its value, so the variable of that line is not set.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --loglevel=error dotenv@16.3.1 >/dev/null
cat > run.mjs <<'JS'
import dotenv from "dotenv";
const colon = dotenv.parse("NOTE:\nTOKEN=secret\n");
const equals = dotenv.parse("NOTE=\nTOKEN=secret\n");
console.log("dotenv 16.3.1, Node", process.version);
console.log("NOTE= then TOKEN=secret:", equals);
console.log("NOTE: then TOKEN=secret:", colon, "(expected the same)");
process.exit(equals.TOKEN === "secret" && !("TOKEN" in colon) ? 0 : 1);
JS
node run.mjs
