// Measures what payments cost: a fresh metered server, a warm-up, and the difference of the counts around the payments.
import { join } from "node:path";
import type { Build } from "../fresh-server.ts";
import { type Counts, divide, noCounts, subtract } from "./counts.ts";
import { type MeteredServer, startMetered } from "./metered-server.ts";
import { startReceiver } from "./receiver.ts";
import { newRun, payAtOnce, payPaced, read, waitUntilQuiet } from "./workloads.ts";

/** `later` is what the sweeps write when everything that was stored has expired, for one payment or delivery. */
export type Costs = { payments: number; deliveries: number; a_payment: Counts; later: Counts };
export type Measured = Costs & { a_get?: Counts; a_list?: Counts };

/** `per_shard` payments of each shard at a pace, or `payments` in a closed loop. */
export type Workload = { name: string; shards: number; has_endpoint: boolean } & (
  | { kind: "busy"; connections: number; payments: number; reads: number }
  | { kind: "paced"; interval_ms: number; per_shard: number }
);

/** Deliveries are kept for 30 days, and of a customer's payments the first and the newest for 400. */
const SWEEP_DAYS = 402;
/** Fills caches and makes each object store what it stores once. */
const WARM_UP = { payments: 200, per_shard: 4 };

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

type Payments = { payments: number; warmUp: () => Promise<void>; pay: () => Promise<void> };

async function measurePayments(
  server: MeteredServer,
  workload: Workload,
  readDeliveries: () => number,
): Promise<Measured> {
  const context = newRun(server);
  const { payments, warmUp, pay } =
    workload.kind === "busy"
      ? planBusy(server, context, workload)
      : await planPaced(server, workload);
  await warmUp();
  const before = await waitUntilQuiet(server);
  const deliveredBefore = readDeliveries();
  await pay();
  const spent = subtract(await waitUntilQuiet(server), before);
  const deliveries = readDeliveries() - deliveredBefore;
  const reads =
    workload.kind === "busy" && workload.reads > 0
      ? await measureReads(server, context, workload.reads)
      : {};
  const stored = await waitUntilQuiet(server);
  await server.sweep(SWEEP_DAYS);
  const swept = subtract(await server.readCounts(), stored);
  const made = workload.kind === "busy" ? WARM_UP.payments : WARM_UP.per_shard * workload.shards;
  // Of the sweeps only their deletions: their other calls are not those of a payment.
  const later = noCounts();
  for (const part of ["velocity", "dispatcher"] as const) {
    later[part].rows_written = swept[part].rows_written / (payments + made);
  }
  return { payments, deliveries, a_payment: divide(spent, payments), later, ...reads };
}

function planBusy(
  server: MeteredServer,
  context: ReturnType<typeof newRun>,
  { connections, payments }: Workload & { kind: "busy" },
): Payments {
  const pay = (some: number) => payAtOnce(server, context, { payments: some, connections });
  return { payments, warmUp: () => pay(WARM_UP.payments), pay: () => pay(payments) };
}

async function planPaced(
  server: MeteredServer,
  { interval_ms, per_shard, shards }: Workload & { kind: "paced" },
): Promise<Payments> {
  const keys = await server.drawKeys(WARM_UP.per_shard + per_shard);
  const part = (from: number, to: number) =>
    payPaced(
      server,
      keys.map((list) => list.slice(from, to)),
      interval_ms,
    );
  return {
    payments: per_shard * shards,
    warmUp: () => part(0, WARM_UP.per_shard),
    pay: () => part(WARM_UP.per_shard, WARM_UP.per_shard + per_shard),
  };
}

async function measureReads(
  server: MeteredServer,
  context: ReturnType<typeof newRun>,
  times: number,
) {
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
