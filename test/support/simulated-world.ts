/** What the simulator would see of a system without faults: a world to plant faults in. It is built from
 *  the plan alone, by the simplest code that will do, and shares no objects between what different
 *  observers have seen. */
import { assess, chargeOutcome } from "../../scripts/simulate/expectation.mjs";
import type { Sample } from "../../scripts/simulate/exposition.mjs";
import { ENDPOINTS, type Order, type Plan } from "../../scripts/simulate/plan.mjs";

export type Seen = {
  id: string;
  idempotency_key: string;
  user_id: string;
  amount_minor: number;
  currency: string;
  status: string;
  fraud_score: number;
  risk: { decision: string; reasons: { rule: string }[] };
  failure: { code: string } | null;
  description: string | null;
  metadata: Record<string, string>;
  webhook_url: string | null;
  version: number;
  created_at: string;
};
export type SeenEvent = {
  id: string;
  type: string;
  sequence: number;
  transaction_id: string;
  created_at: string;
  data: Seen;
};
export type Answer = {
  call: string;
  floor: number;
  status: number;
  code: string | null;
  transaction?: Seen;
  replayed?: boolean;
  text?: string;
  pointers?: string[];
  list?: unknown[];
};
export type Receiver = {
  id: string;
  kind: string;
  events: string[];
  url: string;
  log: Map<string, { text: string; status: number | null }[]>;
  unverified: string[];
};
export type Delivery = {
  id: string;
  endpoint_id: string | null;
  event_id: string;
  status: string;
  attempts: { status_code: number | null; error: string | null }[];
};
export type Merchant = {
  id: string;
  endpoints: Receiver[];
  own: Receiver;
  list: Seen[];
  feed: SeenEvent[];
  deliveries: Delivery[];
  by_key: Map<string, Seen | null>;
  exact: Map<string, Seen>;
  logs: Map<string, SeenEvent[]>;
};
export type StreamRecord = { key: Buffer; value: Buffer; headers: object; partition: number };
type Life = {
  order: Order;
  id: string;
  version: number;
  creates: number;
  answers: Answer[];
  unanswered: string[];
};
export type World = {
  plan: Plan;
  records: Life[];
  merchants: Merchant[];
  metrics: Sample[];
  kafka: { records: StreamRecord[]; refused: string[]; failed: number };
  attempts: Record<string, number>;
  chaos: { kills: number; outages: number };
  unsettled: string;
};

const copy = structuredClone;
const NAMES: Record<string, string> = { pending: "created" };

export function idealWorld(plan: Plan): World {
  const merchants = Array.from({ length: plan.merchants }, (_, at) => emptyMerchant(at));
  const payments = new Map<string, number>();
  const records = plan.orders.map((order) => {
    const merchant = at(merchants, order.merchant);
    const customer = `${merchant.id} ${order.body.user_id}`;
    payments.set(customer, (payments.get(customer) ?? 0) + 1);
    const { record, events } = live(order, merchant, payments.get(customer) ?? 0);
    tell(merchant, events);
    return record;
  });
  for (const merchant of merchants) {
    merchant.list.sort((a, b) => (place(a) < place(b) ? 1 : -1));
    deliver(merchant);
  }
  const events = merchants.flatMap(({ id, feed }) => feed.map((event) => ({ id, event })));
  const ends = ["answered", "hung_up", "cut", "too_late", "unavailable", "limited"];
  return {
    plan,
    records,
    merchants,
    metrics: count(
      events.map(({ event }) => event),
      records,
    ),
    kafka: { records: events.map(({ id, event }) => stream(id, event)), refused: [], failed: 0 },
    attempts: Object.fromEntries(ends.map((end) => [end, 0])),
    chaos: { kills: 0, outages: 0 },
    unsettled: "",
  };
}

const place = ({ created_at, id }: Seen): string => `${created_at} ${id}`;

