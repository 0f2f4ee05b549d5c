// The benchmark: builds the Worker, runs it as a server with durable state on a disk, drives it
// from another process in a closed loop and prints what it measured. `npm run bench -- --help`.
// It sends requests only to 127.0.0.1 and leaves nothing behind but the server's log.
import { rmSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { ROOT } from "../scripts/install.mjs";
import { errorMessage } from "../scripts/processes/errors.ts";
import {
  type Build,
  buildWorker,
  HOME,
  newRunFolder,
  startFresh,
  velocityShards,
} from "./fresh-server.ts";
import { measure, type Row, startLoad } from "./measure.ts";
import { connectionsOf, readOptions } from "./options.ts";
import { comparePeer } from "./peer/compare.ts";
import {
  machineFacts,
  newProgress,
  printFacts,
  printNotes,
  printRows,
  sentence,
} from "./report.ts";

type Benched = { shards: number; build: Build };
type Group = { shards: number; velocity_shards: number; title: string; rows: Row[] };

const ERRORS_SHOWN = 3;

const options = readOptions(process.argv.slice(2));
const temporary = newRunFolder();
const workerd = resolve(ROOT, options.workerd);
const progress = newProgress(process.stderr);
try {
  process.exitCode = await (options.peer ? comparePeer(options, temporary) : main());
} catch (error) {
  progress.done();
  console.error(errorMessage(error));
  process.exit(1);
}

/** Resolves to the exit code: every run without a single error, or not. */
async function main(): Promise<number> {
  const facts = machineFacts({ dir: temporary, workerd, mode: options.mode });
  printFacts(facts);
  const build = await buildWorker(temporary);
  const groups: Group[] = [];
  for (const shards of options.shards) {
    groups.push(await benchShards({ shards, build }));
  }
  for (const { title, rows } of groups) printRows(title, rows);
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
async function benchShards({ shards, build }: Benched): Promise<Group> {
  const { mode, velocity_shards, log_level } = options;
  const dir = join(temporary, `shards-${shards}`);
  const log = join(HOME, `shards-${shards}.log`);
  const vars: Record<string, string> = log_level === null ? {} : { LOG_LEVEL: log_level };
  const { server, key } = await startFresh({
    build,
    dir,
    log,
    shards,
    velocity_shards,
    mode,
    workerd,
    vars,
  });
  const load = startLoad(server, key);

  const windows: Row[] = [];
  for (let round = 0; round < options.rounds; round++) {
    for (const name of options.cases) {
      for (const connections of connectionsOf(options, name)) {
        const text = `${shards} shards, ${name}, ${connections} connections`;
        progress.start(text, options.warmup_ms + options.measure_ms);
        const row = await measure({ name, connections, options, server, load });
        progress.done(`${shards} shards, ${sentence(row)}`);
        windows.push(row);
      }
    }
  }
  await load.kill();
  await server.end();
  rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
  const velocity = velocity_shards ?? velocityShards(shards);
  const title = `TRANSACTION_SHARDS=${shards} VELOCITY_SHARDS=${velocity}, ${mode}, \
LOG_LEVEL=${log_level ?? build.project.vars.LOG_LEVEL}, log in ${relative(process.cwd(), log)}`;
  return { shards, velocity_shards: velocity, title, rows: medians(windows) };
}

/** Of the windows of each case and connection count the one with the median rate; its errors are those of all. */
function medians(windows: Row[]): Row[] {
  const groups = Map.groupBy(windows, (row) => `${row.case} ${row.connections}`);
  return [...groups.values()].flatMap((own) => {
    const sorted = own.toSorted((a, b) => a.tps - b.tps);
    const errors = own.reduce((sum, row) => sum + row.errors, 0);
    const error_samples = own.flatMap((row) => row.error_samples).slice(0, ERRORS_SHOWN);
    const median = sorted[Math.floor((own.length - 1) / 2)];
    return median ? [{ ...median, errors, error_samples }] : [];
  });
}
