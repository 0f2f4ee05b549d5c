// Whether the refunds of each transaction are those that were asked for, each with the processor's outcome, together never
// more than was captured, and none refused for which there was money. Pure.
import { isDeepStrictEqual } from "node:util";
import { outcomeOf } from "../plan/expectation.ts";
import type { PlannedRefund } from "../plan/orders.ts";
import { refundNumber } from "../plan/stories.ts";
import {
  type Answer,
  type Difference,
  type MerchantView,
  type OrderRecord,
  type Refund,
  refundIn,
  type Transaction,
  type TransactionEvent,
  type World,
} from "../world.ts";

/** A refund that was made at the processor has this in place of a client's key. */
export const isForeign = ({ idempotency_key }: Refund) => idempotency_key.startsWith("processor:");

/** The money of a transaction when a refund is decided. */
type Found = { transaction: Transaction; refunds: Refund[]; log: TransactionEvent[] };

const sumOf = (refunds: Refund[]) =>
  refunds.reduce((sum, { amount_minor }) => sum + amount_minor, 0);

/** What was left to refund when a refund was created, by the log; refunds that failed before it do not count. */
function leftBefore(refund: Refund, { transaction, log }: Found): number {
  const open = new Map<string, number>();
  for (const event of log) {
    const { id, amount_minor } = refundIn(event) ?? {};
    if (id === refund.id) break;
    if (id === undefined || amount_minor === undefined) continue;
    if (event.type === "refund.failed") open.delete(id);
    else open.set(id, amount_minor);
  }
  const taken = [...open.values()].reduce((sum, amount_minor) => sum + amount_minor, 0);
  return transaction.amount_captured_minor - taken;
}

function checkRefund(
  refund: Refund,
  { key, amount_minor, body }: PlannedRefund,
  found: Found,
): string[] {
  const left_minor = leftBefore(refund, found);
  const { code } = outcomeOf("refund", body.metadata);
  const wanted = {
    idempotency_key: key,
    transaction_id: found.transaction.id,
    amount_minor: amount_minor ?? left_minor,
    currency: found.transaction.currency,
    reason: body.reason ?? null,
    metadata: body.metadata,
    status: code === null ? "succeeded" : "failed",
  };
  const names = Object.keys(wanted) as (keyof typeof wanted)[];
  const wrong = names.filter((name) => !isDeepStrictEqual(refund[name], wanted[name]));
  const { failure } = refund;
  return [
    ...wrong.map((name) => `has another ${name} than was asked for`),
    ...((failure?.code ?? null) === code ? [] : [`has the failure ${failure?.code}`]),
    ...(refund.amount_minor <= left_minor
      ? []
      : [`is of ${refund.amount_minor} when ${left_minor} was left`]),
  ];
}

/** Whether all refunds together would have been too much with one more. */
function hadToBeRefused({ amount_minor }: PlannedRefund, found: Found): boolean {
  const left_minor = found.transaction.amount_captured_minor - sumOf(found.refunds);
  return amount_minor === null ? left_minor <= 0 : amount_minor > left_minor;
}

function checkPlanned(planned: PlannedRefund, answers: Answer[], found: Found): string[] {
  const refund = found.refunds.find((one) => one.idempotency_key === planned.key);
  const taken = answers.filter(({ status }) => status === 201);
  const refused = answers.filter(({ code }) => code === "refund_exceeds_remaining");
  const others = taken.filter((answer) => answer.refund?.id !== refund?.id);
  return [
    ...(refund ? checkRefund(refund, planned, found) : []),
    ...(refund && answers.length > 0 && taken.length === 0 ? ["is there and was refused"] : []),
    ...(taken.length > 0 && !refund ? ["was acknowledged and is gone"] : []),
    ...(refund && others.length > 0 ? ["was answered as another one"] : []),
    ...(taken.filter(({ replayed }) => !replayed).length > 1
      ? ["was answered as the first twice"]
      : []),
    ...(!refund && refused.length > 0 && !hadToBeRefused(planned, found)
      ? ["was refused although there was enough left"]
      : []),
  ];
}

function checkOrder({ order, answers }: OrderRecord, found: Found): string[] {
  const keys = new Set(order.refunds.map(({ key }) => key));
  const foreign = found.refunds.filter((one) => !keys.has(one.idempotency_key) && !isForeign(one));
  const texts = order.refunds.flatMap((planned, at) => {
    const own = answers.filter(({ call }) => refundNumber(call) === at + 1);
    return checkPlanned(planned, own, found).map((text) => `${planned.key} ${text}`);
  });
  return [...texts, ...foreign.map(({ id }) => `no one asked for ${id}`)];
}

/** The same refund everywhere: by its id, with its transaction, in the list and as its last event has it. */
function checkViews(merchant: MerchantView): string[] {
  const { refund_list, refunds, exact_refunds, logs } = merchant;
  const all = [...refunds.values()].flat();
  const listed = new Map(refund_list.map((refund) => [refund.id, refund]));
  const last = new Map<string, Refund>();
  for (const refund of [...logs.values()].flat().flatMap((event) => refundIn(event) ?? [])) {
    last.set(refund.id, refund);
  }
  const known = new Set(all.map(({ id }) => id));
  const views = { "by its id": exact_refunds, "in the list": listed, "in the log": last };
  const places = refund_list.map(({ created_at, id }) => `${created_at} ${id}`);
  return [
    ...all.flatMap((refund) =>
      Object.entries(views)
        .filter(([, view]) => !isDeepStrictEqual(view.get(refund.id), refund))
        .map(([where]) => `${refund.id} is not the same ${where}`),
    ),
    ...[...listed.keys(), ...last.keys()]
      .filter((id) => !known.has(id))
      .map((id) => `${id} is not among its transaction's`),
    ...(listed.size < refund_list.length ? ["the list of refunds has one twice"] : []),
    ...(isDeepStrictEqual(places, [...places].sort().reverse())
      ? []
      : ["the list of refunds is not sorted"]),
  ];
}

/** The differences in refunds. */
export function reconcileRefunds({ records, merchants }: World): Difference[] {
  const orders = records.flatMap((record) => {
    const merchant = record && merchants[record.order.merchant];
    const transaction = merchant?.exact.get(record.id ?? "");
    if (!merchant || !transaction) return [];
    const { id } = transaction;
    const refunds = merchant.refunds.get(id) ?? [];
    const texts = checkOrder(record, { transaction, refunds, log: merchant.logs.get(id) ?? [] });
    return texts.map((text) => `${merchant.id} ${record.order.key}: ${text}`);
  });
  const views = merchants.flatMap((merchant) =>
    checkViews(merchant).map((text) => `${merchant.id} ${text}`),
  );
  return [...orders, ...views].map((text) => ({ area: "refunds", text }));
}
