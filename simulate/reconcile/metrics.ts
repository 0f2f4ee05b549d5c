// Whether /metrics has counted what happened. What docs/metrics.md calls exact must be equal, also
// after kills; what it calls exact to a second must be, as long as no process was killed. Pure.

import { type Sample, sumsBy } from "../observe/exposition.ts";
import { RISK_BLOCKED } from "../plan/expectation.ts";

import type { Attempts } from "../traffic/api.ts";
import type {
  Difference,
  MerchantView,
  OrderRecord,
  Refund,
  Transaction,
  TransactionEvent,
  World,
} from "../world.ts";
import { transactionIn } from "../world.ts";
import { allClaims } from "./processor.ts";
import { isForeign } from "./refunds.ts";

type Counts = Map<string, number>;

/** The events after which a payment no longer counts for velocity. */
const RELEASED = new Set([
  "transaction.failed",
  "transaction.cancelled",
  "transaction.voided",
  "transaction.capture_expired",
  "transaction.action_expired",
]);

function count<Value>(
  list: Value[],
  keyOf: (one: Value) => string,
  worthOf: (one: Value) => number = () => 1,
): Counts {
  const counts: Counts = new Map();
  for (const one of list) {
    const key = keyOf(one);
    counts.set(key, (counts.get(key) ?? 0) + worthOf(one));
  }
  return counts;
}

function compare(name: string, told: Counts, expected: Counts): string[] {
  const keys = new Set([...told.keys(), ...expected.keys()]);
  return [...keys].flatMap((key) => {
    const [is, wanted] = [told.get(key) ?? 0, expected.get(key) ?? 0];
    return is === wanted ? [] : [`${name}{${key}} is ${is} and not ${wanted}`];
  });
}

const positive = (entries: Record<string, number>): Counts =>
  new Map(Object.entries(entries).filter(([, value]) => value > 0));

/** The label `code` of an event: why it failed, what a claim of a payment is for, or how a dispute stands. */
function codeOf(event: TransactionEvent): string {
  const { type, data } = event;
  const transaction = transactionIn(event);
  if (type.startsWith("dispute.")) return transaction?.dispute?.status ?? "";
  if (type !== "transaction.processing") {
    return "reversed_at" in data ? "reversed" : (data.failure?.code ?? "");
  }
  if (isResume(event)) return "resumed";
  const { pending_operation: pending, capture_before } = transaction ?? {};
  return pending?.type === "void" && capture_before === undefined
    ? "void_waiting"
    : (pending?.type ?? "");
}

/** The processor's outcomes that were recorded: each clear one; and each unclear one that the server logged, which are at
 *  least those that the processor gave. A shard that dies in between has logged one that it has not recorded. */
function chargeFaults(world: World): string[] {
  const { metrics, merchants, processor, unclear, chaos, stripe } = world;
  // Reports end operations too, so that not every outcome is one of a call.
  if (stripe) return [];
  const series = "payments_charges_total";
  const told = sumsBy(metrics, series, "operation", "outcome");
  const claims = allClaims(merchants).filter(({ is_decided }) => is_decided);
  const expected = count(
    claims,
    ({ operation, code }) => `${operation} ${code === null ? "settled" : "declined"}`,
  );
  const given = count(
    [...processor.operations.values()],
    ({ operation }) => operation,
    (one) => one.unclear,
  );
  const texts: string[] = [];
  for (const [operation, least] of given) {
    const name = `${operation} unknown`;
    const is = told.get(name) ?? 0;
    const logged = chaos.kills > 0 ? is : (unclear.get(operation) ?? 0);
    if (logged > 0) expected.set(name, logged);
    if (chaos.kills === 0 && is < least) texts.push(`${series}{${name}} is ${is}, not ${least}`);
  }
  return [...texts, ...compare(series, told, expected)];
}

/** Whether a payment goes on after its customer has acted, and no operation is claimed. */
function isResume(event: TransactionEvent): boolean {
  const { action_expires_at, pending_operation } = transactionIn(event) ?? {};
  return action_expires_at !== undefined && pending_operation === undefined;
}

function exactSums(transactions: Transaction[], refunds: Refund[], events: TransactionEvent[]) {
  const of = (type: string) => events.filter((event) => event.type === `transaction.${type}`);
  const failed = of("failed").map(({ data }) => data.failure?.code);
  const blocked = failed.filter((code) => code === RISK_BLOCKED).length;
  const claims = of("processing")
    .filter((event) => !isResume(event))
    .map((event) => transactionIn(event)?.pending_operation ?? { type: "charge", reason: "" });
  const claimed = (type: string, reason?: string) =>
    claims.filter((one) => one.type === type && (reason ?? one.reason) === one.reason).length;
  return {
    "payments_transaction_events_total type currency code": count(events, (event) =>
      `${event.type} ${event.data.currency} ${codeOf(event)}`.trimEnd(),
    ),
    "payments_transactions status": count(transactions, ({ status }) => status),
    "payments_refunds status": count(refunds, ({ status }) => status),
    "payments_risk_decisions_total decision": count(transactions, ({ risk }) => risk.decision),
    commands: positive({
      "create created": transactions.length - blocked,
      "create blocked": blocked,
      "process processed": claimed("charge"),
      "capture captured": claimed("capture"),
      "cancel cancelled": of("cancelled").length + claimed("void", "requested"),
      "expire expired": claimed("void", "capture_expired") + claimed("void", "action_expired"),
      "refund refunded": refunds.filter((refund) => !isForeign(refund)).length,
    }),
  };
}

