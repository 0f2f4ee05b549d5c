#!/usr/bin/env bash
# openapi-generator's typescript-fetch: a choice between a string and a map (`oneOf` with `additionalProperties`) is
# typed well, but the generated code reads and writes `{}` for every map: its content is lost without an error.
# Expected: the map passes through. Needs Java, Maven and npm.
set -euo pipefail
VERSION=7.25.0
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cd "$WORK"
cat > openapi.json <<'JSON'
{ "openapi": "3.1.0", "info": { "title": "t", "version": "1", "license": { "name": "MIT", "identifier": "MIT" } },
  "paths": {},
  "components": { "schemas": {
    "Limit": { "type": "object", "required": ["above"], "properties": { "above": { "oneOf": [
      { "type": "string" },
      { "type": "object", "additionalProperties": { "type": "string" } } ] } } } } } }
JSON
mvn -q dependency:get -Dartifact="org.openapitools:openapi-generator-cli:$VERSION" -Dtransitive=false
java -jar "$HOME/.m2/repository/org/openapitools/openapi-generator-cli/$VERSION/openapi-generator-cli-$VERSION.jar" \
  generate -i openapi.json -g typescript-fetch -o client > generator.log 2>&1
npm init -y > /dev/null
npm install --silent --no-audit --no-fund esbuild@0.28.2 > /dev/null
cat > try.ts <<'TS'
import { LimitFromJSON, LimitToJSON } from "./client/models";
console.log(JSON.stringify(LimitFromJSON({ above: { USD: "5" } })), JSON.stringify(LimitToJSON({ above: { USD: "5" } })),
  JSON.stringify(LimitToJSON({ above: "5" })));
TS
npx --no-install esbuild try.ts --bundle --platform=node --format=esm --outfile=try.mjs --log-level=error
SEEN=$(node try.mjs)
echo "openapi-generator $VERSION, typescript-fetch: above is a string, or a map of strings"
echo 'expected: {"above":{"USD":"5"}} {"above":{"USD":"5"}} {"above":"5"}'
echo "seen:     $SEEN"
[ "$SEEN" = '{"above":{}} {"above":{}} {"above":"5"}' ]
