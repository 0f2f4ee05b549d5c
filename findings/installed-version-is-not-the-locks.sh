#!/usr/bin/env bash
# Expected: the `version` in an installed package's package.json is the version in package-lock.json.
# Seen:     @upstash/kafka 1.3.5 was published with "version": "v1.3.5"; npm writes 1.3.5 into the lock.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --loglevel=error @upstash/kafka@1.3.5 >/dev/null
cat > run.mjs <<'JS'
import { readFileSync } from "node:fs";
const read = (path) => JSON.parse(readFileSync(path, "utf8"));
const path = "node_modules/@upstash/kafka";
const locked = read("package-lock.json").packages[path].version;
const installed = read(`${path}/package.json`).version;
console.log("@upstash/kafka 1.3.5, npm", process.env.NPM_VERSION);
console.log("expected: the same version in both");
console.log(`seen:     ${locked} in package-lock.json, ${installed} in ${path}/package.json`);
process.exit(locked === "1.3.5" && installed === "v1.3.5" ? 0 : 1);
JS
NPM_VERSION=$(npm --version) node run.mjs
