// `npm run bench:outage`: payments while D1 hangs, fails or is slow, compared with before and after; the server's memory
// meanwhile; and how long the book needs afterwards until it has every payment. Fails when payments wait for D1.
import { join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { D1Mode } from "../entry/d1-switch.ts";
import { buildWorker, HOME, newRunFolder, startFresh } from "../fresh-server.ts";
import { measure, type Row, startLoad } from "../measure.ts";
import { ms, printTable, whole } from "../report.ts";
import { readBook, readD1Counts, SWITCH, setD1Mode } from "./d1-control.ts";
import { type ProcessMemory, readMemory } from "./process-memory.ts";

type Phase = { name: string; seconds: number; mode: D1Mode };

/** The p99 of payments during the outage may be this much of that before it. */
const P99_RATIO_MOST = 1.5;
const MEMORY_ROWS = 14;
const MEMORY_INTERVAL_MS = 1_000;
const BOOK_POLL_MS = 500;
const MODES = { hang: true, fail: true, slow: true } satisfies Partial<Record<D1Mode, true>>;

const { values } = parseArgs({
  options: {
    mode: { type: "string", default: "hang" },
    "outage-seconds": { type: "string", default: "300" },
    seconds: { type: "string", default: "60" },
    connections: { type: "string", default: "8" },
    shards: { type: "string", default: "16" },
    "slow-ms": { type: "string", default: "5000" },
    "book-limit-seconds": { type: "string", default: "900" },
  },
});
const mode = Object.keys(MODES).find((name) => name === values.mode) as D1Mode | undefined;
if (mode === undefined) throw new Error(`--mode is one of ${Object.keys(MODES).join(", ")}`);
const connections = Number(values.connections);

const dir = newRunFolder();
const log = join(HOME, "outage.log");
const started = await startFresh({
  build: await buildWorker(dir),
  dir: join(dir, "server"),
  log,
  shards: Number(values.shards),
  vars: SWITCH,
});
const { server, key } = started;
const load = startLoad(server, key);

const memory: { at_s: number; phase: string; memory: ProcessMemory }[] = [];
const startedAt = performance.now();
let phase = "warm-up";
const sampling = setInterval(() => {
  const now = readMemory(server.pids[0]);
  const at_s = (performance.now() - startedAt) / 1_000;
  if (now !== null) memory.push({ at_s, phase, memory: now });
}, MEMORY_INTERVAL_MS);

const warmUp = await run({ name: "warm-up", seconds: 5, mode: "normal" });
const before = await run({ name: "before", seconds: Number(values.seconds), mode: "normal" });
const during = await run({ name: mode, seconds: Number(values["outage-seconds"]), mode });
const endedAt = Date.now();
const countsAtEnd = await readD1Counts(started);
await setD1Mode(started, "normal");
const payments = during.made;
const isWhole = untilWhole(endedAt, payments);
const after = await run({ name: "after", seconds: Number(values.seconds), mode: "normal" });
const book = await isWhole;
const last = await untilWhole(Date.now(), after.made);
clearInterval(sampling);
await load.kill();
await server.end();

printTable(
  `TRANSACTION_SHARDS=${values.shards}, ${connections} connections, log in ${relative(process.cwd(), log)}`,
  ["D1", "seconds", "payments", "a second", "create p50 ms", "p99", "process p50", "p99", "errors"],
  [before, during, after].map(lineOf),
);
const step = Math.max(1, Math.ceil(memory.length / MEMORY_ROWS));
printTable(
  "memory of the server, MB",
  ["second", "D1", "resident", "anonymous", "file"],
  memory
    .filter((_, at) => at % step === 0 || at === memory.length - 1)
    .map(({ at_s, phase: name, memory: now }) => [
      whole(at_s),
      name,
      ...[now.rss, now.anonymous, now.file].map(whole),
    ]),
);
const problems: string[] = [];
if (book === null) {
  problems.push(`the book was not whole after ${values["book-limit-seconds"]} s`);
} else {
  const { seconds, statements, rows_written } = book;
  console.log(
    `\nThe book had all ${payments} payments ${seconds.toFixed(1)} s after the outage: ${statements} statements, \
${rows_written} rows written, the load going on.`,
  );
}
if (last === null) problems.push("the book was not whole after the load");
for (const row of [warmUp, before, during, after]) {
  if (row.errors > 0) problems.push(`${row.phase}: ${row.errors} errors: ${row.error_samples}`);
}
for (const [at, { label, p99_ms }] of during.parts.entries()) {
  const ratio = p99_ms / (before.parts[at]?.p99_ms ?? 0);
  console.log(`${label}: p99 during the outage is ${ratio.toFixed(2)} of that before.`);
  if (ratio > P99_RATIO_MOST) problems.push(`${label} waits for D1: p99 ${ms(p99_ms)} ms`);
}
for (const problem of problems) console.error(problem);
process.exit(problems.length === 0 ? 0 : 1);

/** One phase of load. */
async function run({
  name: phaseName,
  seconds,
  mode: wanted,
}: Phase): Promise<Row & { phase: string }> {
  phase = phaseName;
  console.error(`${phase}: ${seconds} s`);
  await setD1Mode(started, wanted, Number(values["slow-ms"]));
  const options = { warmup_ms: 0, measure_ms: seconds * 1_000 };
  const name = "create+process" as const;
  const row = await measure({ name, connections, options, server, load });
  return { ...row, phase: phaseName };
}

/** Waits until the book has `count` payments created up to `until`; null when that takes too long. */
async function untilWhole(until: number, count: number) {
  const since = performance.now();
  const limit_ms = Number(values["book-limit-seconds"]) * 1_000;
  for (;;) {
    const found = await readBook(started, until).catch(() => null);
    if (found?.transactions === count && found.completed === count) break;
    if (performance.now() - since > limit_ms) return null;
    await sleep(BOOK_POLL_MS);
  }
  const counts = await readD1Counts(started);
  return {
    seconds: (performance.now() - since) / 1_000,
    statements: counts.statements - countsAtEnd.statements,
    rows_written: counts.rows_written - countsAtEnd.rows_written,
  };
}

function lineOf({ phase: name, seconds, units, tps, parts, errors }: Row & { phase: string }) {
  const latencies = parts.flatMap(({ p50_ms, p99_ms }) => [ms(p50_ms), ms(p99_ms)]);
  return [name, seconds.toFixed(0), String(units), whole(tps), ...latencies, String(errors)];
}
