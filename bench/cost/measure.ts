// Measures what payments cost: a fresh metered server, a warm-up, and the difference of the counts around the payments.
import { join } from "node:path";
import type { Build } from "../fresh-server.ts";
import { PRICED_NAMES, type Priced } from "./cases.ts";
import { type Counts, divide, noCounts, subtract } from "./counts.ts";
import { type MeteredServer, startMetered } from "./metered-server.ts";
import { startReceiver } from "./receiver.ts";
import { makeAtOnce, newRun, payAtOnce, payPaced, read, waitUntilQuiet } from "./workloads.ts";

/** `later` is what the sweeps write when everything that was stored has expired, for one payment or delivery. */
export type Costs = { payments: number; deliveries: number; a_payment: Counts; later: Counts };
export type Measured = Costs & {
  a_get?: Counts;
  a_list?: Counts;
  /** One of each, without what the sweeps write. */
  others: Partial<Record<Priced, Counts>>;
};

/** `per_shard` payments of each shard at a pace, or `payments` in a closed loop; then `reads` gets and lists each, and
 *  `others` of all else that is priced. */
export type Workload = { name: string; shards: number; has_endpoint: boolean; reads: number } & (
  | { kind: "busy"; connections: number; payments: number; others?: number }
  | { kind: "paced"; interval_ms: number; per_shard: number }
);

/** Deliveries are kept for 30 days, and of a customer's payments the first and the newest for 400. */
const SWEEP_DAYS = 402;
/** Of what else is priced, how many make a payment. */
const PAYMENTS_OF_OTHERS = 2;
/** Fills caches, and makes each object store what it stores once: enough customers for every velocity object. */
const WARM_UP = { payments: 200, connections: 16 };

export async function measure(build: Build, dir: string, workload: Workload): Promise<Measured> {
  const receiver = workload.has_endpoint ? await startReceiver() : undefined;
  const log = join(dir, "..", `${workload.name}.log`);
  const server = await startMetered({ build, dir, log, shards: workload.shards });
  try {
    if (receiver) await server.addEndpoint(receiver.url);
    const readDeliveries = () => receiver?.read() ?? { deliveries: 0, attempts: 0 };
    const measured = await measurePayments(server, workload, () => readDeliveries().deliveries);
    const { deliveries, attempts } = readDeliveries();
    if (attempts !== deliveries) throw new Error(`${attempts} attempts, ${deliveries} deliveries`);
    return measured;
  } finally {
    await server.end();
    receiver?.end();
  }
}

async function measurePayments(
  server: MeteredServer,
  workload: Workload,
  readDeliveries: () => number,
): Promise<Measured> {
  const context = newRun(server);
  await payAtOnce(server, context, WARM_UP);
  const { payments, pay } = await planPayments(server, context, workload);
  const before = await waitUntilQuiet(server);
  const deliveredBefore = readDeliveries();
  await pay();
  const spent = subtract(await waitUntilQuiet(server), before);
  const deliveries = readDeliveries() - deliveredBefore;
  const reads = await measureReads(server, context, workload.reads);
  const others = await measureOthers(server, context, workload);
  const made = WARM_UP.payments + payments + PAYMENTS_OF_OTHERS * countOthers(workload);
  const swept = await server.sweep(SWEEP_DAYS);
  const later = noCounts();
  for (const part of ["velocity", "dispatcher"] as const) {
    later[part].rows_written = swept[part] / made;
  }
  return { payments, deliveries, a_payment: divide(spent, payments), later, ...reads, others };
}

const countOthers = (workload: Workload) => (workload.kind === "busy" ? (workload.others ?? 0) : 0);

async function measureOthers(
  server: MeteredServer,
  context: ReturnType<typeof newRun>,
  workload: Workload,
): Promise<Measured["others"]> {
  const others: Measured["others"] = {};
  const payments = countOthers(workload);
  if (payments === 0 || workload.kind !== "busy") return others;
  const { connections } = workload;
  for (const name of PRICED_NAMES) {
    const before = await waitUntilQuiet(server);
    await makeAtOnce(server, context, name, { payments, connections });
    others[name] = divide(subtract(await waitUntilQuiet(server), before), payments);
  }
  return others;
}

type Payments = { payments: number; pay: () => Promise<void> };

async function planPayments(
  server: MeteredServer,
  context: ReturnType<typeof newRun>,
  workload: Workload,
): Promise<Payments> {
  if (workload.kind === "busy") {
    const { connections, payments } = workload;
    return { payments, pay: () => payAtOnce(server, context, { payments, connections }) };
  }
  const { interval_ms, per_shard, shards } = workload;
  const keys = await server.drawKeys(per_shard);
  return { payments: per_shard * shards, pay: () => payPaced(server, keys, interval_ms) };
}

async function measureReads(
  server: MeteredServer,
  context: ReturnType<typeof newRun>,
  times: number,
) {
  if (times === 0) return {};
  const readings: Counts[] = [];
  for (const name of ["get", "list"] as const) {
    await read(server, context, name, 1);
    const before = await waitUntilQuiet(server);
    await read(server, context, name, times);
    readings.push(divide(subtract(await waitUntilQuiet(server), before), times));
  }
  const [a_get = noCounts(), a_list = noCounts()] = readings;
  return { a_get, a_list };
}
