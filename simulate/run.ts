// One simulation from its plan to its verdict.
import { readFileSync } from "node:fs";
import { observe } from "./observe/observe.ts";
import { settle } from "./observe/settle.ts";
import type { Options } from "./options.ts";
import { CAPTURE_WINDOW_S } from "./plan/expectation.ts";
import { makePlan, type Plan } from "./plan/plan.ts";
import { openProgress, type Progress } from "./progress.ts";
import { errorsIn, unclearIn } from "./reconcile/log.ts";
import { reconcile } from "./reconcile/reconcile.ts";
import { differencesText, tableOf } from "./report.ts";
import { HOT_DAYS, waitForArchive } from "./system/archive.ts";
import { type SimulatedKafka, startKafka } from "./system/kafka.ts";
import { closeReceivers, makeMerchants, type OpenMerchant } from "./system/merchants.ts";
import { type SimulatedProcessor, startProcessor } from "./system/processor.ts";
import { prepareServer, type SimulatedServer } from "./system/server.ts";
import { type SimulatedStripe, startSimulatedStripe } from "./system/stripe.ts";
import { type AttemptEnd, noAttempts } from "./traffic/api.ts";
import { openChaos } from "./traffic/chaos.ts";
import { openClient } from "./traffic/client.ts";
import { runTraffic } from "./traffic/traffic.ts";
import type { OrderRecord, World } from "./world.ts";

/** Room for what is far behind, such as retries with growing delays, and for what has to expire; more of it for more
 *  orders. */
const SETTLE_LIMIT_MS = 120_000 + CAPTURE_WINDOW_S * 1_000;
const SETTLE_LIMIT_PER_ORDER_MS = 60;

type System = {
  plan: Plan;
  options: Options;
  server: SimulatedServer;
  kafka: SimulatedKafka;
  processor: SimulatedProcessor;
  stripe: SimulatedStripe | null;
};
type Sending = System & { merchants: OpenMerchant[]; progress: Progress };

/** Sends the plan's traffic, with its faults; gives what the clients learned. */
async function send({ plan, merchants, server, kafka, stripe, options, progress }: Sending) {
  const { orders } = plan;
  const records: OrderRecord[] = [];
  const clients = merchants.map(({ api, own }) =>
    openClient({ api, own_url: own.url, orders, records }),
  );
  const visit = async (index: number, part: number) => {
    const order = orders[index];
    const client = order && clients[order.merchant];
    if (!client) throw new Error(`the plan has no order ${index}`);
    await client(order, part);
  };
  const chaos = openChaos({ faults: plan.faults, server, kafka });
  const started = Date.now();
  await runTraffic({
    queue: plan.queue,
    visit,
    ...options,
    progress: (done) => {
      chaos.reached(done / plan.queue.length);
      const rate = Math.round((done * 1_000) / (Date.now() - started));
      const faults = options.chaos ? `, ${chaos.counts.kills} kills` : "";
      progress.show(done / plan.queue.length, `${done} visits, ${rate} a second${faults}`);
    },
  });
  await chaos.ended();
  await stripe?.visitDashboard();
  return { records, chaos: chaos.counts };
}

async function simulateOn(system: System): Promise<World> {
  const { plan, server, kafka, processor, stripe } = system;
  const attempts = noAttempts();
  let isTraffic = false;
  const seen = (end: AttemptEnd) => {
    if (isTraffic) attempts[end]++;
  };
  const progress = openProgress();
  await server.start();
  const merchants = await makeMerchants({ plan, server, seen });
  try {
    isTraffic = true;
    const sent = await send({ ...system, merchants, progress });
    isTraffic = false;
    progress.end(`All is sent. Waiting until everything has settled.`);
    const limit_ms = SETTLE_LIMIT_MS + plan.orders.length * SETTLE_LIMIT_PER_ORDER_MS;
    const upcoming = () => stripe?.upcoming() ?? 0;
    const unsettled = await settle({ server, merchants, upcoming, limit_ms, progress });
    progress.end(unsettled === "" ? "Settled. Comparing." : `Not settled: ${unsettled}.`);
    const archived = system.options.archive ? await waitForArchive(server) : null;
    const observed = await observe({ plan, merchants, server, progress });
    const log = readFileSync(server.log, "utf8");
    const [errors, unclear] = [errorsIn(log), unclearIn(log)];
    const seen = { attempts, kafka, processor, errors, unclear, unsettled };
    if (archived !== null) progress.end(`${archived} payments were moved to the archive.`);
    if (archived === 0) throw new Error("nothing was archived");
    return { plan, ...sent, ...observed, ...seen, stripe: stripe?.view() ?? null };
  } finally {
    closeReceivers(merchants);
  }
}

/** Runs a simulation, with the server's state in a folder of its own, and prints what became of it; gives the
 *  number of differences. */
export async function simulate(options: Options, state: string): Promise<number> {
  const started = Date.now();
  const plan = makePlan(options);
  const { orders, digest } = plan;
  const customers = new Set(orders.map(({ body }) => body.user_id)).size;
  console.log(
    `Seed ${plan.seed}: ${orders.length} orders of ${customers} customers, plan ${digest}.`,
  );
  console.log("Starting a server.");
  const kafka = await startKafka();
  const processor = await startProcessor();
  const stripe =
    plan.processor === "stripe"
      ? await startSimulatedStripe(plan.seed, () => server.address())
      : null;
  const server = await prepareServer(state, {
    KAFKA_REST_URL: kafka.url,
    PROCESSOR_URL: processor.url,
    ...(options.archive ? { HOT_DAYS } : {}),
    ...stripe?.settings,
  });
  try {
    const world = await simulateOn({ plan, options, server, kafka, processor, stripe });
    const differences = reconcile(world);
    const s = Math.round((Date.now() - started) / 1_000);
    console.log(`\n${tableOf(world)}\n\n${differencesText(differences)}`);
    console.log(`${s} s, seed ${plan.seed}, plan ${digest}.`);
    return differences.length;
  } finally {
    await server.stop();
    kafka.close();
    processor.close();
    stripe?.close();
  }
}
