// One simulation from its plan to its verdict.
import { readFileSync } from "node:fs";
import { openChaos } from "./chaos.mjs";
import { openClient } from "./client.mjs";
import { startKafka } from "./kafka.mjs";
import { observe } from "./observe.mjs";
import { makePlan } from "./plan.mjs";
import { openProgress } from "./progress.mjs";
import { errorsIn } from "./reconcile/log.mjs";
import { reconcile } from "./reconcile.mjs";
import { differencesText, tableOf } from "./report.mjs";
import { prepareServer } from "./server.mjs";
import { settle } from "./settle.mjs";
import { runTraffic } from "./traffic.mjs";
import { closeReceivers, makeMerchants } from "./world.mjs";

/** Room for what is far behind, such as retries with growing delays, and more of it for more orders. */
const SETTLE_LIMIT_MS = 120_000;
const SETTLE_LIMIT_PER_ORDER_MS = 60;

const ENDS = ["answered", "hung_up", "cut", "too_late", "faulted", "unavailable", "limited"];

/** Sends the plan's traffic, with its faults; gives what the clients learned. */
async function send({ plan, merchants, server, kafka, options, progress }) {
  const records = [];
  const clients = merchants.map(({ api, own }) => openClient({ api, own_url: own.url, records }));
  const chaos = openChaos({ faults: plan.faults, server, kafka });
  const visit = (order, part) => clients[plan.orders[order].merchant](plan.orders[order], part);
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
  return { records, chaos: chaos.counts };
}

async function simulateOn({ plan, options, server, kafka }) {
  const attempts = Object.fromEntries(ENDS.map((end) => [end, 0]));
  let isTraffic = false;
  const seen = (end) => {
    if (isTraffic) attempts[end]++;
  };
  const progress = openProgress();
  await server.start();
  const merchants = await makeMerchants({ plan, server, seen });
  try {
    isTraffic = true;
    const sent = await send({ plan, merchants, server, kafka, options, progress });
    isTraffic = false;
    progress.end(`All is sent. Waiting until everything has settled.`);
    const limit_ms = SETTLE_LIMIT_MS + plan.orders.length * SETTLE_LIMIT_PER_ORDER_MS;
    const unsettled = await settle({ server, merchants, limit_ms, progress });
    progress.end(unsettled === "" ? "Settled. Comparing." : `Not settled: ${unsettled}.`);
    const observed = await observe({ plan, merchants, server, progress });
    const errors = errorsIn(readFileSync(server.log, "utf8"));
    return { plan, ...sent, ...observed, attempts, kafka, errors, unsettled };
  } finally {
    closeReceivers(merchants);
  }
}

/** Runs a simulation and prints what became of it; gives the number of differences. */
export async function simulate(options) {
  const started = Date.now();
  const plan = makePlan(options);
  const { orders, digest } = plan;
  const customers = new Set(orders.map(({ body }) => body.user_id)).size;
  console.log(
    `Seed ${plan.seed}: ${orders.length} orders of ${customers} customers, plan ${digest}.`,
  );
  console.log("Starting a server.");
  const kafka = await startKafka();
  const server = await prepareServer({ KAFKA_REST_URL: kafka.url });
  try {
    const world = await simulateOn({ plan, options, server, kafka });
    const differences = reconcile(world);
    const s = Math.round((Date.now() - started) / 1_000);
    console.log(`\n${tableOf(world)}\n\n${differencesText(differences)} ${s} s, plan ${digest}.`);
    return differences.length;
  } finally {
    await server.stop();
    kafka.close();
  }
}
