// `npm run bench:freshness`: two isolates of the Worker over the same objects while D1 is slow at random. After each
// answer a list from the other isolate must show the payment. Fails when one does not.
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { buildWorker, HOME, newRunFolder, startFresh } from "../fresh-server.ts";
import { printTable, whole } from "../report.ts";
import { SWITCH, setD1Mode } from "./d1-control.ts";
import { checkFreshness } from "./fresh-lists.ts";

const ERRORS_SHOWN = 5;

const { values } = parseArgs({
  options: {
    creates: { type: "string", default: "10000" },
    connections: { type: "string", default: "16" },
    shards: { type: "string", default: "16" },
    isolates: { type: "string", default: "2" },
    "slow-ms": { type: "string", default: "200" },
  },
});
const slowMs = Number(values["slow-ms"]);

const dir = newRunFolder();
const log = join(HOME, "freshness.log");
const started = await startFresh({
  build: await buildWorker(dir),
  dir: join(dir, "server"),
  log,
  shards: Number(values.shards),
  mode: "miniflare",
  isolates: Number(values.isolates),
  vars: SWITCH,
});
if (slowMs > 0) await setD1Mode(started, "slow", slowMs);
const startedAt = performance.now();
const { asked, misses, stale, examples, errors, slowest_list_ms } = await checkFreshness({
  origins: [started.server.origin, ...started.server.others],
  key: started.key,
  run: "fresh",
  creates: Number(values.creates),
  connections: Number(values.connections),
});
const seconds = (performance.now() - startedAt) / 1_000;
await started.server.end();

printTable(
  `TRANSACTION_SHARDS=${values.shards}, ${values.isolates} isolates, ${values.connections} connections, \
D1 up to ${slowMs} ms slower; log in ${relative(process.cwd(), log)}`,
  ["filter of the list", "lists", "misses"],
  Object.entries(asked).map(([filter, count]) => [
    filter,
    String(count),
    String(misses[filter as keyof typeof misses]), // The two have the same keys.
  ]),
);
console.log(
  `\n${values.creates} creates in ${whole(seconds)} s; the slowest list took ${whole(slowest_list_ms)} ms; \
${stale} lists without the payment said so (stale_since).`,
);
for (const { path, shown_after_ms } of examples) {
  console.error(`a miss: ${path}, which showed it after ${whole(shown_after_ms)} ms`);
}
for (const error of errors.slice(0, ERRORS_SHOWN)) console.error(error);
if (errors.length > 0) console.error(`${errors.length} errors`);
const missed = Object.values(misses).reduce((sum, count) => sum + count, 0);
process.exit(missed === 0 && errors.length === 0 ? 0 : 1);