export function at<Value>(list: Value[], index: number): Value {
  const found = list.at(index);
  if (found === undefined) throw new Error(`there is nothing at ${index}`);
  return found;
}

function emptyMerchant(number: number): Merchant {
  const receiver = (kind: string, events: string[]): Receiver => ({
    id: `whe_${number}_${kind}`,
    kind,
    events,
    url: `http://127.0.0.1:1/${number}/${kind}`,
    log: new Map(),
    unverified: [],
  });
  return {
    id: `mer_${number}`,
    endpoints: ENDPOINTS.map(({ kind, events }) => receiver(kind, events)),
    own: { ...receiver("fine", []), url: `http://127.0.0.1:1/${number}/own` },
    list: [],
    feed: [],
    deliveries: [],
    by_key: new Map(),
    exact: new Map(),
    logs: new Map(),
  };
}

/** Carries out an order's calls one after the other; its answers and its events. */
function live(order: Order, merchant: Merchant, payment: number) {
  const { score, rules, isBlocked } = assess(order, payment > 10);
  let now: Seen = {
    id: `txn_${merchant.id}-${order.key}`,
    idempotency_key: order.key,
    user_id: order.body.user_id,
    amount_minor: order.amount_minor,
    currency: order.currency,
    status: "pending",
    fraud_score: score,
    risk: { decision: isBlocked ? "block" : "approve", reasons: rules.map((rule) => ({ rule })) },
    failure: null,
    description: order.body.description ?? null,
    metadata: order.body.metadata,
    webhook_url: order.wants_own_url ? merchant.own.url : null,
    version: 1,
    created_at: new Date(order.index * 1_000).toISOString(),
  };
  const events = [eventOf(now)];
  const move = (status: string, code: string | null = null): void => {
    now = { ...now, status, failure: code === null ? null : { code }, version: now.version + 1 };
    events.push(eventOf(now));
  };
  if (isBlocked) move("failed", "risk_blocked");
  const first = copy(now);
  const record: Life = { order, id: now.id, version: 0, creates: 0, answers: [], unanswered: [] };
  for (const call of order.visits.flat().flatMap(({ calls }) => calls)) {
    const floor = record.version;
    const told = (transaction: Seen) => ({
      status: 200,
      code: null,
      transaction: copy(transaction),
    });
    const refused = { status: 409, code: "illegal_transition", pointers: [] };
    const isFinal = now.status === "completed" || (now.status === "failed" && !isBlocked);
    const answers: Record<string, () => Omit<Answer, "call" | "floor">> = {
      create: () => {
        const replayed = record.creates++ > 0;
        return { ...told(first), status: 201, replayed, text: JSON.stringify(first) };
      },
      reuse: () => ({ status: 422, code: "idempotency_key_reused", pointers: ["#/amount"] }),
      process: () => {
        const { status, code } = chargeOutcome({ ...order, metadata: order.body.metadata });
        if (now.status === "pending") {
          move("processing");
          move(status, code);
        } else if (!isFinal) return refused;
        return told(now);
      },
      cancel: () => {
        if (now.status === "pending") move("cancelled");
        return now.status === "cancelled" ? told(now) : refused;
      },
      get: () => told(now),
      key: () => told(now),
      list: () => ({ status: 200, code: null, list: [copy(now)] }),
      events: () => ({ status: 200, code: null, list: copy(events) }),
    };
    const answer = { call, floor, ...answers[call]?.() } as Answer; // Every call has a row above.
    record.answers.push(answer);
    record.version = Math.max(record.version, answer.transaction?.version ?? 0);
  }
  return { record, events };
}

function eventOf(data: Seen): SeenEvent {
  const id = `evt_${data.id.slice("txn_".length)}_${data.version}`;
  const type = `transaction.${NAMES[data.status] ?? data.status}`;
  const { id: transaction_id, version: sequence, created_at } = data;
  return { id, type, sequence, transaction_id, created_at, data: copy(data) };
}

