// Whether each transaction has become what it had to: by the fraud rules, by the sandbox's table, and
// by who won where a charge and a cancellation raced. Pure.
import { isDeepStrictEqual } from "node:util";
import { assess, chargeOutcome, frequentOf, RISK_BLOCKED } from "../expectation.mjs";

const FREQUENCY = "frequency";
const isFrequent = ({ risk }) => risk.reasons.some(({ rule }) => rule === FREQUENCY);

function won(record, call) {
  return (record?.answers ?? []).some(
    (answer) => answer.call === call && (answer.status === 200 || answer.status === 202),
  );
}

function asksFor(order, call) {
  return order.visits.flat().some(({ calls }) => calls.includes(call));
}

/** The state that the transaction must be in, `{ status, code }`, or a text that says what went wrong. */
function expectedState(order, record, transaction) {
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

function checkState(order, record, transaction) {
  const expected = expectedState(order, record, transaction);
  if (typeof expected === "string") return [expected];
  const actual = { status: transaction.status, code: transaction.failure?.code ?? null };
  if (isDeepStrictEqual(actual, expected)) return [];
  const nameOf = ({ status, code }) => (code === null ? status : `${status} (${code})`);
  return [`it is ${nameOf(actual)} and not ${nameOf(expected)}`];
}

function checkRisk(order, { fraud_score, risk }, isOften) {
  const { score, rules, isBlocked } = assess(order, isOften);
  const told = risk.reasons.map(({ rule }) => rule).sort();
  return [
    ...(fraud_score === score ? [] : [`it scores ${fraud_score} and not ${score}`]),
    ...(isDeepStrictEqual(told, [...rules].sort()) ? [] : [`its reasons are ${told.join(", ")}`]),
    ...((risk.decision === "block") === isBlocked ? [] : [`the decision is ${risk.decision}`]),
  ];
}

/** How many of each customer's payments were found to be too many: exactly those above the limit. */
function checkFrequency(orders, merchant) {
  const customers = Map.groupBy(orders, ({ body }) => body.user_id);
  return [...customers].flatMap(([user_id, own]) => {
    const found = own.map(({ key }) => merchant.by_key.get(key)).filter(Boolean);
    const frequent = found.filter(isFrequent).length;
    const expected = frequentOf(own.length);
    if (frequent === expected) return [];
    return [`${user_id}: ${frequent} of ${own.length} payments were too many, and not ${expected}`];
  });
}

/** The differences in what became of transactions: `{ area, text }`. */
export function reconcileOutcomes({ plan, records, merchants }) {
  return merchants.flatMap((merchant, at) => {
    const orders = plan.orders.filter((order) => order.merchant === at);
    const texts = orders.flatMap((order) => {
      // What is missing has been found by others.
      const transaction = merchant.by_key.get(order.key);
      if (!transaction) return [];
      const record = records[order.index];
      const wrong = [
        ...checkState(order, record, transaction),
        ...checkRisk(order, transaction, isFrequent(transaction)),
      ];
      return wrong.map((text) => `${order.key} (${order.story}): ${text}`);
    });
    return [...texts, ...checkFrequency(orders, merchant)].map((text) => ({
      area: "outcomes",
      text: `${merchant.id} ${text}`,
    }));
  });
}
