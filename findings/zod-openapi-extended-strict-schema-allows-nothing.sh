#!/usr/bin/env bash
# A strict schema that extends a named strict schema is documented so that no object fits it.
# Expected: the document accepts what the schema accepts, as it does for schemas that are not strict.
# Seen with @hono/zod-openapi 1.6.3 (zod 4.6.7): both parts of the `allOf` have `additionalProperties: false`, each without
# the members of the other, so a validator of the document refuses every object that zod accepts.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"name":"x","version":"1.0.0","private":true,"type":"module"}' > package.json
npm install --silent --no-audit --no-fund @hono/zod-openapi@1.6.3 zod@4.6.7 hono@4.13.19 ajv@8.17.1
cat > run.mjs <<'JS'
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import Ajv from "ajv/dist/2020.js";

function documented(object) {
  const base = object({ a: z.string() }).openapi("Base");
  const extended = base.extend({ b: z.string() }).openapi("Extended");
  const app = new OpenAPIHono();
  const content = { "application/json": { schema: extended } };
  app.openAPIRegistry.registerPath(
    createRoute({ method: "post", path: "/", request: { body: { content } }, responses: {} }),
  );
  const { components } = app.getOpenAPI31Document({ openapi: "3.1.0", info: { title: "x", version: "1" } });
  const validate = new Ajv({ strict: false }).compile({ $ref: "#/components/schemas/Extended", components });
  const sent = { a: "1", b: "2" };
  return { zod: extended.safeParse(sent).success, document: validate(sent), schema: components.schemas.Extended };
}

const strict = documented((shape) => z.strictObject(shape));
const open = documented((shape) => z.object(shape));
console.log(JSON.stringify(strict.schema));
console.log(`strict: zod accepts ${strict.zod}, the document accepts ${strict.document}`);
console.log(`not strict: zod accepts ${open.zod}, the document accepts ${open.document}`);
const isThere = strict.zod && !strict.document && open.zod && open.document;
console.log(isThere ? "the surprise is still there" : "changed");
process.exit(isThere ? 0 : 1);
JS
node run.mjs
