// Whether everyone tells the same sums: what was captured and what was refunded, by merchant and currency, by the answers
// to clients, by transactions and refunds one by one and in lists, by webhooks, by the stream and by the processor; and by
// the metrics for all merchants together. Pure.
import { sumsBy } from "../observe/exposition.ts";
import type { Currency } from "../plan/expectation.ts";
import type {
  Difference,
  MerchantView,
  OrderRecord,
  Refund,
  StripeView,
  Transaction,
  TransactionEvent,
  World,
} from "../world.ts";
import { isForeign } from "./refunds.ts";

/** Minor units by `captured USD` and `refunded USD`; without zeros. */
type Sums = Map<string, number>;
type Moved = { what: "captured" | "refunded"; currency: Currency; amount_minor: number };

function sumsOf(moved: Moved[]): Sums {
  const sums: Sums = new Map();
  for (const { what, currency, amount_minor } of moved) {
    const name = `${what} ${currency}`;
    sums.set(name, (sums.get(name) ?? 0) + amount_minor);
  }
  return new Map([...sums].filter(([, amount_minor]) => amount_minor !== 0));
}

const captured = ({ currency, amount_captured_minor }: Transaction): Moved => ({
  ...{ what: "captured", currency, amount_minor: amount_captured_minor },
});
const refundedOf = ({ currency, amount_refunded_minor }: Transaction): Moved => ({
  ...{ what: "refunded", currency, amount_minor: amount_refunded_minor },
});
const refunded = ({ status, currency, amount_minor }: Refund): Moved[] =>
  status === "succeeded" ? [{ what: "refunded", currency, amount_minor }] : [];

/** What events say that has moved with them, also of bodies that are no event. A refund that failed after it had succeeded has moved nothing. */
function movedIn(events: Bodies): Moved[] {
  const failed = new Set(
    events.flatMap(({ type, data }) => (type === "refund.failed" ? [data?.id] : [])),
  );
  return events.filter(({ data }) => !failed.has(data?.id)).flatMap(movedBy);
}

/** What an event says that has moved with it. */
export function movedBy({ type, data }: Pick<TransactionEvent, "type" | "data">): Moved[] {
  if (type === "refund.succeeded") return refunded(data as Refund);
  const isCaptured = type === "transaction.completed" || type === "transaction.captured";
  return isCaptured ? [captured(data as Transaction)] : [];
}

/** By the newest transaction, and the newest state of each refund, that a client was shown. What it was not shown because
 *  the outcome was not known yet is taken from the end: `isKnown` tells by id and version. */
function byAnswers(records: OrderRecord[], merchant: MerchantView): Sums {
  const own = records.filter((record) => merchant.exact.has(record?.id ?? ""));
  const moved = own.flatMap(({ id, answers }) => {
    const exact = merchant.exact.get(id ?? "");
    const shown = answers.flatMap(({ transaction }) => transaction ?? []);
    const done = shown.find(({ status }) => status === "completed");
    const isOpen = shown.some(({ status }) => ["processing", "requires_action"].includes(status));
    const refunds = new Map(
      answers.flatMap(({ refund }) => (refund ? [[refund.id, refund]] : [])) as [string, Refund][],
    );
    // A refund may fail after it was shown as succeeded.
    const mayChange = ({ status, id }: Refund) =>
      status === "pending" || merchant.exact_refunds.get(id)?.status === "failed";
    const told = [...refunds.values()].map((refund) =>
      mayChange(refund) ? (merchant.exact_refunds.get(refund.id) ?? refund) : refund,
    );
    const last = [...told, ...(merchant.refunds.get(id ?? "") ?? []).filter(isForeign)];
    const taken = done ?? (isOpen ? exact : undefined);
    return [...(taken ? [captured(taken)] : []), ...last.flatMap(refunded)];
  });
  return sumsOf(moved);
}

type Bodies = { type: string; data: TransactionEvent["data"] }[];

/** The bodies that the receiver of all events took, each once. */
function bodiesOf({ endpoints }: MerchantView): Bodies {
  const all = endpoints.find(({ events }) => events.includes("*"));
  const taken = [...(all?.log.values() ?? [])].flatMap((arrivals) =>
    arrivals.filter(({ status }) => status !== null && status < 300).slice(0, 1),
  );
  return taken.map(({ text }) => JSON.parse(text));
}

