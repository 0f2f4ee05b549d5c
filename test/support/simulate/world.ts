/** What the simulator would see of a system without faults: a world to plant faults in. It is built from
 *  the plan alone, by the simplest code that will do, and shares no objects between what different
 *  observers have seen. */

import type { TopicRecord } from "../../../scripts/kafka/verdict";
import { ENDPOINTS, type Plan } from "../../../simulate/plan/plan";
import { noAttempts } from "../../../simulate/traffic/api";
import type {
  MerchantView,
  ProcessorView,
  ReceiverView,
  Refund,
  Transaction,
  TransactionEvent,
  World,
} from "../../../simulate/world";
import { openBank } from "./bank";
import { live } from "./life";
import { at } from "./look";
import { metricsOf } from "./metrics";

const copy = structuredClone;

export function idealWorld(plan: Plan): World {
  const merchants = Array.from({ length: plan.merchants }, (_, at) => emptyMerchant(at));
  const payments = new Map<string, number>();
  const { view: processor, operate } = openBank();
  const batched = batchesOf(plan);
  const records = plan.orders.map((order) => {
    const merchant = at(merchants, order.merchant);
    const customer = `${merchant.id} ${order.body.user_id}`;
    payments.set(customer, (payments.get(customer) ?? 0) + 1);
    const payment = payments.get(customer) ?? 0;
    const times = batched.get(order.index) ?? 0;
    const { record, life } = live(order, merchant, payment, times, operate);
    tell(merchant, life);
    return record;
  });
  for (const merchant of merchants) {
    merchant.list.sort((a, b) => (place(a) < place(b) ? 1 : -1));
    merchant.refund_list.sort((a, b) => (place(a) < place(b) ? 1 : -1));
    deliver(merchant);
  }
  const events = merchants.flatMap(({ id, feed }) => feed.map((event) => ({ id, event })));
  return {
    plan,
    records,
    merchants,
    metrics: metricsOf(merchants, records, processor),
    processor,
    stripe: null,
    kafka: { records: events.map(({ id, event }) => stream(id, event)), refused: [], failed: 0 },
    attempts: noAttempts(),
    chaos: { kills: 0, outages: 0 },
    errors: new Map(),
    unclear: unclearOf(processor),
    unsettled: "",
  };
}

/** How often batches create each order: one of them twice, and all of them as often as the batch is sent. */
function batchesOf({ orders }: Plan): Map<number, number> {
  const times = new Map<number, number>();
  for (const { batch, visits } of orders) {
    const sent = (visits[0] ?? []).flatMap(({ calls }) => calls).filter((call) => call === "batch");
    for (const index of [...batch, ...batch.slice(0, 1)]) {
      times.set(index, (times.get(index) ?? 0) + sent.length);
    }
  }
  return times;
}

function unclearOf({ operations }: ProcessorView): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { operation, unclear } of operations.values()) {
    counts.set(operation, (counts.get(operation) ?? 0) + unclear);
  }
  return counts;
}

const place = ({ created_at, id }: Transaction | Refund): string => `${created_at} ${id}`;

function emptyMerchant(number: number): MerchantView {
  const receiver = (kind: string, events: string[]): ReceiverView => ({
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
    refund_list: [],
    refunds: new Map(),
    exact_refunds: new Map(),
  };
}

function tell(
  merchant: MerchantView,
  { now, events, refunds }: ReturnType<typeof live>["life"],
): void {
  merchant.by_key.set(now.idempotency_key, copy(now));
  merchant.exact.set(now.id, copy(now));
  merchant.list.push(copy(now));
  merchant.logs.set(now.id, copy(events));
  merchant.feed.push(...copy(events));
  merchant.refunds.set(now.id, copy(refunds));
  merchant.refund_list.push(...copy(refunds));
  for (const refund of refunds) merchant.exact_refunds.set(refund.id, copy(refund));
}

function deliver({ feed, endpoints, own, deliveries, exact }: MerchantView): void {
  const send = (
    receiver: ReceiverView,
    endpoint_id: string | null,
    event: TransactionEvent,
  ): void => {
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
    if (exact.get(event.transaction_id)?.webhook_url === own.url) send(own, null, event);
  }
}

function stream(merchantId: string, event: TransactionEvent): TopicRecord {
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
