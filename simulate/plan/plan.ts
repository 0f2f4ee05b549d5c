// What will be sent, all of it, as a pure function of the options: nothing in here depends on the time, a
// port or an id. What the system makes of it, and in which order, is left to the run.
import { createHash } from "node:crypto";
import { makeOrder, type Order, type ProcessorName, type Role } from "./orders.ts";
import { type Random, randomOf } from "./random.ts";
import { readStep } from "./stories.ts";

export type Outage = "down" | "lost" | "hang";
export type Kill = { kind: "kill"; share: number; delay_ms: number };
export type KafkaOutage = { kind: "outage"; share: number; mode: Outage; lasts_ms: number };
/** What breaks when this share of the visits is done. */
export type Fault = Kill | KafkaOutage;
export type Visit = [order: number, part: number];

export type Plan = {
  seed: string;
  digest: string;
  processor: ProcessorName;
  merchants: number;
  orders: Order[];
  queue: Visit[];
  faults: Fault[];
};

/** What of the options the plan depends on. */
export type PlanOptions = {
  seed: string;
  transactions: number;
  merchants: number;
  customers: number;
  chaos: boolean;
  processor: ProcessorName;
};

export type EndpointKind = "fine" | "flaky" | "slow" | "hanging";

const FIRST_MERCHANT_WEIGHT = 8;
const HOME_SHARE = 0.9;
/** The more, the fewer customers buy most of it. */
const SKEW = 2;

/** One burst of each kind for so many orders. */
const ORDERS_PER_BURST = 750;
/** One customer, many small payments: above the daily limit at any size of a run. */
const RUSH_ORDERS = 25;
/** Large amounts one after the other, as with stolen cards. */
const SPREE_ORDERS = 8;

const LATER_ORDERS: [number, number] = [10, 150];

/** How many orders begin a batch, how many orders of the same merchant it creates at most, and how it is sent. */
const BATCH_SHARE = 0.04;
const BATCH_ORDERS_MAX = 8;
const BATCHES = ["batch", "batch", "batch*2", "batch!"];
const KILLS = 4;
const KILL_DELAY_MS: [number, number] = [0, 600];
const OUTAGES: Outage[] = ["down", "lost", "hang"];
const OUTAGE_MS: [number, number] = [2_000, 5_000];
/** Not before there is traffic, and not when hardly any is left. */
const [FAULTS_FROM, FAULTS_TO] = [0.1, 0.9];

/** Kinds of receivers that each merchant registers, and what they ask for. */
export const ENDPOINTS: { kind: EndpointKind; events: string[] }[] = [
  { kind: "fine", events: ["*"] },
  {
    kind: "flaky",
    events: [
      "transaction.completed",
      "transaction.failed",
      "transaction.captured",
      "refund.succeeded",
    ],
  },
  {
    kind: "slow",
    events: [
      "transaction.failed",
      "transaction.cancelled",
      "transaction.voided",
      "transaction.capture_expired",
      "refund.failed",
    ],
  },
  { kind: "hanging", events: ["transaction.cancelled", "transaction.authorized"] },
];

function merchantWeights(count: number): Record<string, number> {
  const entries = Array.from({ length: count }, (_, at) => [at, FIRST_MERCHANT_WEIGHT / (at + 1)]);
  return Object.fromEntries(entries);
}