/** The records of a merchant in the topic, each once. */
function recordsOf({ kafka }: World, { id }: MerchantView): Bodies {
  const events = kafka.records.map(({ value }) => JSON.parse(value.toString()));
  const own = new Map(events.filter((one) => one.merchantid === id).map((one) => [one.id, one]));
  return [...own.values()].map(({ type, data }) => ({
    type: String(type).replace(/^payments\.(.*)\.v1$/, "$1"),
    data,
  }));
}

function byStripe({ intents, refunds }: StripeView, { exact }: MerchantView): Sums {
  const own = intents.filter(({ metadata }) => exact.has(metadata.transaction_id ?? ""));
  const ids = new Set(own.map(({ id }) => id));
  const done = refunds.filter(
    ({ payment_intent, balance_transaction, status }) =>
      ids.has(String(payment_intent)) && balance_transaction !== null && status === "succeeded",
  );
  const money = (currency: string, amount_minor: number) => ({
    currency: currency.toUpperCase() as Currency,
    amount_minor,
  });
  return sumsOf([
    ...own.map(
      ({ currency, amount_received }): Moved => ({
        ...{ what: "captured", ...money(currency, amount_received) },
      }),
    ),
    ...done.map(
      ({ currency, amount }): Moved => ({ what: "refunded", ...money(currency, amount) }),
    ),
  ]);
}

function byProcessor({ processor, stripe }: World, merchant: MerchantView): Sums {
  if (stripe) return byStripe(stripe, merchant);
  const { exact } = merchant;
  const done = [...processor.operations.values()].filter(
    ({ payment, code, is_decided }) => exact.has(payment) && is_decided && code === null,
  );
  return sumsOf(
    done.flatMap(({ operation, currency, amount_minor }): Moved[] => {
      const money = { currency: currency as Currency, amount_minor };
      if (operation === "refund") return [{ what: "refunded", ...money }];
      const isTaken = operation === "charge" || operation === "capture";
      return isTaken ? [{ what: "captured", ...money }] : [];
    }),
  );
}

/** What everyone says of a merchant's money. */
function accountsOf(world: World, merchant: MerchantView): Record<string, Sums> {
  const exact = [...merchant.exact.values()].filter((one) => one !== null);
  const refunds = [...merchant.exact_refunds.values()].filter((one) => one !== null);
  return {
    transactions: sumsOf(exact.flatMap((one) => [captured(one), refundedOf(one)])),
    refunds: sumsOf([...exact.map(captured), ...refunds.flatMap(refunded)]),
    lists: sumsOf([...merchant.list.map(captured), ...merchant.refund_list.flatMap(refunded)]),
    feed: sumsOf(movedIn(merchant.feed)),
    answers: byAnswers(world.records, merchant),
    webhooks: sumsOf(movedIn(bodiesOf(merchant))),
    stream: sumsOf(movedIn(recordsOf(world, merchant))),
    processor: byProcessor(world, merchant),
  };
}

function compare(who: string, told: Sums, expected: Sums): string[] {
  const names = new Set([...told.keys(), ...expected.keys()]);
  return [...names]
    .filter((name) => told.get(name) !== expected.get(name))
    .map((name) => `${who}: ${name} is ${told.get(name) ?? 0} and not ${expected.get(name) ?? 0}`);
}

function byMetrics({ metrics }: World): Sums {
  const sums: Sums = new Map();
  for (const what of ["captured", "refunded"] as const) {
    const series = { captured: "completed", refunded: "refunded" }[what];
    const told = sumsBy(metrics, `payments_${series}_amount_minor_total`, "currency");
    for (const [currency, amount_minor] of told) sums.set(`${what} ${currency}`, amount_minor);
  }
  return sums;
}

/** The differences between sums of money. */
export function reconcileMoney(world: World): Difference[] {
  const own = world.merchants.flatMap((merchant) => {
    const { transactions = new Map(), ...others } = accountsOf(world, merchant);
    return Object.entries(others).flatMap(([who, told]) =>
      compare(`${merchant.id} ${who}`, told, transactions),
    );
  });
  // The counters never fall: refunds that failed after they had succeeded are in them.
  const counted = sumsOf(world.merchants.flatMap(({ feed }) => feed.flatMap(movedBy)));
  const all = compare("metrics", byMetrics(world), counted);
  return [...own, ...all].map((text) => ({ area: "money", text }));
}
