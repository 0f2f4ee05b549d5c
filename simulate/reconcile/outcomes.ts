// Whether each transaction has become what it had to: by the fraud rules, by the sandbox's table, and
// by who won where a charge and a cancellation raced. Pure.
import { isDeepStrictEqual } from "node:util";
import { assess, chargeOutcome, RISK_BLOCKED, RULES } from "../plan/expectation.ts";
import type { Call, Order } from "../plan/orders.ts";
import type { Difference, MerchantView, OrderRecord, Transaction, World } from "../world.ts";

/** How many payments of the customer the fraud rules counted, this one included. */
const countOf = ({ risk }: Transaction) => risk.signals?.["customer.count.24h"] ?? 0;
const isFrequent = (transaction: Transaction) => countOf(transaction) > RULES.daily;

function won(record: OrderRecord | undefined, call: Call): boolean {
  return (record?.answers ?? []).some(
    (answer) => answer.call === call && (answer.status === 200 || answer.status === 202),
  );
}

function asksFor(order: Order, call: Call): boolean {
  return order.visits.flat().some(({ calls }) => calls.includes(call));
}

type State = { status: string; code: string | null };

/** The state that the transaction must be in, or a text that says what went wrong. */
function expectedState(
  order: Order,
  record: OrderRecord | undefined,
  transaction: Transaction,
): State | string {
  const { isBlocked } = assess(order, isFrequent(transaction));
  if (isBlocked) return { status: "failed", code: RISK_BLOCKED };
  const [charged, cancelled] = [won(record, "process"), won(record, "cancel")];
  if (charged && cancelled) return "a process and a cancel were both answered as done";
  if (cancelled) return { status: "cancelled", code: null };
  if (charged) {
    const { status, code } = chargeOutcome({ ...order, metadata: order.body.metadata });
    return { status, code };
  }
  if (asksFor(order, "process") || asksFor(order, "cancel"))
    return "nothing that was asked was done";
  return { status: "pending", code: null };
}

function checkState(
  order: Order,
  record: OrderRecord | undefined,
  transaction: Transaction,
): string[] {
  const expected = expectedState(order, record, transaction);
  if (typeof expected === "string") return [expected];
  const actual = { status: transaction.status, code: transaction.failure?.code ?? null };
  if (isDeepStrictEqual(actual, expected)) return [];
  const nameOf = ({ status, code }: State) => (code === null ? status : `${status} (${code})`);
  return [`it is ${nameOf(actual)} and not ${nameOf(expected)}`];
}

function checkRisk(order: Order, transaction: Transaction): string[] {
  const { fraud_score, risk } = transaction;
  const { score, rules, isBlocked } = assess(order, isFrequent(transaction));
  const told = risk.reasons.map(({ rule }) => rule).sort();
  return [
    ...(fraud_score === score ? [] : [`it scores ${fraud_score} and not ${score}`]),
    ...(isDeepStrictEqual(told, [...rules].sort()) ? [] : [`its reasons are ${told.join(", ")}`]),
    ...((risk.decision === "block") === isBlocked ? [] : [`the decision is ${risk.decision}`]),
  ];
}

/** Of a customer's payments one was counted as the first, one as the second, and so on: none twice. */
function checkCounts(orders: Order[], merchant: MerchantView): string[] {
  const customers = Map.groupBy(orders, ({ body }) => body.user_id);
  return [...customers].flatMap(([user_id, own]) => {
    const found = own.map(({ key }) => merchant.by_key.get(key)).filter((one) => one != null);
    const counts = found.map(countOf).sort((a, b) => a - b);
    if (counts.every((count, at) => count === at + 1)) return [];
    return [`${user_id}: ${found.length} payments were counted as ${counts.join(", ")}`];
  });
}

/** The differences in what became of transactions. */
export function reconcileOutcomes({ plan, records, merchants }: World): Difference[] {
  return merchants.flatMap((merchant, at) => {
    const orders = plan.orders.filter((order) => order.merchant === at);
    const texts = orders.flatMap((order) => {
      // What is missing has been found by others.
      const transaction = merchant.by_key.get(order.key);
      if (!transaction) return [];
      const record = records[order.index];
      const wrong = [...checkState(order, record, transaction), ...checkRisk(order, transaction)];
      return wrong.map((text) => `${order.key} (${order.story}): ${text}`);
    });
    return [...texts, ...checkCounts(orders, merchant)].map((text) => ({
      area: "outcomes",
      text: `${merchant.id} ${text}`,
    }));
  });
}
