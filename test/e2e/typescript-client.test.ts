/** The TypeScript client as a user has it: packed, installed into an empty project, compiled and run against the built
 *  Worker over HTTP, as its README shows. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runChild } from "../../scripts/processes/child-process";
import { freePort } from "../../scripts/processes/free-port";
import { type BuiltServer, startBuilt } from "../support/built-server";

const ROOT = join(import.meta.dirname, "../..");
const PACKAGE = join(ROOT, "clients/typescript");
const README = readFileSync(join(PACKAGE, "README.md"), "utf8");
const TYPES = join(ROOT, "node_modules/@types");
const LIMIT_MS = 240_000;

const project = mkdtempSync(join(tmpdir(), "typescript-client-"));
let server: BuiltServer;

async function run(command: string, args: string[], cwd: string, env: Record<string, string> = {}) {
  const { code, said } = await runChild(command, args, { cwd, env, limit_ms: LIMIT_MS });
  expect(code, said).toBe(0);
  return said;
}

const examples = [...README.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, code = ""]) => code);

beforeAll(async () => {
  const pack = ["pack", PACKAGE, "--pack-destination", project, "--json"];
  await run("npm", pack, ROOT);
  writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const file = "./edge-payment-transactions-client-0.1.0.tgz";
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", file], project);
  server = await startBuilt({
    TRANSACTION_SHARDS: "1",
    VELOCITY_SHARDS: "1",
    PROCESSOR: "sandbox",
  });
});
afterAll(async () => {
  await server?.remove();
  rmSync(project, { recursive: true, force: true });
});

it("The package has its compiled files, its types, its licence and its README, and no dependency", async () => {
  const list = ["-tzf", "edge-payment-transactions-client-0.1.0.tgz"];
  const files = (await run("tar", list, project)).trim().split("\n");
  const others = files.filter((file) => !/^package\/dist\/[\w/-]+(\.d\.ts|\.js)$/.test(file));
  expect(others.sort()).toEqual(["package/LICENSE", "package/README.md", "package/package.json"]);
  expect(files).toContain("package/dist/index.d.ts");
  const manifest = JSON.parse(readFileSync(join(PACKAGE, "package.json"), "utf8"));
  expect(manifest).not.toHaveProperty("dependencies");
});

it.each([
  ["node16", { module: "Node16", moduleResolution: "Node16", lib: ["ES2022"] }],
  ["bundler", { module: "ESNext", moduleResolution: "Bundler", lib: ["ES2022", "DOM"] }],
])(
  "The README's examples compile in a project with moduleResolution %s, and the types themselves",
  async (name, options) => {
    const folder = join(project, name);
    mkdirSync(folder);
    const compilerOptions = {
      ...options,
      target: "ES2022",
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
      typeRoots: [TYPES],
      types: ["node"],
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions }));
    expect(examples).toHaveLength(3);
    for (const [at, code] of examples.entries()) writeFileSync(join(folder, `${at}.ts`), code);
    await run(join(ROOT, "node_modules/.bin/tsc"), ["-p", folder], project);
  },
);

it.each([
  ["an unknown member", '{ user_id: "u", amount: "1", amont: "1" }'],
  ["a missing member", "{ amount: 1 }"],
  ["an unknown capture method", '{ user_id: "u", amount: 1, capture_method: "later" }'],
])("A create with %s does not compile", async (name, body) => {
  const folder = join(project, name.replaceAll(" ", "-"));
  mkdirSync(folder);
  const code = `import type { CreateTransaction } from "edge-payment-transactions-client";
export const body: CreateTransaction = ${body};\n`;
  const path = join(folder, "wrong.ts");
  writeFileSync(path, code);
  const args = ["--noEmit", "--strict", "--module", "Node16", "--ignoreConfig", path];
  const tsc = join(ROOT, "node_modules/.bin/tsc");
  const { code: exit, said } = await runChild(tsc, args, { cwd: project, limit_ms: LIMIT_MS });
  expect(exit).not.toBe(0);
  expect(said).toMatch(/error TS(2322|2561|2741):/);
});

it("The README's first example makes a payment, once, in this Node", async () => {
  writeFileSync(join(project, "pay.mjs"), examples[0] ?? "");
  const env = { KEY: server.keys[0], BASE: server.origin };
  const said = await run(process.execPath, ["pay.mjs"], project, env);
  expect(said).toMatch(/^txn_\w+ completed 10050\n$/);
  expect(await run(process.execPath, ["pay.mjs"], project, env)).toBe(said);
});

it("The fragment of the project's README refunds a part of a payment, once", async () => {
  const env = { KEY: server.keys[1], BASE: server.origin };
  writeFileSync(join(project, "pay.mjs"), examples[0] ?? "");
  const [id = ""] = (await run(process.execPath, ["pay.mjs"], project, env)).split(" ");
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  const [, fragment = ""] = /^```ts\n([\s\S]*?)^```/m.exec(readme) ?? [];
  expect(fragment).toContain('"txn_w3utklst7upjv4bornnv7egspu"');
  const code = fragment
    .replace("txn_w3utklst7upjv4bornnv7egspu", id)
    .replace(/^await (payments\..*\));.*$/m, "console.log(JSON.stringify(await $1));");
  writeFileSync(join(project, "refund.mjs"), code);
  const said = await run(process.execPath, ["refund.mjs"], project, env);
  expect(JSON.parse(said)).toMatchObject({ status: "succeeded", amount_minor: 2_050 });
  expect(await run(process.execPath, ["refund.mjs"], project, env)).toBe(said);
});

it("A refused connection is an error without the API key when Node prints it", async () => {
  const KEY = "sk_test_a_key_that_is_not_printed";
  const BASE = `http://127.0.0.1:${await freePort()}`;
  writeFileSync(
    join(project, "refused.mjs"),
    `import { Payments } from "edge-payment-transactions-client";
const payments = new Payments({ apiKey: process.env.KEY, baseUrl: process.env.BASE, maxRetries: 0 });
await payments.transactions.create({ user_id: "u", amount: "1" }).catch((error) => console.log(error, payments));
`,
  );
  const said = await run(process.execPath, ["refused.mjs"], project, { KEY, BASE });
  expect(said).toContain("PaymentsConnectionError");
  expect(said).toContain("ECONNREFUSED");
  expect(said).toContain("idempotencyKey");
  expect(said).not.toContain(KEY);
});
