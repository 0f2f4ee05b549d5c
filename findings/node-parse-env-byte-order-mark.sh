#!/usr/bin/env bash
# Expected: Node's util.parseEnv reads a .env file with a byte order mark, which Windows editors write, as dotenv does,
#           and so do not two tools that read one file find two different names in it.
# Seen:     the first name begins with the mark: FIRST is missing, and "\uFEFFFIRST" is there.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --loglevel=error dotenv@16.3.1 >/dev/null
cat > run.mjs <<'JS'
import { parseEnv } from "node:util";
import dotenv from "dotenv";
const text = "\uFEFFFIRST=1\nSECOND=2\n";
const names = (vars) => JSON.stringify(Object.keys(vars).map((name) => name.replace("\uFEFF", "<BOM>")));
console.log("Node", process.version, "and dotenv 16.3.1");
console.log("expected:      ", names(dotenv.parse(text)), "(dotenv)");
console.log("util.parseEnv: ", names(parseEnv(text)));
process.exit("FIRST" in dotenv.parse(text) && !("FIRST" in parseEnv(text)) ? 0 : 1);
JS
node run.mjs
