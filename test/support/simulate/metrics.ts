/** The metrics of a system without faults, of exactly these events and answers. */

import type { Sample } from "../../../simulate/observe/exposition";
import type {
  Delivery,
  MerchantView,
  Operated,
  OrderRecord,
  ProcessorView,
  Refund,
  Transaction,
  TransactionEvent,
} from "../../../simulate/world";
import { refundIn, transactionIn } from "../../../simulate/world";

type Count = [name: string, labels: Record<string, string>, by?: number];

const TO_VELOCITY: Count = ["outbox_delivered_events_total", { destination: "velocity" }];

/** What an event of each type counts besides itself. */
const COUNTS: Record<string, (data: Transaction) => Count[]> = {
  "transaction.created": ({ risk }) => [["risk_decisions_total", { decision: risk.decision }]],
  "transaction.processing": ({ pending_operation }) => [
    ["commands_total", claimedBy(pending_operation)],
  ],
  "transaction.completed": ({ currency, amount_minor }) => [
    ["completed_amount_minor_total", { currency }, amount_minor],
  ],
  "transaction.captured": ({ currency, amount_captured_minor }) => [
    ["completed_amount_minor_total", { currency }, amount_captured_minor],
  ],
  "transaction.failed": () => [TO_VELOCITY],
  "transaction.voided": () => [TO_VELOCITY],
  "transaction.capture_expired": () => [TO_VELOCITY],
  "transaction.cancelled": () => [TO_VELOCITY, ["commands_total", CANCELLED]],
};

const CANCELLED = { kind: "cancel", outcome: "cancelled" };

/** The command that a claim counts. */
function claimedBy(operation: Transaction["pending_operation"]): Record<string, string> {
  if (!operation) return { kind: "process", outcome: "processed" };
  if (operation.type === "capture") return { kind: "capture", outcome: "captured" };
  return operation.reason === "requested" ? CANCELLED : { kind: "expire", outcome: "expired" };
}

const REFUND_COUNTS: Record<string, (data: Refund) => Count[]> = {
  "refund.created": () => [["commands_total", { kind: "refund", outcome: "refunded" }]],
  "refund.succeeded": ({ currency, amount_minor }) => [
    ["refunded_amount_minor_total", { currency }, amount_minor],
  ],
};

function countsOfOperation({ operation, code, unclear }: Operated): Count[] {
  return [
    ["charges_total", { operation, outcome: code === null ? "settled" : "declined" }],
    ["charges_total", { operation, outcome: "unknown" }, unclear],
  ];
}

function countsOfEvent(event: TransactionEvent): Count[] {
  const { type, data } = event;
  const transaction = transactionIn(event);
  const refund = refundIn(event);
  const code = data.failure?.code ?? transaction?.pending_operation?.type ?? "";
  return [
    ["transaction_events_total", { type, currency: data.currency, code }],
    ...["book", "webhooks", "stream"].map(
      (destination): Count => ["outbox_delivered_events_total", { destination }],
    ),
    ...((transaction && COUNTS[type]?.(transaction)) ?? []),
    ...((refund && REFUND_COUNTS[type]?.(refund)) ?? []),
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
  return answers.flatMap(({ call, replayed, refund }): Count[] => {
    const kind = refund ? "refund" : "create";
    if (replayed) return [["commands_total", { kind, outcome: "replayed" }]];
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

export function metricsOf(
  merchants: MerchantView[],
  records: OrderRecord[],
  { operations }: ProcessorView,
): Sample[] {
  const events = merchants.flatMap(({ feed }) => feed);
  const endpoints = merchants.flatMap((merchant) => merchant.endpoints);
  const last = merchants.flatMap(({ exact }) => [...exact.values()].filter((one) => one !== null));
  const refunds = merchants.flatMap(({ refund_list }) => refund_list);
  const counts: Count[] = [
    ...events.flatMap(countsOfEvent),
    ...last.flatMap(countsOfTransaction),
    ...refunds.map(({ status }): Count => ["refunds", { status }]),
    ...[...operations.values()].flatMap(countsOfOperation),
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
