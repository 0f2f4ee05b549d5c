// Builds the Worker as a deployment would and lays out the directory that a server is started
// from: the bundle, the bench's entry module, and a config made from the project's wrangler.toml.
// It must not know how the server is run or what is asked of it.
import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { unstable_readConfig, unstable_splitSqlQuery } from "wrangler";
import { startNode } from "./children.mjs";

/** What both runtimes know. Assets, routes, observability and what holds back wrong credentials play no
 *  part in the API's speed. */
const FIELDS = [
  "name",
  "compatibility_date",
  "compatibility_flags",
  "durable_objects",
  "migrations",
  "d1_databases",
  "queues",
];
const WRANGLER_ENV = { CI: "1", WRANGLER_SEND_METRICS: "false", WRANGLER_HIDE_BANNER: "true" };

/** The parts of wrangler.toml that a server needs; secrets and .dev.vars are left out. */
export function readProject(root) {
  const config = unstable_readConfig({ config: join(root, "wrangler.toml") });
  const used = FIELDS.filter((field) => config[field]?.length !== 0);
  const kept = Object.fromEntries(used.map((field) => [field, config[field]]));
  const { main, keep_names } = config;
  const vars = { ...config.vars, PROCESSOR: "sandbox" }; // Has no default in a deployment.
  return { ...kept, main, vars, keep_names };
}

/** Bundles with wrangler itself and returns the path of the one module that it makes. */
export async function bundle(root, project, dir) {
  await mkdir(dir, { recursive: true });
  const config = join(dir, "wrangler.json");
  await writeFile(config, JSON.stringify(project, null, 2));
  const wrangler = join(root, "node_modules/wrangler/bin/wrangler.js");
  const out = join(dir, "out");
  const args = ["deploy", "--dry-run", "--config", config, "--outdir", out];
  await run(wrangler, args, { ...WRANGLER_ENV, WRANGLER_LOG_PATH: join(dir, "logs") });
  const modules = (await readdir(out)).filter((name) => /\.(js|mjs|wasm|bin|txt|html)$/.test(name));
  if (modules.length !== 1) throw new Error(`expected one module, got ${modules.join(", ")}`);
  return join(out, modules[0]);
}

/** A fresh directory with the entry module, the bundle beside it and the server's own config. */
export async function layOut({ root, dir, worker, project, vars }) {
  await mkdir(dir, { recursive: true });
  await copyFile(join(root, "bench/worker-entry.mjs"), join(dir, "entry.js"));
  await copyFile(worker, join(dir, "worker.js"));
  const { keep_names, ...known } = project; // Of the bundler, which is done.
  const config = {
    ...known,
    main: "entry.js",
    no_bundle: true,
    vars: { ...project.vars, ...vars },
  };
  await writeFile(join(dir, "wrangler.json"), JSON.stringify(config, null, 2));
}

/** The migrations as a list of files, each a list of statements, split as wrangler splits them. */
export async function readMigrations(root) {
  const dir = join(root, "migrations");
  const names = (await readdir(dir)).filter((name) => name.endsWith(".sql")).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(dir, name), "utf8")));
  return texts.map((text) => unstable_splitSqlQuery(text));
}

function run(script, args, env) {
  return new Promise((resolve, reject) => {
    const child = startNode(script, args, { stdio: ["ignore", "pipe", "pipe"], env });
    const output = [];
    child.stdout.on("data", (chunk) => output.push(chunk));
    child.stderr.on("data", (chunk) => output.push(chunk));
    child.on("close", (code) =>
      code === 0
        ? resolve()
        : reject(new Error(`the build failed:\n${Buffer.concat(output).toString()}`)),
    );
  });
}
