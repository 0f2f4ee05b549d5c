// `npm run bench -- --peer`: the Worker and the peer in one run, under one load generator, in short windows that
// alternate, so that both meet the same other load of the machine. It must not know how either works.
import { writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ROOT } from "../../scripts/install.mjs";
import type { Child } from "../../scripts/processes/child-process.ts";
import { type Build, buildWorker, HOME, startFresh } from "../fresh-server.ts";
import { measure, startLoad } from "../measure.ts";
import type { Options } from "../options.ts";
import { machineFacts, printFacts, whole } from "../report.ts";
import { cpuMs, type Server, startHost } from "../server.ts";
import { readBook } from "../soak/d1-control.ts";
import { type Comparison, type Group, printErrors, printGroups, type Side } from "./comparison.ts";
import { readVersions } from "./services.ts";

type Compared = { shards: number; build: Build; options: Options; dir: string };
/** `hasAll` says whether what follows a response has been done for all payments so far. */
type Contestant = {
  side: Side;
  server: Server;
  load: Child;
  hasAll(payments: number): Promise<boolean>;
};

const BARE_ENTRY = "bench/entry/bare-worker.ts";
/** A server is idle when it has used at most one tick of Linux's clock in this time. */
const IDLE_PROBE_MS = 300;
const IDLE_CPU_MS = 10;
const DRAIN_LIMIT_MS = 60_000;

/** Resolves to the exit code: every window without a single error, or not. */
export async function comparePeer(options: Options, dir: string): Promise<number> {
  const { mode, peer_processes, rounds } = options;
  const versions = readVersions();
  const workerd = resolve(ROOT, options.workerd);
  const facts = { ...machineFacts({ dir, workerd, mode }), ...versions };
  printFacts(facts);
  const build = await buildWorker(dir);
  const groups: Group[] = [];
  for (const shards of options.shards) {
    const comparisons = await compareShards({ shards, build, options, dir });
    const title = `TRANSACTION_SHARDS=${shards}, ${mode}; the peer: ${peer_processes} process(es); \
${rounds} windows of ${options.measure_ms / 1_000} s each; logs in ${relative(process.cwd(), HOME)}`;
    groups.push({ title, comparisons });
  }
  printGroups(groups);
  if (options.json !== null) {
    writeFileSync(options.json, `${JSON.stringify({ facts, options, groups }, null, 2)}\n`);
  }
  return printErrors(groups) ? 1 : 0;
}

/** A fresh server of each, all cases one after the other. */
async function compareShards({ shards, build, options, dir }: Compared): Promise<Comparison[]> {
  const { mode, velocity_shards, peer_processes } = options;
  const startWorker = (side: Side, own: { entry?: string } = {}) =>
    startFresh({
      ...{ build, shards, velocity_shards, mode, workerd: resolve(ROOT, options.workerd), ...own },
      ...{ dir: join(dir, `${side}-${shards}`), log: join(HOME, `peer-${side}.log`) },
    });
  const ours = await startWorker("ours");
  const bare = options.bare ? await startWorker("bare", { entry: BARE_ENTRY }) : undefined;
  const peer = await startHost({
    host: "peer/host.ts",
    args: [join(dir, `peer-${shards}`), String(peer_processes)],
    log: join(HOME, "peer.log"),
    ends: "stop",
  });
  try {
    endOnSignal(peer);
    const contestants: Contestant[] = [
      {
        ...{ side: "ours", server: ours.server, load: startLoad(ours.server, ours.key) },
        hasAll: async (payments) => (await readBook(ours, Date.now())).transactions === payments,
      },
      ...(bare ? [finished("bare", bare.server)] : []),
      finished("peer", peer),
    ];
    const comparisons = await compareAll(contestants, options);
    for (const { load } of contestants) await load.kill();
    await ours.server.end();
    await bare?.server.end();
    return comparisons;
  } finally {
    await peer.end();
  }
}

/** A server that has done everything when it responds. It asks for no key. */
function finished(side: Side, server: Server): Contestant {
  return { side, server, load: startLoad(server, "none"), hasAll: async () => true };
}

/** PostgreSQL is shut down before this process ends. Killed, it would leave its shared memory behind. */
function endOnSignal(peer: Server): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.removeAllListeners(signal);
    process.once(signal, async () => {
      await peer.end();
      process.exit(130);
    });
  }
}

async function compareAll(contestants: Contestant[], options: Options): Promise<Comparison[]> {
  const comparisons: Comparison[] = [];
  for (const name of options.cases) {
    for (const connections of options.connections) {
      const windows: Comparison["windows"] = {};
      for (const { side } of contestants) windows[side] = [];
      // The first window of each only warms it up.
      for (let round = 0; round <= options.rounds; round++) {
        const order = round % 2 === 0 ? contestants : contestants.toReversed();
        for (const contestant of order) {
          const { side, server, load } = contestant;
          const row = await measure({ name, connections, options, server, load });
          const window = { ...row, drain_ms: await untilIdle(contestant, row.made) };
          if (round > 0 || row.errors > 0) windows[side]?.push(window);
        }
        console.error(`${name}, ${connections} connections, round ${round}${progressOf(windows)}`);
      }
      comparisons.push({ name, connections, windows });
    }
  }
  return comparisons;
}

function progressOf(windows: Comparison["windows"]): string {
  const rates = Object.entries(windows).flatMap(([side, all]) =>
    all.slice(-1).map(({ tps }) => `${side} ${whole(tps)}/s`),
  );
  return rates.length === 0 ? " (warm-up)" : `: ${rates.join(", ")}`;
}

/** Waits until a server does nothing any more, so that its work does not fall into the other one's window. */
async function untilIdle({ server, hasAll }: Contestant, payments: number): Promise<number> {
  const since = performance.now();
  let idleSince = since;
  let before = cpuMs(server.pids) ?? 0;
  while (performance.now() - since < DRAIN_LIMIT_MS) {
    await sleep(IDLE_PROBE_MS);
    const now = cpuMs(server.pids) ?? 0;
    const wasIdle = now - before <= IDLE_CPU_MS;
    // Asking costs CPU itself.
    if (wasIdle && (await hasAll(payments))) return idleSince - since;
    idleSince = performance.now();
    before = cpuMs(server.pids) ?? 0;
  }
  return DRAIN_LIMIT_MS;
}
