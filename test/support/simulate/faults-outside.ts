/** Faults that a system could have in its output: webhooks, the event stream, metrics, its log. */
import type { Fault } from "./faults-inside";
import { at, deliveryTo, endpointOf, firstOf, merchantOf, sampleOf } from "./look";

const MISCOUNTED: [series: string, labels: Record<string, string>][] = [
  ["payments_transaction_events_total", { type: "transaction.completed" }],
  ["payments_transactions", { status: "completed" }],
  ["payments_refunds", { status: "succeeded" }],
  ["payments_risk_decisions_total", { decision: "block" }],
  ["payments_charges_total", { operation: "charge", outcome: "settled" }],
  ["payments_charges_total", { operation: "capture", outcome: "unknown" }],
  ["payments_charges_total", { operation: "refund", outcome: "declined" }],
  ["payments_commands_total", { outcome: "captured" }],
  ["payments_commands_total", { outcome: "expired" }],
  ["payments_commands_total", { kind: "refund", outcome: "replayed" }],
  ["payments_commands_total", { outcome: "created" }],
  ["payments_commands_total", { outcome: "replayed" }],
  ["payments_commands_total", { outcome: "conflict" }],
  ["payments_outbox_delivered_events_total", { destination: "stream" }],
  ["payments_outbox_delivered_events_total", { destination: "velocity" }],
  ["payments_webhook_attempts_total", { outcome: "delivered" }],
  ["payments_webhook_deliveries_total", { status: "succeeded" }],
  ["payments_webhook_backlog", { status: "pending" }],
  ["payments_webhook_endpoints", { state: "enabled" }],
];

const miscounted = MISCOUNTED.map(
  ([series, labels]): Fault => [
    `${series} of ${Object.values(labels)} that is one too many`,
    `metrics: ${series}{`,
    (world) => sampleOf(world, series, labels).value++,
  ],
);

export const FAULTS_OUTSIDE: Fault[] = [
  ...miscounted,
  [
    "an event that a receiver never got",
    /slow endpoint: evt_\S+ did not arrive, of 0 attempts/,
    (world) => endpointOf(world, "slow").log.delete(firstOf(endpointOf(world, "slow").log)[0]),
  ],
  [
    "an event that a receiver never took",
    /flaky endpoint: evt_mer_0-order-\d+_\d did not arrive, of 1 attempts/,
    (world) => Object.assign(at(firstOf(endpointOf(world, "flaky").log)[1], 0), { status: 500 }),
  ],
  [
    "a webhook that is not the API's event",
    "it got evt_mer_0-order-1_1 with another body than the API tells",
    (world) => Object.assign(at(firstOf(endpointOf(world, "fine").log)[1], 0), { text: "{}" }),
  ],
  [
    "a webhook that is not signed",
    "it could not verify evt_1: no signature",
    (world) => endpointOf(world, "hanging").unverified.push("evt_1: no signature"),
  ],
  [
    "a webhook that was not expected",
    "it got evt_other, which is not for it",
    (world) => endpointOf(world, "fine").log.set("evt_other", [{ text: "{}", status: 204 }]),
  ],
  [
    "another merchant's event at a receiver",
    "webhooks: mer_0 fine endpoint: it got evt_mer_1-order-1_1, which is not for it",
    (world) => {
      const { data, type, created_at, id } = at(at(world.merchants, 1).feed, 0);
      const text = JSON.stringify({ type, timestamp: created_at, data });
      endpointOf(world, "fine").log.set(id, [{ text, status: 204 }]);
    },
  ],
  [
    "an event that a transaction's own URL never got",
    /webhook_url: evt_\S+ did not arrive/,
    (world) => merchantOf(world).own.log.delete(firstOf(merchantOf(world).own.log)[0]),
  ],
  [
    "a delivery that the log has lost",
    /hanging endpoint: evt_\S+ has 0 deliveries in the log/,
    (world) => {
      const lost = deliveryTo(world, "hanging");
      merchantOf(world).deliveries = merchantOf(world).deliveries.filter((one) => one !== lost);
    },
  ],
  [
    "a delivery that arrived and is pending in the log",
    "evt_mer_0-order-1_1 is pending in the delivery log",
    (world) => Object.assign(deliveryTo(world, "fine"), { status: "pending" }),
  ],
  [
    "a delivery that is succeeded without a response",
    "is succeeded though nobody answered",
    (world) => Object.assign(deliveryTo(world, "hanging"), { status: "succeeded" }),
  ],
  [
    "an attempt in the log that never arrived",
    "has more answers in the log than arrivals",
    (world) =>
      deliveryTo(world, "fine").attempts.unshift({ status_code: 500, error: "http_status" }),
  ],
  [
    "an arrival that the log does not have",
    "arrived 2 times, of 1 attempts in the log",
    (world) => {
      const [, arrivals] = firstOf(endpointOf(world, "fine").log);
      arrivals.push(at(arrivals, 0));
    },
  ],
  [
    "a delivery to an unknown endpoint",
    "delivery whd_0 is to nobody's endpoint",
    (world) => Object.assign(deliveryTo(world, "fine"), { endpoint_id: "whe_other" }),
  ],
  [
    "an event that is not in the topic",
    "kafka: 1 missing, such as evt_",
    (world) => world.kafka.records.pop(),
  ],
  [
    "a record of another system's event",
    "kafka: there is a record of nobody's: evt_other_1",
    (world) => {
      const { key, value, ...rest } = at(world.kafka.records, 0);
      const text = value.toString().replace(/"id":"evt_[^"]*"/, '"id":"evt_other_1"');
      world.kafka.records.push({ ...rest, key, value: Buffer.from(text) });
    },
  ],
  [
    "a topic out of order",
    "events of one key are out of order",
    (world) => world.kafka.records.reverse(),
  ],
  [
    "a record that is not the API's event",
    "its data are not the API's",
    (world) => {
      const record = at(world.kafka.records, 0);
      record.value = Buffer.from(record.value.toString().replace("pending", "completed"));
    },
  ],
  [
    "a record in another merchant's name",
    "merchantid is mer_9",
    (world) => {
      const record = at(world.kafka.records, 0);
      record.value = Buffer.from(record.value.toString().replace(/"mer_\d"/, '"mer_9"'));
    },
  ],
  [
    "a request to Kafka without sense",
    "a request made no sense: no topic",
    (world) => world.kafka.refused.push("no topic"),
  ],
  [
    "an outbox that is not empty",
    "payments_outbox_depth{} is 1 and not 0",
    (world) => world.metrics.push({ name: "payments_outbox_depth", labels: {}, value: 1 }),
  ],
  [
    "a shard that did not answer the scrape",
    "book did not answer the scrape",
    (world) => Object.assign(sampleOf(world, "payments_scrape_ok", {}), { value: 0 }),
  ],
  [
    "an unexpected error in the log",
    "log: the server logged alarm.failed 2 times",
    (world) => world.errors.set("alarm.failed", 2),
  ],
];
