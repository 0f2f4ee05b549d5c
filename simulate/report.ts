// The closing table, what was sent and what became of it, and the list of differences. Pure.
import { DECIMALS, RISK_BLOCKED } from "./plan/expectation.ts";
import { type Call, refundNumber } from "./plan/stories.ts";
import { judgeStream } from "./reconcile/stream.ts";

import type {
  Answer,
  Difference,
  MerchantView,
  OrderRecord,
  ReceiverView,
  StripeView,
  Transaction,
  World,
} from "./world.ts";

type Counted = [name: string, count: number];
type Row = [name: string, sent: number | string, text: string];

const SHOWN_MAX = 20;

/** The row of each call that is not a read. */
const ROWS: Partial<Record<Call, string>> = {
  create: "creates",
  pay: "paid at once",
  batch: "batches",
  faulty_item: "faulty items",
  reuse: "keys reused",
  refund_reuse: "keys reused",
  process: "processes",
  cancel: "cancels",
  authenticate: "customers at the issuer",
};

const number = (value: number) => value.toLocaleString("en-US");
const listed = (counts: Counted[]) =>
  counts
    .filter(([, value]) => value > 0)
    .map(([name, value]) => `${number(value)} ${name}`)
    .join(", ");

function counted<Value>(list: Value[], nameOf: (one: Value) => string): Counted[] {
  const groups = Map.groupBy(list, nameOf);
  const counts = [...groups].map(([name, own]): Counted => [name, own.length]);
  return counts.sort(([, a], [, b]) => b - a);
}

function statusOf({ status, failure, cancellation_reason }: Transaction): string {
  if (failure?.code === RISK_BLOCKED) return "blocked";
  if (cancellation_reason === "capture_expired") return "expired";
  if (cancellation_reason) return "voided";
  return status === "failed" ? "declined" : status;
}

/** What was captured, or refunded, by currency. */
function moneyRow(what: "captured" | "refunded", transactions: Transaction[]): Row {
  const minorOf = (one: Transaction) => one[`amount_${what}_minor`];
  const own = transactions.filter((one) => minorOf(one) > 0);
  const groups = Map.groupBy(own, ({ currency }) => currency);
  const sums = [...groups].map(([currency, some]) => {
    const minor = some.reduce((sum, one) => sum + minorOf(one), 0);
    return `${number(minor / 10 ** DECIMALS[currency])} ${currency}`;
  });
  return [`  ${what}`, own.length, sums.sort().join(", ")];
}

function saidOf({ call, status, code, replayed }: Answer): string {
  if (code !== null) return `${status} ${code}`;
  const isFirst = call === "create" || call === "pay" || refundNumber(call) !== null;
  if (!isFirst || status !== 201) return String(status);
  return replayed ? "replayed" : "new";
}

/** The row of the table in which a call is counted; undefined for reads. */
function rowOf(call: Call): string | undefined {
  if (call.startsWith("capture")) return "captures";
  return refundNumber(call) === null ? ROWS[call] : "refunds";
}

function callRows(records: OrderRecord[]): Row[] {
  const answers = records.flatMap((record) => record?.answers ?? []);
  const names = ["creates", "paid at once", "batches", "faulty items", "keys reused", "processes"];
  const rows = [...names, "captures", "cancels", "refunds"].map((name): Row => {
    const own = answers.filter(({ call }) => rowOf(call) === name);
    return [name, own.length, listed(counted(own, saidOf))];
  });
  const reads = answers.filter(({ call }) => rowOf(call) === undefined);
  return [...rows, ["reads meanwhile", reads.length, listed(counted(reads, ({ call }) => call))]];
}

function webhookRow(name: string, receivers: ReceiverView[]): Row {
  const arrivals = receivers.flatMap(({ log }) => [...log.values()]);
  const all = arrivals.flat();
  const good = arrivals.filter((own) => own.some(({ status }) => status !== null && status < 300));
  const texts: Counted[] = [
    ["taken", good.length],
    ["refused on purpose", all.filter(({ status }) => status === 500).length],
    ["left hanging", all.filter(({ status }) => status === null).length],
    ["sent again", all.length - arrivals.length],
  ];
  return [`webhooks, ${name}`, arrivals.length, listed(texts)];
}

