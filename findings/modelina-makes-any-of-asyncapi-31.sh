#!/usr/bin/env bash
# Modelina, AsyncAPI's own generator of types, and a document of AsyncAPI 3.1.0, which AsyncAPI's parser accepts.
# Expected: the types of 3.0.0, which differs in nothing that this document uses, or an error about the version.
# Seen with 5.10.1: no error, and one type that allows everything. In Java it is a class without a name and text. The list
# of versions that it knows ends with 3.0.0, and a document of another version is read as a JSON Schema without properties.
set -euo pipefail
VERSION=5.10.1
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cd "$WORK"
npm init -y > /dev/null
npm install --silent --no-audit --no-fund "@asyncapi/modelina@$VERSION" @asyncapi/parser@3.6.6 > /dev/null
cat > try.mjs <<'JS'
import { JavaGenerator, TypeScriptGenerator } from "@asyncapi/modelina";
import { Parser } from "@asyncapi/parser";
const payload = {
  title: "Paid", type: "object", additionalProperties: false,
  required: ["id"], properties: { id: { type: "string" } },
};
for (const asyncapi of ["3.0.0", "3.1.0"]) {
  const document = {
    asyncapi, info: { title: "t", version: "1" },
    channels: { c: { address: "c", messages: { paid: { payload } } } },
    operations: { o: { action: "send", channel: { $ref: "#/channels/c" } } },
  };
  const { diagnostics } = await new Parser().parse(JSON.stringify(document));
  const errors = diagnostics.filter(({ severity }) => severity === 0).length;
  const [type] = await new TypeScriptGenerator().generate(structuredClone(document));
  const [java] = await new JavaGenerator().generate(structuredClone(document));
  console.log(`${asyncapi}: errors of the parser ${errors}; TypeScript ${type.result.replace(/\s+/g, " ").slice(0, 40)}; Java "${java.modelName}"`);
}
JS
SEEN=$(node try.mjs)
echo "@asyncapi/modelina $VERSION; expected: both lines are the same but for the version"
echo "$SEEN"
grep -q '^3.0.0: errors of the parser 0; TypeScript class Paid .*; Java "Paid"' <<< "$SEEN"
grep -q '^3.1.0: errors of the parser 0; TypeScript type Root = any;; Java ""' <<< "$SEEN"