/** Answers that changed nothing, as the clients saw them: the shards count those, and perhaps attempts
 *  whose answer no client waited for. */
function boundsOf(records: OrderRecord[], attempts: Attempts) {
  const answers = records.flatMap((record) => record?.answers ?? []);
  const creates = answers.filter(({ call }) => call === "create" || call === "pay");
  const unheard = attempts.hung_up + attempts.cut + attempts.too_late + attempts.unavailable;
  return {
    "create replayed": creates.filter(({ replayed }) => replayed).length,
    "refund replayed": answers.filter(({ refund, replayed }) => refund && replayed).length,
    "create conflict": answers.filter(({ call, status }) => call === "reuse" && status === 422)
      .length,
    unheard,
  };
}

/** What the dispatchers have counted, by what the delivery log has. Time-outs are left out: the receivers
 *  that never answer are still being tried while one looks. */
function webhookFaults(metrics: Sample[], merchants: MerchantView[]): string[] {
  const deliveries = merchants.flatMap((merchant) => merchant.deliveries);
  const attempts = deliveries.flatMap((delivery) => delivery.attempts);
  const ends = count(attempts, ({ error }) => error ?? "delivered");
  const told = sumsBy(metrics, "payments_webhook_attempts_total", "outcome");
  for (const counts of [ends, told]) counts.delete("timeout");
  const statuses = count(deliveries, ({ status }) => status);
  const pending = new Map([...statuses].filter(([status]) => status === "pending"));
  const ended = new Map([...statuses].filter(([status]) => status !== "pending"));
  const registered = merchants.flatMap((merchant) => merchant.endpoints);
  const endpoints = count(registered, () => "enabled");
  const by = (name: string, label: string, expected: Counts) =>
    compare(name, sumsBy(metrics, name, label), expected);
  return [
    ...compare("payments_webhook_attempts_total", told, ends),
    ...by("payments_webhook_deliveries_total", "status", ended),
    ...by("payments_webhook_backlog", "status", pending),
    ...by("payments_webhook_endpoints", "state", endpoints),
  ];
}

/** Sums of gauges that must have come down to nothing, and of sources that must have answered. */
function restFaults(metrics: Sample[]): string[] {
  const zero = ["payments_outbox_depth", "payments_stream_parked", "payments_open_charges"];
  const open = zero.flatMap((name) => compare(name, sumsBy(metrics, name), new Map()));
  const silent = metrics.filter(({ name, value }) => name === "payments_scrape_ok" && value !== 1);
  return [...open, ...silent.map(({ labels }) => `${labels.source} did not answer the scrape`)];
}

function commandFaults({ metrics, records, attempts, chaos }: World, expected: Counts): string[] {
  const told = sumsBy(metrics, "payments_commands_total", "kind", "outcome");
  const changing = new Map([...expected.keys()].map((key) => [key, told.get(key) ?? 0]));
  const faults = compare("payments_commands_total", changing, expected);
  if (chaos.kills > 0) return faults;
  const { unheard, ...bounds } = boundsOf(records, attempts);
  for (const [key, least] of Object.entries(bounds)) {
    const is = told.get(key) ?? 0;
    if (is >= least && is <= least + unheard) continue;
    faults.push(`payments_commands_total{${key}} is ${is} and not ${least} to ${least + unheard}`);
  }
  const faulted = [...told].filter(([key]) => key.endsWith(" faulted"));
  return [...faults, ...faulted.map(([key, is]) => `payments_commands_total{${key}} is ${is}`)];
}

/** The differences between the metrics and what happened. */
export function reconcileMetrics(world: World): Difference[] {
  const { metrics, merchants, chaos } = world;
  const transactions = merchants.flatMap(({ exact }) =>
    [...exact.values()].filter((one) => one !== null),
  );
  const events = merchants.flatMap(({ logs }) => [...logs.values()].flat());
  const refunds = merchants.flatMap((merchant) => [...merchant.refunds.values()].flat());
  const { commands, ...sums } = exactSums(transactions, refunds, events);
  const exact = Object.entries(sums).flatMap(([title, expected]) => {
    const [name = "", ...labels] = title.split(" ");
    return compare(name, sumsBy(metrics, name, ...labels), expected);
  });
  const delivered = sumsBy(metrics, "payments_outbox_delivered_events_total", "destination");
  const all = new Map(["book", "webhooks", "stream"].map((name) => [name, events.length]));
  // Velocity gets events only for failed and cancelled payments.
  all.set("velocity", events.filter(({ type }) => RELEASED.has(type)).length);
  const outboxes =
    chaos.kills > 0 ? [] : compare("payments_outbox_delivered_events_total", delivered, all);
  const texts = [
    ...exact,
    ...chargeFaults(world),
    ...commandFaults(world, commands),
    ...outboxes,
    ...webhookFaults(metrics, merchants),
    ...restFaults(metrics),
  ];
  return texts.map((text) => ({ area: "metrics", text }));
}