function webhookRows(merchants: MerchantView[]): Row[] {
  const endpoints = merchants.flatMap((merchant) => merchant.endpoints);
  const kinds = Map.groupBy(endpoints, ({ kind }) => kind);
  const rows = [...kinds].map(([kind, own]) => webhookRow(kind, own));
  return [
    ...rows,
    webhookRow(
      "own URLs",
      merchants.map(({ own }) => own),
    ),
  ];
}

function processorRow({ processor, stripe }: World): Row {
  if (stripe) return stripeRow(stripe);
  const operations = [...processor.operations.values()];
  const texts: Counted[] = [
    ...counted(operations, ({ operation }) => operation),
    ["declined", operations.filter(({ code }) => code !== null).length],
    ["unclear answers", operations.reduce((sum, { unclear }) => sum + unclear, 0)],
  ];
  return ["at the processor", operations.length, listed(texts)];
}

function stripeRow({ intents, refunds, disputes }: StripeView): Row {
  const moved = refunds.filter(({ balance_transaction }) => balance_transaction !== null);
  const ours = moved.filter(({ metadata }) => metadata?.refund_id !== undefined);
  const texts: Counted[] = [
    ...counted(intents, ({ status }) => status),
    ["refunds", ours.length],
    ["refunds that failed", ours.filter(({ status }) => status === "failed").length],
    ["refunds at the dashboard", moved.length - ours.length],
    ["disputes", disputes.length],
  ];
  return ["at Stripe", intents.length, listed(texts)];
}

function streamRow({ merchants, kafka }: World): Row {
  const { sent, received, duplicates, missing } = judgeStream({ merchants, kafka });
  const texts: Counted[] = [
    ["written", received - duplicates],
    ["written again", duplicates],
    ["missing", missing],
    ["requests failed on purpose", kafka.failed],
  ];
  return ["events to Kafka", sent, listed(texts)];
}

/** The table as text. */
export function tableOf(world: World): string {
  const { plan, records, attempts, merchants, errors, chaos } = world;
  const transactions = merchants.flatMap(({ exact }) =>
    [...exact.values()].filter((one) => one !== null),
  );
  const { answered, hung_up, cut, too_late, faulted, unavailable, limited } = attempts;
  const total = Object.values(attempts).reduce((sum, value) => sum + value, 0);
  const unanswered = { "hung up on": hung_up, cut, "too late": too_late };
  const ends = { answered, ...unanswered, faulted, unavailable, limited };
  const faults = { kills: chaos.kills, "outages of Kafka": chaos.outages };
  const table: Row[] = [
    ["", "sent", "what became of it"],
    ["orders", plan.orders.length, listed(counted(transactions, statusOf))],
    moneyRow("captured", transactions),
    moneyRow("refunded", transactions),
    ["requests", total, listed(Object.entries(ends))],
    ...callRows(records),
    processorRow(world),
    ...webhookRows(merchants),
    streamRow(world),
    ["faults", chaos.kills + chaos.outages, listed(Object.entries(faults))],
    ["errors in the log", "", listed([...errors])],
  ];
  const rows = table.map(([name, sent, text]) => {
    return { name, sent: typeof sent === "number" ? number(sent) : sent, text };
  });
  const first = Math.max(...rows.map(({ name }) => name.length));
  const second = Math.max(...rows.map(({ sent }) => sent.length));
  return rows
    .map(({ name, sent, text }) =>
      `${name.padEnd(first)}  ${sent.padStart(second)}  ${text}`.trimEnd(),
    )
    .join("\n");
}

/** The differences as text, the first of each area before more of the same. */
export function differencesText(differences: Difference[]): string {
  if (differences.length === 0) return "No differences.";
  const areas = counted(differences, ({ area }) => area);
  const each = Math.max(1, Math.floor(SHOWN_MAX / areas.length));
  const lines = areas.flatMap(([area, count]) => {
    const own = differences.filter((one) => one.area === area).slice(0, each);
    const more = count > own.length ? [`  ${area}: and ${count - own.length} more`] : [];
    return [...own.map(({ text }) => `  ${area}: ${text}`), ...more];
  });
  return [`${number(differences.length)} differences:`, ...lines].join("\n");
}
