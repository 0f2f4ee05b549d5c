/** The metrics of a system without faults, of exactly these events and answers. */

import type { Sample } from "../../../simulate/observe/exposition";
import { chargeOutcome } from "../../../simulate/plan/expectation";
import type {
  Delivery,
  MerchantView,
  OrderRecord,
  Transaction,
  TransactionEvent,
} from "../../../simulate/world";

type Count = [name: string, labels: Record<string, string>, by?: number];

const TO_VELOCITY: Count = ["outbox_delivered_events_total", { destination: "velocity" }];

/** What an event of each type counts besides itself. */
const COUNTS: Record<string, (data: Transaction) => Count[]> = {
  "transaction.created": ({ risk }) => [["risk_decisions_total", { decision: risk.decision }]],
  "transaction.processing": (data) => [
    ["commands_total", { kind: "process", outcome: "processed" }],
    ["charges_total", { outcome: "unknown" }, chargeOutcome(data).unknowns],
  ],
  "transaction.completed": ({ currency, amount_minor }) => [
    ["completed_amount_minor_total", { currency }, amount_minor],
    ["charges_total", { outcome: "settled" }],
  ],
  "transaction.failed": ({ failure }) =>
    failure?.code === "risk_blocked"
      ? [TO_VELOCITY]
      : [TO_VELOCITY, ["charges_total", { outcome: "declined" }]],
  "transaction.cancelled": () => [
    TO_VELOCITY,
    ["commands_total", { kind: "cancel", outcome: "cancelled" }],
  ],
};

function countsOfEvent({ type, data }: TransactionEvent): Count[] {
  const { currency, failure } = data;
  return [
    ["transaction_events_total", { type, currency, code: failure?.code ?? "" }],
    ...["book", "webhooks", "stream"].map(
      (destination): Count => ["outbox_delivered_events_total", { destination }],
    ),
    ...(COUNTS[type]?.(data) ?? []),
  ];
}

function countsOfTransaction({ status, failure }: Transaction): Count[] {
  const outcome = failure?.code === "risk_blocked" ? "blocked" : "created";
  return [
    ["transactions", { status }],
    ["commands_total", { kind: "create", outcome }],
  ];
}

function countsOfRecord({ answers }: OrderRecord): Count[] {
  return answers.flatMap(({ call, replayed }): Count[] => {
    if (replayed) return [["commands_total", { kind: "create", outcome: "replayed" }]];
    if (call === "reuse") return [["commands_total", { kind: "create", outcome: "conflict" }]];
    return [];
  });
}

function countsOfDelivery({ status, attempts }: Delivery): Count[] {
  const isPending = status === "pending";
  return [
    [isPending ? "webhook_backlog" : "webhook_deliveries_total", { status }],
    ...attempts.map(
      ({ error }): Count => ["webhook_attempts_total", { outcome: error ?? "delivered" }],
    ),
  ];
}

export function metricsOf(merchants: MerchantView[], records: OrderRecord[]): Sample[] {
  const events = merchants.flatMap(({ feed }) => feed);
  const endpoints = merchants.flatMap((merchant) => merchant.endpoints);
  const last = new Map(events.map(({ data }) => [data.id, data]));
  const counts: Count[] = [
    ...events.flatMap(countsOfEvent),
    ...[...last.values()].flatMap(countsOfTransaction),
    ...records.flatMap(countsOfRecord),
    ...merchants.flatMap(({ deliveries }) => deliveries).flatMap(countsOfDelivery),
    ...endpoints.map((): Count => ["webhook_endpoints", { state: "enabled" }]),
    ["scrape_ok", { source: "book" }],
  ];
  const samples = new Map<string, Sample>();
  for (const [name, labels, by = 1] of counts) {
    const key = JSON.stringify([name, labels]);
    const sample = samples.get(key) ?? { name: `payments_${name}`, labels, value: 0 };
    samples.set(key, { ...sample, value: sample.value + by });
  }
  return [...samples.values()];
}