function tell(merchant: Merchant, events: SeenEvent[]): void {
  const { data } = at(events, -1);
  merchant.by_key.set(data.idempotency_key, copy(data));
  merchant.exact.set(data.id, copy(data));
  merchant.list.push(copy(data));
  merchant.logs.set(data.id, copy(events));
  merchant.feed.push(...copy(events));
}

function deliver({ feed, endpoints, own, deliveries }: Merchant): void {
  const send = (receiver: Receiver, endpoint_id: string | null, event: SeenEvent): void => {
    const { id: event_id, type, created_at: timestamp, data } = event;
    const hangs = receiver.kind === "hanging";
    const text = JSON.stringify({ type, timestamp, data });
    receiver.log.set(event_id, [{ text, status: hangs ? null : 204 }]);
    const attempt = { status_code: hangs ? null : 204, error: hangs ? "timeout" : null };
    const status = hangs ? "pending" : "succeeded";
    const id = `whd_${deliveries.length}`;
    deliveries.push({ id, endpoint_id, event_id, status, attempts: [attempt] });
  };
  for (const event of feed) {
    for (const endpoint of endpoints) {
      const { events, id } = endpoint;
      if (events.includes("*") || events.includes(event.type)) send(endpoint, id, event);
    }
    if (event.data.webhook_url === own.url) send(own, null, event);
  }
}

function stream(merchantId: string, event: SeenEvent): StreamRecord {
  const value = {
    specversion: "1.0",
    id: event.id,
    source: "/payments",
    type: `payments.${event.type}.v1`,
    partitionkey: event.transaction_id,
    merchantid: merchantId,
    txseq: String(event.sequence).padStart(10, "0"),
    data: event.data,
  };
  return {
    key: Buffer.from(event.transaction_id),
    value: Buffer.from(JSON.stringify(value)),
    headers: { "content-type": "application/cloudevents+json; charset=UTF-8" },
    partition: 0,
  };
}

/** The metrics of exactly these events and answers. */
function count(events: SeenEvent[], records: Life[]): Sample[] {
  const samples = new Map<string, Sample>();
  const add = (name: string, labels: Record<string, string>, by = 1): void => {
    const key = JSON.stringify([name, labels]);
    const sample = samples.get(key) ?? { name: `payments_${name}`, labels, value: 0 };
    samples.set(key, { ...sample, value: sample.value + by });
  };
  for (const { type, data } of events) {
    const { currency, failure, amount_minor } = data;
    add("transaction_events_total", { type, currency, code: failure?.code ?? "" });
    for (const destination of ["book", "webhooks", "stream"]) {
      add("outbox_delivered_events_total", { destination });
    }
    if (type === "transaction.created")
      add("risk_decisions_total", { decision: data.risk.decision });
    if (type === "transaction.processing")
      add("commands_total", { kind: "process", outcome: "processed" });
    if (type === "transaction.cancelled")
      add("commands_total", { kind: "cancel", outcome: "cancelled" });
    if (type === "transaction.completed") {
      add("completed_amount_minor_total", { currency }, amount_minor);
      add("charges_total", { outcome: "settled" });
    }
    if (type === "transaction.failed" && failure?.code !== "risk_blocked") {
      add("charges_total", { outcome: "declined" });
    }
    if (type === "transaction.processing") {
      add("charges_total", { outcome: "unknown" }, chargeOutcome(data).unknowns);
    }
  }
  const last = new Map(events.map(({ data }) => [data.id, data]));
  for (const { status, failure } of last.values()) {
    add("transactions", { status });
    const outcome = failure?.code === "risk_blocked" ? "blocked" : "created";
    add("commands_total", { kind: "create", outcome });
  }
  for (const { call, replayed } of records.flatMap(({ answers }) => answers)) {
    if (replayed) add("commands_total", { kind: "create", outcome: "replayed" });
    if (call === "reuse") add("commands_total", { kind: "create", outcome: "conflict" });
  }
  add("scrape_ok", { source: "book" });
  return [...samples.values()];
}