/** Whose orders these are and of what kind, one entry for each. */
function drawCast({ seed, transactions, merchants, customers }: PlanOptions): Role[] {
  const weights = merchantWeights(merchants);
  const homes = Array.from({ length: customers }, (_, at) =>
    Number(randomOf(seed, "customer", at).weighted(weights)),
  );
  const cast: Role[][] = [];
  const bursts = Math.ceil(transactions / ORDERS_PER_BURST);
  for (let burst = 0; burst < bursts; burst++) {
    const merchant = Number(randomOf(seed, "burst", burst).weighted(weights));
    const rush: Role = { merchant, user_id: `rush_${burst}`, size: "usual" };
    const spree: Role = { merchant, user_id: `spree_${burst}`, size: "huge", story: "plain" };
    cast.push(Array.from({ length: RUSH_ORDERS }, () => rush));
    cast.push(Array.from({ length: SPREE_ORDERS }, () => spree));
  }
  const usual = Math.max(0, transactions - bursts * (RUSH_ORDERS + SPREE_ORDERS));
  for (let at = 0; at < usual; at++) {
    const random = randomOf(seed, "visitor", at);
    const customer = Math.floor(customers * random.unit() ** SKEW);
    const isHome = random.chance(HOME_SHARE);
    const home = homes[customer];
    const merchant = isHome && home !== undefined ? home : random.whole(0, merchants - 1);
    cast.push([{ merchant, user_id: `customer_${customer}` }]);
  }
  return shuffled(cast, randomOf(seed, "cast")).flat().slice(0, transactions);
}

function shuffled<Value>(list: Value[], random: Random): Value[] {
  const mixed = [...list];
  for (let at = mixed.length - 1; at > 0; at--) {
    const other = random.whole(0, at);
    const [last] = mixed.splice(at, 1, ...mixed.slice(other, other + 1));
    if (last !== undefined) mixed[other] = last;
  }
  return mixed;
}

/** Has some orders begin with a batch, which creates the next orders of the merchant too; these create themselves as well,
 *  before it, meanwhile or later. */
function addBatches(orders: Order[], random: Random): void {
  for (const order of orders) {
    if (!random.chance(BATCH_SHARE)) continue;
    const near = orders.slice(order.index, order.index + 4 * BATCH_ORDERS_MAX);
    const own = near.filter(({ merchant }) => merchant === order.merchant);
    order.batch = own.slice(0, random.whole(1, BATCH_ORDERS_MAX)).map(({ index }) => index);
    order.visits.unshift([readStep(random.pick(BATCHES), random)]);
  }
}

/** Who comes when: `[order, part]` in the order of their beginnings. */
function drawQueue(orders: Order[], random: Random): Visit[] {
  const places = orders.flatMap(({ index, visits }) => {
    let at = index;
    return visits.map((_, part) => {
      if (part > 0) at += random.whole(...LATER_ORDERS) + 0.5;
      const visit: Visit = [index, part];
      return { at, visit };
    });
  });
  return places.sort((a, b) => a.at - b.at).map(({ visit }) => visit);
}

/** When which fault happens, in shares of the visits done, and how long it lasts. */
function drawFaults(random: Random): Fault[] {
  const share = () => FAULTS_FROM + random.unit() * (FAULTS_TO - FAULTS_FROM);
  // The last one is when all is sent and much of it has not yet been handed on.
  const kills = [...Array.from({ length: KILLS - 1 }, share), 1].map(
    (at): Fault => ({
      kind: "kill",
      share: at,
      delay_ms: random.whole(...KILL_DELAY_MS),
    }),
  );
  const outages = OUTAGES.map(
    (mode): Fault => ({
      kind: "outage",
      share: share(),
      mode,
      lasts_ms: random.whole(...OUTAGE_MS),
    }),
  );
  return [...kills, ...outages].sort((a, b) => a.share - b.share);
}

/** The whole plan, and a digest of it. */
export function makePlan(options: PlanOptions): Plan {
  const { seed, merchants, chaos, processor } = options;
  const numbers = new Map<number, number>();
  const cast = drawCast(options);
  const orders = cast.map((role, index) => {
    // Keys are a merchant's own: the same ones are used at every merchant on purpose.
    const number = (numbers.get(role.merchant) ?? 0) + 1;
    numbers.set(role.merchant, number);
    const order = { index, key: `order-${number}`, ...role };
    return makeOrder(randomOf(seed, "order", index), processor, order);
  });
  addBatches(orders, randomOf(seed, "batches"));
  const queue = drawQueue(orders, randomOf(seed, "queue"));
  const faults = chaos ? drawFaults(randomOf(seed, "faults")) : [];
  const plan = { seed, merchants, orders, queue, faults };
  const digest = createHash("sha256").update(JSON.stringify(plan)).digest("hex").slice(0, 16);
  return { ...plan, processor, digest };
}
