// Whether the processor did what the transactions say, once for each claim, with the same amounts and outcomes, and nothing
// else. Pure.
import type { Operation } from "../plan/expectation.ts";
import {
  type Difference,
  type MerchantView,
  type Operated,
  refundIn,
  type Transaction,
  type TransactionEvent,
  transactionIn,
  type World,
} from "../world.ts";

/** What the processor must have done. */
type Wanted = Pick<
  Operated,
  "key" | "operation" | "payment" | "amount_minor" | "currency" | "code" | "is_decided"
>;

const FAILED = ["transaction.failed", "transaction.capture_failed", "transaction.void_failed"];

function claimOf(claim: Transaction, next: TransactionEvent | undefined): Wanted {
  const { id, version, currency, capture_method, pending_operation } = claim;
  const begin: Operation = capture_method === "manual" ? "authorize" : "charge";
  const operation = pending_operation?.type ?? begin;
  const key = pending_operation ? `${id}:${operation}:${version}` : id;
  // What a void releases by expiry is released although the processor declines it.
  const isDeclined =
    next && (FAILED.includes(next.type) || next.type === "transaction.capture_expired");
  const code = isDeclined ? (next.data.failure?.code ?? null) : null;
  const amount_minor = pending_operation?.amount_minor ?? claim.amount_minor;
  return { key, operation, payment: id, amount_minor, currency, code, is_decided: !!next };
}

function refundsOf(log: TransactionEvent[]): Wanted[] {
  const last = new Map(log.flatMap((event) => refundIn(event) ?? []).map((one) => [one.id, one]));
  return [...last.values()].map((refund) => ({
    key: refund.id,
    operation: "refund",
    payment: refund.transaction_id,
    amount_minor: refund.amount_minor,
    currency: refund.currency,
    code: refund.failure?.code ?? null,
    is_decided: refund.status !== "pending",
  }));
}

/** The operations that a transaction's log claims. */
export function claimsOf(log: TransactionEvent[]): Wanted[] {
  const own = log.filter((event) => transactionIn(event) !== null);
  const claims = own.flatMap((event, at) => {
    const claim = event.type === "transaction.processing" ? transactionIn(event) : null;
    return claim ? [claimOf(claim, own[at + 1])] : [];
  });
  return [...claims, ...refundsOf(log)];
}

function compare(wanted: Wanted, is: Operated | undefined): string[] {
  const { key, operation } = wanted;
  if (!is) return [`the ${operation} ${key} was never made`];
  const names = Object.keys(wanted) as (keyof Wanted)[];
  return names
    .filter((name) => is[name] !== wanted[name])
    .map((name) => `the ${operation} ${key} has the ${name} ${is[name]} and not ${wanted[name]}`);
}

/** Of a payment never more goes out than came in, in the order in which the processor was asked. */
function checkFlow(payment: string, operations: Operated[]): string[] {
  const done = operations.filter(({ code, is_decided }) => is_decided && code === null);
  const sum = (...kinds: Operation[]) =>
    done
      .filter(({ operation }) => kinds.includes(operation))
      .reduce((total, { amount_minor }) => total + amount_minor, 0);
  const count = (...kinds: Operation[]) =>
    done.filter(({ operation }) => kinds.includes(operation)).length;
  return [
    ...(count("charge", "authorize") > 1 ? [`${payment} was charged twice`] : []),
    ...(count("capture", "void") > 1 ? [`${payment} was captured or voided twice`] : []),
    ...(sum("capture") > sum("authorize") ? [`${payment} was captured beyond its amount`] : []),
    ...(sum("refund") > sum("charge", "capture") ? [`${payment} was refunded too much`] : []),
  ];
}

/** All claims of all merchants. */
export const allClaims = (merchants: MerchantView[]) =>
  merchants.flatMap(({ logs }) => [...logs.values()].flatMap(claimsOf));

/** The differences between the transactions and what the processor over HTTP did. */
export function reconcileProcessor({ merchants, processor, stripe }: World): Difference[] {
  if (stripe) return [];
  const { operations, complaints } = processor;
  const wanted = allClaims(merchants);
  const keys = new Set(wanted.map(({ key }) => key));
  const payments = Map.groupBy(operations.values(), ({ payment }) => payment);
  const texts = [
    ...complaints,
    ...wanted.flatMap((one) => compare(one, operations.get(one.key))),
    ...[...operations.values()]
      .filter(({ key }) => !keys.has(key))
      .map(({ key, operation }) => `no one claimed the ${operation} ${key}`),
    ...[...payments].flatMap(([payment, own]) => checkFlow(payment, own)),
  ];
  return texts.map((text) => ({ area: "processor", text }));
}
