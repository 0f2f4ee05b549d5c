// Builds the Worker as a deployment would and lays out the directory that a server is started
// from: the bundle, the bench's entry module, and a config made from the project's wrangler.toml.
// It must not know how the server is run or what is asked of it.
import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";
import { unstable_readConfig, unstable_splitSqlQuery } from "wrangler";
import { runChild } from "../scripts/processes/child-process.ts";
import { d1Config, STORAGE_FOLDERS, workerConfig } from "./hosts/workerd-config.ts";

type Config = ReturnType<typeof unstable_readConfig>;

/** The parts of wrangler.toml that a server needs. */
export type Project = Partial<Config> & Pick<Config, "main" | "vars" | "keep_names">;

/** A list of files, each a list of statements. */
export type Migrations = string[][];

type Layout = {
  root: string;
  dir: string;
  worker: string;
  project: Project;
  vars: Record<string, string>;
  /** The entry module, below the root. */
  entry?: string;
};

const BUILD_LIMIT_MS = 300_000;
/** What both runtimes know. Assets, routes, observability and what holds back wrong credentials play no
 *  part in the API's speed. */
const FIELDS = [
  "name",
  "compatibility_date",
  "compatibility_flags",
  "durable_objects",
  "migrations",
  "d1_databases",
  "r2_buckets",
  "queues",
] as const satisfies (keyof Config)[];
const WRANGLER_ENV = { CI: "1", WRANGLER_SEND_METRICS: "false", WRANGLER_HIDE_BANNER: "true" };

/** The project without secrets and .dev.vars. */
export function readProject(root: string): Project {
  const config = unstable_readConfig({ config: join(root, "wrangler.toml") });
  const isEmpty = (value: unknown) => Array.isArray(value) && value.length === 0;
  const used = FIELDS.filter((field) => !isEmpty(config[field]));
  const kept = Object.fromEntries(used.map((field) => [field, config[field]]));
  const { main, keep_names } = config;
  const vars = { ...config.vars, PROCESSOR: "sandbox" }; // Has no default in a deployment.
  return { ...kept, main, vars, keep_names };
}

/** Bundles with wrangler itself and returns the path of the one module that it makes. */
export async function bundle(root: string, project: Project, dir: string): Promise<string> {
  await mkdir(dir, { recursive: true });
  const config = join(dir, "wrangler.json");
  await writeFile(config, JSON.stringify(project, null, 2));
  const wrangler = join(root, "node_modules/wrangler/bin/wrangler.js");
  const out = join(dir, "out");
  const args = ["deploy", "--dry-run", "--config", config, "--outdir", out];
  const { code, said } = await runChild(process.execPath, [wrangler, ...args], {
    env: { ...WRANGLER_ENV, WRANGLER_LOG_PATH: join(dir, "logs") },
    limit_ms: BUILD_LIMIT_MS,
  });
  if (code !== 0) throw new Error(`the build failed:\n${said}`);
  const modules = (await readdir(out)).filter((name) => /\.(js|mjs|wasm|bin|txt|html)$/.test(name));
  const [module, ...others] = modules;
  if (module === undefined || others.length > 0) {
    throw new Error(`expected one module, got ${modules.join(", ")}`);
  }
  return join(out, module);
}

/** The Worker as it was built takes the place of its source, which the entry module names. */
const builtWorker: Plugin = {
  name: "built-worker",
  setup({ onResolve }) {
    onResolve({ filter: /\/src\/worker$/ }, () => ({ path: "./worker.js", external: true }));
  },
};

/** A fresh directory with the entry module, the bundle beside it and the servers' own configs. */
export async function layOut({
  root,
  dir,
  worker,
  project,
  vars,
  entry = "bench/worker-entry.ts",
}: Layout): Promise<void> {
  await mkdir(dir, { recursive: true });
  await build({
    entryPoints: [join(root, entry)],
    outfile: join(dir, "entry.js"),
    bundle: true,
    format: "esm",
    external: ["node:*", "cloudflare:*"],
    plugins: [builtWorker],
    logLevel: "error",
  });
  await copyFile(worker, join(dir, "worker.js"));
  const { keep_names, ...known } = project; // Of the bundler, which is done.
  const all = { ...(project.vars as Record<string, string>), ...vars };
  const config = { ...known, main: "entry.js", no_bundle: true, vars: all };
  await writeFile(join(dir, "wrangler.json"), JSON.stringify(config, null, 2)); // For Miniflare.
  await writeFile(join(dir, "worker.capnp"), workerConfig(project, all));
  await writeFile(join(dir, "d1.capnp"), d1Config());
  for (const name of STORAGE_FOLDERS) await mkdir(join(dir, name), { recursive: true });
}

/** The migrations as a list of files, each a list of statements, split as wrangler splits them. */
export async function readMigrations(root: string): Promise<Migrations> {
  const dir = join(root, "migrations");
  const names = (await readdir(dir)).filter((name) => name.endsWith(".sql")).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(dir, name), "utf8")));
  return texts.map((text) => unstable_splitSqlQuery(text));
}
