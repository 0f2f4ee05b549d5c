// Generators of TypeScript clients. Types have to fit under `strict`; then the adapter is bundled for Node.
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BIN } from "../install.mjs";
import { ADAPTERS, type At, type Client, type Program } from "./client.ts";
import { OPENAPI_GENERATOR, openapiGenerator } from "./openapi-generator.ts";

const OPENAPI_TYPESCRIPT = "7.13.0";
const OPENAPI_FETCH = "0.17.0";
const HEY_API = "0.99.0";
const ORVAL = "8.38.0";
const COMPILER = "5.9.3";
/** Versions from before this day are chosen for what a package requires by range only. */
export const PUBLISHED_BEFORE = "2026-11-29";

const TSCONFIG = {
  compilerOptions: {
    target: "ES2022",
    module: "ESNext",
    moduleResolution: "Bundler",
    lib: ["ES2023", "DOM", "DOM.Iterable"],
    types: [],
    strict: true,
    skipLibCheck: true,
    noEmit: true,
  },
  include: ["*.ts", "generated"],
};

async function install({ run }: At, packages: string[]): Promise<void> {
  const options = ["--no-audit", "--no-fund", "--ignore-scripts", `--before=${PUBLISHED_BEFORE}`];
  const all = [...packages, `typescript@${COMPILER}`];
  await run("npm", ["install", ...options, "--prefix", ".", ...all]);
}

const runNpm = ({ folder, run }: At, tool: string, args: string[]) =>
  run(join(folder, "node_modules", ".bin", tool), args);

async function compile(at: At, adapter: string): Promise<Program> {
  for (const file of ["scenario.ts", adapter]) {
    copyFileSync(join(ADAPTERS, "typescript", file), join(at.folder, file));
  }
  writeFileSync(join(at.folder, "tsconfig.json"), JSON.stringify(TSCONFIG));
  await runNpm(at, "tsc", ["-p", "."]);
  const options = ["--bundle", "--platform=node", "--format=esm", "--outfile=check.mjs"];
  await at.run(join(BIN, "esbuild"), [adapter, ...options]);
  return [process.execPath, ["check.mjs"]];
}

export const TYPESCRIPT: Client[] = [
  {
    name: "openapi-typescript, openapi-fetch",
    version: `${OPENAPI_TYPESCRIPT}, ${OPENAPI_FETCH}`,
    language: "typescript",
    tools: ["npm"],
    async generate(at) {
      const packages = [
        `openapi-typescript@${OPENAPI_TYPESCRIPT}`,
        `openapi-fetch@${OPENAPI_FETCH}`,
      ];
      await install(at, packages);
      await runNpm(at, "openapi-typescript", [at.document, "-o", "generated/schema.d.ts"]);
    },
    compile: (at) => compile(at, "openapi-fetch.ts"),
  },
  {
    name: "@hey-api/openapi-ts",
    version: HEY_API,
    language: "typescript",
    tools: ["npm"],
    async generate(at) {
      await install(at, [`@hey-api/openapi-ts@${HEY_API}`]);
      const client = ["-o", "generated", "-c", "@hey-api/client-fetch"];
      await runNpm(at, "openapi-ts", ["-i", at.document, ...client]);
    },
    compile: (at) => compile(at, "hey-api.ts"),
  },
  {
    name: "orval, fetch",
    version: ORVAL,
    language: "typescript",
    tools: ["npm"],
    async generate(at) {
      await install(at, [`orval@${ORVAL}`]);
      const output = { target: "generated/api.ts", client: "fetch", baseUrl: at.base };
      const config = { payments: { input: at.document, output } };
      const text = `export default ${JSON.stringify(config)};\n`;
      writeFileSync(join(at.folder, "orval.config.mjs"), text);
      await runNpm(at, "orval", ["--config", "orval.config.mjs"]);
    },
    compile: (at) => compile(at, "orval.ts"),
  },
  {
    name: "openapi-generator, typescript-fetch",
    version: OPENAPI_GENERATOR,
    language: "typescript",
    tools: ["javac", "mvn", "npm"],
    async generate(at) {
      await install(at, []);
      await openapiGenerator(at, "typescript-fetch", "generated");
    },
    compile: (at) => compile(at, "typescript-fetch.ts"),
  },
];
