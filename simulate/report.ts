// The closing table, what was sent and what became of it, and the list of differences. Pure.
import { DECIMALS, RISK_BLOCKED } from "./plan/expectation.ts";
import { judgeStream } from "./reconcile/stream.ts";

import type {
  Answer,
  Difference,
  MerchantView,
  OrderRecord,
  ReceiverView,
  Transaction,
  World,
} from "./world.ts";

type Counted = [name: string, count: number];
type Row = [name: string, sent: number | string, text: string];

const SHOWN_MAX = 20;

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

function statusOf({ status, failure }: Transaction): string {
  if (failure?.code === RISK_BLOCKED) return "blocked";
  return failure ? "declined" : status;
}

function amounts(transactions: Transaction[]): string {
  const groups = Map.groupBy(transactions, ({ currency }) => currency);
  const sums = [...groups].map(([currency, own]) => {
    const minor = own.reduce((sum, { amount_minor }) => sum + amount_minor, 0);
    return `${number(minor / 10 ** DECIMALS[currency])} ${currency}`;
  });
  return sums.sort().join(", ");
}

function saidOf({ call, status, replayed }: Answer): string {
  if (call !== "create") return String(status);
  return status === 201 ? (replayed ? "replayed" : "new") : String(status);
}

function callRows(records: OrderRecord[]): Row[] {
  const answers = records.flatMap((record) => record?.answers ?? []);
  const names = {
    create: "creates",
    reuse: "keys reused",
    process: "processes",
    cancel: "cancels",
  };
  const rows = Object.entries(names).map(([call, name]): Row => {
    const own = answers.filter((answer) => answer.call === call);
    return [name, own.length, listed(counted(own, saidOf))];
  });
  const reads = answers.filter(({ call }) => !(call in names));
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
  const completed = transactions.filter(({ status }) => status === "completed");
  const { answered, hung_up, cut, too_late, faulted, unavailable, limited } = attempts;
  const total = Object.values(attempts).reduce((sum, value) => sum + value, 0);
  const unanswered = { "hung up on": hung_up, cut, "too late": too_late };
  const ends = { answered, ...unanswered, faulted, unavailable, limited };
  const faults = { kills: chaos.kills, "outages of Kafka": chaos.outages };
  const table: Row[] = [
    ["", "sent", "what became of it"],
    ["orders", plan.orders.length, listed(counted(transactions, statusOf))],
    ["  completed", completed.length, amounts(completed)],
    ["requests", total, listed(Object.entries(ends))],
    ...callRows(records),
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
