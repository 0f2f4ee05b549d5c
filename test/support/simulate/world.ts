/** What the simulator would see of a system without faults: a world to plant faults in. It is built from
 *  the plan alone, by the simplest code that will do, and shares no objects between what different
 *  observers have seen. */

import type { TopicRecord } from "../../../scripts/kafka/verdict";
import { ENDPOINTS, type Plan } from "../../../simulate/plan/plan";
import { noAttempts } from "../../../simulate/traffic/api";
import type {
  MerchantView,
  ReceiverView,
  Transaction,
  TransactionEvent,
  World,
} from "../../../simulate/world";
import { live } from "./life";
import { at } from "./look";
import { metricsOf } from "./metrics";

const copy = structuredClone;

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
  return {
    plan,
    records,
    merchants,
    metrics: metricsOf(merchants, records),
    kafka: { records: events.map(({ id, event }) => stream(id, event)), refused: [], failed: 0 },
    attempts: noAttempts(),
    chaos: { kills: 0, outages: 0 },
    errors: new Map(),
    unsettled: "",
  };
}

const place = ({ created_at, id }: Transaction): string => `${created_at} ${id}`;

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
  };
}

function tell(merchant: MerchantView, events: TransactionEvent[]): void {
  const { data } = at(events, -1);
  merchant.by_key.set(data.idempotency_key, copy(data));
  merchant.exact.set(data.id, copy(data));
  merchant.list.push(copy(data));
  merchant.logs.set(data.id, copy(events));
  merchant.feed.push(...copy(events));
}

function deliver({ feed, endpoints, own, deliveries }: MerchantView): void {
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
    if (event.data.webhook_url === own.url) send(own, null, event);
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
