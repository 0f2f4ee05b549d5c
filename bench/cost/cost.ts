// `npm run cost`: what a payment, a refund, a webhook delivery, a get and a list cost, in what the platform bills and in dollars.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { errorMessage } from "../../scripts/processes/errors.ts";
import { buildWorker, newRunFolder } from "../fresh-server.ts";
import { type Counts, divide, subtract } from "./counts.ts";
import { dollarsForMillion, withBytesOf, withLater } from "./dollars.ts";
import { type Measured, measure, type Workload } from "./measure.ts";
import { PRICES } from "./prices.ts";
import { printDollars, printUnits } from "./show.ts";

const CONNECTIONS = 32;
const PACED_SHARDS = 16;
const INTERVAL_MS = 1_500;
const FULL = { payments: 3_000, per_shard: 24, reads: 200, others: 1_000 };
const QUICK = { payments: 500, per_shard: 8, reads: 50, others: 200 };
const USAGE = `usage: npm run cost -- [options]
  --quick      ${QUICK.payments} payments at once and ${QUICK.per_shard} a shard at a pace, instead of ${FULL.payments} and ${FULL.per_shard}
  --json FILE  write the counts and dollars there too
  --help`;

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "string" },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}
try {
  await main(values.quick ? QUICK : FULL, values.json);
  process.exit(0);
} catch (error) {
  console.error(errorMessage(error));
  process.exit(1);
}

async function main({ payments, per_shard, reads, others }: typeof FULL, json: string | undefined) {
  const dir = newRunFolder();
  const build = await buildWorker(dir);
  const run = (name: string, has_endpoint: boolean) => {
    const own = name.startsWith("busy")
      ? {
          ...{ kind: "busy" as const, shards: 1, connections: CONNECTIONS, payments },
          others: has_endpoint ? 0 : others,
        }
      : { kind: "paced" as const, shards: PACED_SHARDS, interval_ms: INTERVAL_MS, per_shard };
    const workload: Workload = { ...own, name, has_endpoint, reads: has_endpoint ? 0 : reads };
    return measure(build, join(dir, name), workload);
  };
  const busy = await run("busy", false);
  const busyWith = await run("busy-endpoint", true);
  // These two leave the machine idle most of the time.
  const [paced, pacedWith] = await Promise.all([run("paced", false), run("paced-endpoint", true)]);

  const units = {
    [`a payment, busy: ${CONNECTIONS} connections, 1 shard`]: total(busy),
    [`a payment, paced: one each ${INTERVAL_MS / 1_000} s of each of ${PACED_SHARDS} shards`]:
      withBytesOf(total(paced), busy.a_payment),
    "a webhook delivery, busy": aDelivery(busyWith, busy),
    "a webhook delivery, paced": withBytesOf(
      aDelivery(pacedWith, paced),
      aDelivery(busyWith, busy),
    ),
    ...Object.fromEntries(
      Object.entries(busy.others).map(([name, one]) => [
        `${name}, busy`,
        // A refund is no payment, so no sweep deletes anything of it.
        name === "a refund" ? one : withLater(one, busy.later),
      ]),
    ),
    ...(busy.a_get && { "a get": busy.a_get }),
    ...(busy.a_list && { "a list, 1 shard": busy.a_list }),
    ...(paced.a_list && { [`a list, ${PACED_SHARDS} shards`]: paced.a_list }),
  };
  const perPayment = busyWith.deliveries / busyWith.payments;
  const dollars = Object.fromEntries(
    Object.entries(units).map(([name, one]) => [name, dollarsForMillion(one)]),
  );
  printUnits(units);
  printDollars(dollars, perPayment);
  if (json !== undefined) {
    const facts = { date: new Date().toISOString(), deliveries_a_payment: perPayment };
    writeFileSync(
      json,
      `${JSON.stringify({ ...facts, units, dollars, prices: PRICES }, null, 2)}\n`,
    );
  }
}

/** With what the sweeps write later. */
function total({ a_payment, later }: Measured): Counts {
  return withLater(a_payment, later);
}

/** What an endpoint adds to a payment, for one of the deliveries. */
function aDelivery(withEndpoint: Measured, without: Measured): Counts {
  const added = subtract(total(withEndpoint), total(without));
  return divide(added, withEndpoint.deliveries / withEndpoint.payments);
}
