// The benchmark: builds the Worker, runs it as a server with durable state on a disk, drives it
// from another process in a closed loop and prints what it measured. `npm run bench -- --help`.
// It sends requests only to 127.0.0.1 and leaves nothing behind but the server's log.
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { ROOT } from "../scripts/install.mjs";
import { startChild } from "../scripts/processes/child-process.ts";
import { errorMessage } from "../scripts/processes/errors.ts";
import { removeAtExit } from "../scripts/processes/remove-at-exit.ts";
import {
  bundle,
  layOut,
  type Migrations,
  type Project,
  readMigrations,
  readProject,
} from "./bundle.ts";
import { measure, type Row } from "./measure.ts";
import type { ServerMessage } from "./messages.ts";
import { readOptions } from "./options.ts";
import {
  machineFacts,
  newProgress,
  printFacts,
  printNotes,
  printTable,
  sentence,
} from "./report.ts";
import { prepare, startServer } from "./server.ts";

type Benched = { shards: number; project: Project; worker: string; migrations: Migrations };
type Group = { shards: number; velocity_shards: number; title: string; rows: Row[] };

/** More velocity objects than this buys nothing where all of them share one process. */
const VELOCITY_SHARDS_MOST = 4;
/** Far above what a run makes: no create is blocked for its number, and no request is over a quota. Requests
 *  are counted all the same, as in a deployment. */
const LIMIT_OUT_OF_THE_WAY = "1000000000";

const options = readOptions(process.argv.slice(2));
const home = join(ROOT, ".wrangler/bench");
mkdirSync(home, { recursive: true });
const temporary = removeAtExit(mkdtempSync(join(home, "run-")));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(130));

const workerd = resolve(ROOT, options.workerd);
const progress = newProgress(process.stderr);
try {
  process.exitCode = await main();
} catch (error) {
  progress.done();
  console.error(errorMessage(error));
  process.exit(1);
}

/** Resolves to the exit code: every run without a single error, or not. */
async function main(): Promise<number> {
  const facts = machineFacts({ dir: temporary, workerd, mode: options.mode });
  printFacts(facts);
  const project = readProject(ROOT);
  const worker = await bundle(ROOT, project, join(temporary, "build"));
  const migrations = await readMigrations(ROOT);
  const groups: Group[] = [];
  for (const shards of options.shards) {
    groups.push(await benchShards({ shards, project, worker, migrations }));
  }
  for (const { title, rows } of groups) printTable(title, rows);
  printNotes();
  if (options.json !== null) {
    writeFileSync(options.json, `${JSON.stringify({ facts, options, groups }, null, 2)}\n`);
  }
  const failed = groups.flatMap(({ rows }) => rows).filter(({ errors }) => errors > 0);
  for (const row of failed) {
    console.error(`\n${row.case}, ${row.connections} connections: ${row.errors} errors, such as`);
    for (const text of row.error_samples) console.error(`  ${text}`);
  }
  return failed.length === 0 ? 0 : 1;
}

/** One fresh server, all cases one after the other, so that they share a process and a state. */
async function benchShards({ shards, project, worker, migrations }: Benched): Promise<Group> {
  const velocity = options.velocity_shards ?? Math.min(Math.max(shards, 1), VELOCITY_SHARDS_MOST);
  const adminToken = randomBytes(32).toString("hex");
  const benchToken = randomBytes(32).toString("hex");
  const dir = join(temporary, `shards-${shards}`);
  const log = join(home, `shards-${shards}.log`);
  const vars: Record<string, string> = {
    TRANSACTION_SHARDS: String(shards),
    VELOCITY_SHARDS: String(velocity),
    MAX_DAILY_TRANSACTIONS: LIMIT_OUT_OF_THE_WAY,
    RATE_LIMIT_REQUESTS: LIMIT_OUT_OF_THE_WAY,
    RATE_LIMIT_LISTS: LIMIT_OUT_OF_THE_WAY,
    ADMIN_TOKEN: adminToken,
    BENCH_TOKEN: benchToken,
    ...(options.log_level === null ? {} : { LOG_LEVEL: options.log_level }),
  };
  await layOut({ root: ROOT, dir, worker, project, vars });
  const server = await startServer({ mode: options.mode, workerd, dir, log });
  const key = await prepare(server.origin, { adminToken, benchToken, migrations });
  const load = startChild(process.execPath, [join(ROOT, "bench/load.ts")], {
    output: "inherit",
    hasMessages: true,
  });
  const run = randomBytes(4).toString("hex");
  const message: ServerMessage = { kind: "server", origin: server.origin, key, run };
  load.process.send(message);

  const rows: Row[] = [];
  for (const name of options.cases) {
    for (const connections of options.connections) {
      const text = `${shards} shards, ${name}, ${connections} connections`;
      progress.start(text, options.warmup_ms + options.measure_ms);
      const row = await measure({ name, connections, options, server, load, rows });
      progress.done(`${shards} shards, ${sentence(row)}`);
      rows.push(row);
    }
  }
  await load.kill();
  await server.end();
  rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
  const title = `TRANSACTION_SHARDS=${shards} VELOCITY_SHARDS=${velocity}, ${options.mode}, \
LOG_LEVEL=${vars.LOG_LEVEL ?? project.vars.LOG_LEVEL}, log in ${relative(process.cwd(), log)}`;
  return { shards, velocity_shards: velocity, title, rows };
}
