// Whether each transaction has become what it had to: by the fraud rules, by the processor's outcomes, and
// by who won where requests raced. Pure.
import { isDeepStrictEqual } from "node:util";
import {
  AUTHENTICATION_FAILED,
  assess,
  outcomeOf,
  RISK_BLOCKED,
  RULES,
} from "../plan/expectation.ts";
import type { Order } from "../plan/orders.ts";
import type { Call } from "../plan/stories.ts";
import type {
  Answer,
  Difference,
  MerchantView,
  OrderRecord,
  Transaction,
  World,
} from "../world.ts";

/** How many payments of the customer the fraud rules counted, this one included. */
const countOf = ({ risk }: Transaction) => risk.signals?.["customer.count.24h"] ?? 0;
const isFrequent = (transaction: Transaction) => countOf(transaction) > RULES.daily;

/** What a transaction must have become; undefined for what nothing says anything about. */
type State = { status: string; code?: string | null; captured_minor?: number; reason?: string };

/** The answers that say that what was asked for is done, or is under way. */
function takenUp(record: OrderRecord | undefined, calls: Call[], done: string[]): Answer[] {
  return (record?.answers ?? []).filter(
    ({ call, status, transaction }) =>
      calls.includes(call) &&
      transaction !== undefined &&
      (status === 202 || done.includes(transaction.status)),
  );
}

function asksFor(order: Order, calls: Call[]): boolean {
  return order.visits.flat().some((step) => step.calls.some((call) => calls.includes(call)));
}

/** What became of an authorized payment; a text says what went wrong. */
function stateOfHeld(order: Order, record: OrderRecord | undefined): State | string {
  const { amount_minor, part_minor } = order;
  const { metadata } = order.body;
  const isSure = (operation: "capture" | "void") => outcomeOf(operation, metadata).code === null;
  const taken = (call: Call, done: string, operation: "capture" | "void") =>
    takenUp(record, [call], [done]).some(({ status }) => status !== 202 || isSure(operation));
  const all = taken("capture", "completed", "capture");
  const part = taken("capture_part", "completed", "capture");
  const isVoided = taken("cancel", "cancelled", "void");
  if (all && part) return "it was captured with two amounts";
  if (isVoided && (all || part)) return "a capture and a cancel were both answered as done";
  if (isVoided) return { status: "cancelled", reason: "requested", captured_minor: 0 };
  if (!all && !part) return { status: "cancelled", reason: "capture_expired", captured_minor: 0 };
  return { status: "completed", code: null, captured_minor: all ? amount_minor : part_minor };
}

/** What became of a payment whose customer had to authenticate. What the issuer's page accepted is done: a cancellation came
 *  too late then. */
function stateAfterAction(order: Order, record: OrderRecord | undefined): State | string {
  const { customer, amount_minor, body } = order;
  const pages = (record?.answers ?? []).filter(({ call }) => call === "authenticate");
  const accepted = pages.filter(({ status }) => status === 303);
  if (accepted.length > 1) return "the customer authenticated twice";
  if (accepted.length === 0) {
    const isCancelled = takenUp(record, ["cancel"], ["cancelled"]).length > 0;
    const reason = isCancelled ? "requested" : "action_expired";
    return { status: "cancelled", reason, captured_minor: 0 };
  }
  if (customer === "fails") return { status: "failed", code: AUTHENTICATION_FAILED };
  if (body.capture_method === "manual") return stateOfHeld(order, record);
  return { status: "completed", code: null, captured_minor: amount_minor };
}

/** The state that the transaction must be in, or a text that says what went wrong. */
function expectedState(
  order: Order,
  record: OrderRecord | undefined,
  transaction: Transaction,
): State | string {
  const { isBlocked } = assess(order, isFrequent(transaction));
  if (isBlocked) return { status: "failed", code: RISK_BLOCKED };
  const isManual = order.body.capture_method === "manual";
  const charges = takenUp(record, ["process", "pay"], ["authorized", "completed", "failed"]);
  const isCharged = charges.length > 0;
  const isCancelled = takenUp(record, ["cancel"], ["cancelled"]).length > 0;
  if (isCharged && order.customer) return stateAfterAction(order, record);
  if (isCharged) {
    const { code } = outcomeOf(isManual ? "authorize" : "charge", order.body.metadata);
    if (code !== null) return { status: "failed", code };
    if (isManual) return stateOfHeld(order, record);
    if (isCancelled) return "a process and a cancel were both answered as done";
    return { status: "completed", code: null, captured_minor: order.amount_minor };
  }
  if (isCancelled) return { status: "cancelled", code: null };
  if (asksFor(order, ["process", "pay", "cancel"])) return "nothing that was asked was done";
  return { status: "pending", code: null };
}

function checkState(
  order: Order,
  record: OrderRecord | undefined,
  transaction: Transaction,
): string[] {
  const expected = expectedState(order, record, transaction);
  if (typeof expected === "string") return [expected];
  const actual: State = {
    status: transaction.status,
    code: transaction.failure?.code ?? null,
    captured_minor: transaction.amount_captured_minor,
    reason: transaction.cancellation_reason ?? "",
  };
  const told = { ...actual, ...expected };
  if (isDeepStrictEqual(actual, told)) return [];
  const nameOf = ({ status, code, captured_minor, reason }: State) =>
    [status, code && `(${code})`, reason, `with ${captured_minor} captured`]
      .filter(Boolean)
      .join(" ");
  return [`it is ${nameOf(actual)} and not ${nameOf(told)}`];
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
