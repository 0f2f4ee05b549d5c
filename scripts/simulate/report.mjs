// The closing table, what was sent and what became of it, and the list of differences. Pure.
import { DECIMALS, RISK_BLOCKED } from "./expectation.mjs";
import { judgeStream } from "./reconcile/stream.mjs";

const SHOWN_MAX = 20;

const number = (value) => value.toLocaleString("en-US");
const listed = (counts) =>
  counts
    .filter(([, value]) => value > 0)
    .map(([name, value]) => `${number(value)} ${name}`)
    .join(", ");

function counted(list, nameOf) {
  const groups = Map.groupBy(list, nameOf);
  return [...groups].map(([name, own]) => [name, own.length]).sort(([, a], [, b]) => b - a);
}

function statusOf({ status, failure }) {
  if (failure?.code === RISK_BLOCKED) return "blocked";
  return failure ? "declined" : status;
}

function amounts(transactions) {
  const groups = Map.groupBy(transactions, ({ currency }) => currency);
  const sums = [...groups].map(([currency, own]) => {
    const minor = own.reduce((sum, { amount_minor }) => sum + amount_minor, 0);
    return `${number(minor / 10 ** DECIMALS[currency])} ${currency}`;
  });
  return sums.sort().join(", ");
}

function saidOf({ call, status, replayed }) {
  if (call !== "create") return String(status);
  return status === 201 ? (replayed ? "replayed" : "new") : String(status);
}

function callRows(records) {
  const answers = records.flatMap((record) => record?.answers ?? []);
  const names = {
    create: "creates",
    reuse: "keys reused",
    process: "processes",
    cancel: "cancels",
  };
  const rows = Object.entries(names).map(([call, name]) => {
    const own = answers.filter((answer) => answer.call === call);
    return [name, own.length, listed(counted(own, saidOf))];
  });
  const reads = answers.filter(({ call }) => !(call in names));
  return [...rows, ["reads meanwhile", reads.length, listed(counted(reads, ({ call }) => call))]];
}

function webhookRow(name, receivers) {
  const arrivals = receivers.flatMap(({ log }) => [...log.values()]);
  const all = arrivals.flat();
  const good = arrivals.filter((own) => own.some(({ status }) => status !== null && status < 300));
  const texts = [
    ["taken", good.length],
    ["refused on purpose", all.filter(({ status }) => status === 500).length],
    ["left hanging", all.filter(({ status }) => status === null).length],
    ["sent again", all.length - arrivals.length],
  ];
  return [`webhooks, ${name}`, arrivals.length, listed(texts)];
}

function webhookRows(merchants) {
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

function streamRow({ merchants, kafka }) {
  const { sent, received, duplicates, missing } = judgeStream({ merchants, kafka });
  const texts = [
    ["written", received - duplicates],
    ["written again", duplicates],
    ["missing", missing],
    ["requests failed on purpose", kafka.failed],
  ];
  return ["events to Kafka", sent, listed(texts)];
}

/** The table as text. */
export function tableOf(world) {
  const { plan, records, attempts, merchants, errors, chaos } = world;
  const transactions = merchants.flatMap(({ exact }) => [...exact.values()]);
  const completed = transactions.filter(({ status }) => status === "completed");
  const { answered, hung_up, cut, too_late, faulted, unavailable, limited } = attempts;
  const total = Object.values(attempts).reduce((sum, value) => sum + value, 0);
  const unanswered = { "hung up on": hung_up, cut, "too late": too_late };
  const ends = { answered, ...unanswered, faulted, unavailable, limited };
  const faults = { kills: chaos.kills, "outages of Kafka": chaos.outages };
  const rows = [
    ["", "sent", "what became of it"],
    ["orders", plan.orders.length, listed(counted(transactions, statusOf))],
    ["  completed", completed.length, amounts(completed)],
    ["requests", total, listed(Object.entries(ends))],
    ...callRows(records),
    ...webhookRows(merchants),
    streamRow(world),
    ["faults", chaos.kills + chaos.outages, listed(Object.entries(faults))],
    ["errors in the log", "", listed([...errors])],
  ].map(([name, sent, text]) => [name, typeof sent === "number" ? number(sent) : sent, text]);
  const [first, second] = [0, 1].map((at) => Math.max(...rows.map((row) => row[at].length)));
  return rows
    .map(([name, sent, text]) =>
      `${name.padEnd(first)}  ${sent.padStart(second)}  ${text}`.trimEnd(),
    )
    .join("\n");
}

/** The differences as text, the first of each area before more of the same. */
export function differencesText(differences) {
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
