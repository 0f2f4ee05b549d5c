// Files made from the source and committed, so that a reviewer sees what a change does to them:
// openapi.json, what docs/asyncapi.json and clients/typescript have of it, and the migrations. With --check nothing is
// written; a difference is an error.
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { build, type Plugin } from "esbuild";
import {
  clientCurrencies,
  clientOperations,
  clientSchemas,
  type OpenApi,
} from "./generated/client-types.ts";
import { BIN, ROOT } from "./install.mjs";

/** The part of docs/asyncapi.json that is looked into. */
type Document = { components: { schemas: Record<string, unknown> } };
type Served = { document: OpenApi; decimals: Record<string, number> };

const OPENAPI = join(ROOT, "openapi.json");
const ASYNCAPI = join(ROOT, "docs/asyncapi.json");
const CLIENT = join(ROOT, "clients/typescript/src/generated");
const MIGRATIONS = join(ROOT, "migrations");
const isCheck = process.argv.includes("--check");
const scratch = mkdtempSync(join(tmpdir(), "generated-"));

/** The document is made outside the Workers runtime, from declarations alone: nothing of it is ever called. */
const withoutRuntime: Plugin = {
  name: "without-runtime",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^cloudflare:|^stripe$/ }, ({ path }) => ({ path, namespace: "runtime" }));
    onLoad({ filter: /.*/, namespace: "runtime" }, () => ({ contents: "module.exports = {};" }));
  },
};

/** The document that the Worker serves, and the currencies. */
async function loadServed(): Promise<Served> {
  const outfile = join(scratch, "openapi.mjs");
  await build({
    entryPoints: [join(ROOT, "scripts/generated/served-document.ts")],
    bundle: true,
    format: "esm",
    platform: "neutral",
    external: ["node:*"],
    mainFields: ["module", "main"],
    conditions: ["workerd"],
    outfile,
    logLevel: "error",
    plugins: [withoutRuntime],
  });
  return import(pathToFileURL(outfile).href);
}

const textOf = (document: Document) => `${JSON.stringify(document, null, 2)}\n`;
/** A schema that several documents have under one name. */
const SCHEMA_REF = /"#\/components\/schemas\/(\w+)"/g;

/**
 * docs/asyncapi.json with the schemas of openapi.json that its events need: a tool that gets only this document
 * cannot resolve references to another file.
 */
function asyncApiText(openApi: Document): string {
  const document = JSON.parse(readFileSync(ASYNCAPI, "utf8")) as Document;
  const { TransactionId, TransactionEvent, RefundEvent } = document.components.schemas;
  const own = { TransactionId, TransactionEvent, RefundEvent };
  const schemas: Document["components"]["schemas"] = { ...own };
  const add = (name: string) => {
    if (Object.hasOwn(schemas, name)) return;
    schemas[name] = openApi.components.schemas[name];
    if (!schemas[name])
      throw new Error(`docs/asyncapi.json names a schema that there is not: ${name}`);
    addAll(schemas[name]);
  };
  const addAll = (schema: unknown) => {
    for (const [, name = ""] of JSON.stringify(schema).matchAll(SCHEMA_REF)) add(name);
  };
  addAll(own);
  document.components.schemas = schemas;
  return textOf(document);
}

function formatTypeScript(text: string): string {
  const biome = join(BIN, "biome");
  return execFileSync(biome, ["format", "--stdin-file-path=generated.ts"], {
    cwd: ROOT,
    input: text,
    encoding: "utf8",
  });
}

/** Whether drizzle-kit would write a migration for the schema as it is now. */
function hasMissingMigration(): boolean {
  const out = join(scratch, "migrations");
  cpSync(MIGRATIONS, out, { recursive: true });
  const before = readdirSync(out).length;
  const kit = join(ROOT, "node_modules/drizzle-kit/bin.cjs");
  const schema = join(ROOT, "src/d1/*schema.ts");
  const args = [kit, "generate", "--dialect=sqlite", `--schema=${schema}`, `--out=${out}`];
  execFileSync(process.execPath, args, { cwd: ROOT, stdio: "pipe" });
  return readdirSync(out).length !== before;
}

const faults: string[] = [];
try {
  const { document, decimals } = await loadServed();
  const files: [path: string, text: string][] = [
    [OPENAPI, textOf(document)],
    [ASYNCAPI, asyncApiText(document)],
    [join(CLIENT, "schemas.ts"), formatTypeScript(clientSchemas(document))],
    [join(CLIENT, "operations.ts"), formatTypeScript(clientOperations(document))],
    [join(CLIENT, "currency-decimals.ts"), formatTypeScript(clientCurrencies(decimals))],
  ];
  for (const [path, text] of files) {
    if (!isCheck) writeFileSync(path, text);
    else if (!existsSync(path) || readFileSync(path, "utf8") !== text) {
      faults.push(`${relative(ROOT, path)} is not up to date`);
    }
  }
  if (hasMissingMigration()) faults.push("the schema has a change without a migration");
} finally {
  rmSync(scratch, { recursive: true });
}
if (faults.length > 0) {
  console.error(`${faults.join("; ")}. Run npm run generate, or drizzle-kit generate --name WHAT.`);
  process.exit(1);
}
