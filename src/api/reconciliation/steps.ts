/** The steps of a reconciliation: Stripe's balance transactions, then our payments, then our refunds. A page is a part of
 *  one step. */
import { waitUntil } from "cloudflare:workers";
import type { Stripe } from "stripe";
import { listBooks } from "../../d1/books/books";
import { listRecordedInBooks } from "../../d1/books/list-recorded";
import { openDatabase } from "../../d1/query";
import type { Recorded, RecordedPlace } from "../../d1/recorded-queries";
import { isRefundId, isTransactionId, transactionOfRefund } from "../../domain/identity/id";
import { formatTime } from "../../domain/time/format-time";
import type { Refund as OurRefund } from "../../domain/transaction/refund";
import type { Transaction } from "../../domain/transaction/transaction";
import type { Refund } from "../../processor/stripe/objects";
import { readPaymentIntent, readRefund } from "../../processor/stripe/reads";
import {
  type BalanceTransaction,
  readBalance,
} from "../../processor/stripe/reconciliation/balance";
import {
  compareCharge,
  compareFee,
  compareRefund,
} from "../../processor/stripe/reconciliation/compare-balance";
import {
  compareOwnRefund,
  comparePayment,
  paymentToLookUp,
  refundToLookUp,
} from "../../processor/stripe/reconciliation/compare-records";
import type { About, Difference } from "../../processor/stripe/reconciliation/difference";
import { readRecords, refreshBook } from "../../transactions/client";
import type { TransactionRecord } from "../../transactions/rpc";
import type { AppContext } from "../context";
import { Problem } from "../http/problem";

/** A Worker has six connections at a time, and each call has a time limit. */
const CALLS_AT_ONCE = 5;
const MS_PER_S = 1_000;

/** Where a page begins: in the balance after an id of Stripe, otherwise after a place in D1. */
export type Place =
  | { step: "balance"; after: string | undefined }
  | { step: "payments" | "refunds"; after: RecordedPlace | undefined };

/** `from_ms` and later, and before `to_ms`. */
export type Range = { from_ms: number; to_ms: number };
export type PageOfDifferences = {
  differences: Difference[];
  /** How many were compared. */
  compared: number;
  next: Place | undefined;
};

/** Compares a page. @throws StripeUnavailable, RecordsRefused, DatabaseUnavailable */
export function comparePage(
  c: AppContext,
  stripe: Stripe,
  range: Range,
  place: Place,
  limit: number,
): Promise<PageOfDifferences> {
  return place.step === "balance"
    ? compareBalance(c, stripe, range, place.after, limit)
    : compareRecorded(c, stripe, range, place, limit);
}

async function compareBalance(
  c: AppContext,
  stripe: Stripe,
  range: Range,
  after: string | undefined,
  limit: number,
): Promise<PageOfDifferences> {
  const seconds = {
    from_s: Math.ceil(range.from_ms / MS_PER_S),
    to_s: Math.ceil(range.to_ms / MS_PER_S),
  };
  const { entries, next } = await readBalance(stripe, seconds, after, limit);
  const ids = await inTurn(entries, (entry) => findTransactionId(stripe, entry));
  const records = await readOurs(c, ids);
  const differences = entries.flatMap((entry, at) => {
    const id = ids[at] ?? null;
    return compareEntry(entry, id, id === null ? undefined : records.get(id));
  });
  return {
    differences,
    compared: entries.length,
    next:
      next === undefined
        ? { step: "payments", after: undefined }
        : { step: "balance", after: next },
  };
}

/** The transaction of a charge or a refund; null when Stripe names none. */
async function findTransactionId(
  stripe: Stripe,
  { source }: BalanceTransaction,
): Promise<string | null> {
  if (isCharge(source)) return ownId(source.metadata?.transaction_id);
  if (!isRefund(source)) return null;
  const { refund_id, transaction_id } = source.metadata ?? {};
  if (refund_id && isRefundId(refund_id)) return transactionOfRefund(refund_id);
  if (ownId(transaction_id) !== null || !source.payment_intent) return ownId(transaction_id);
  // Made at Stripe's dashboard: only its payment has an id of ours.
  const intent = await readPaymentIntent(stripe, source.payment_intent);
  return ownId(intent?.metadata?.transaction_id);
}

const ownId = (text: string | null | undefined): string | null =>
  text && isTransactionId(text) ? text : null;

type Source = BalanceTransaction["source"];
type ChargeSource = Extract<Source, { object: "charge" }>;

const isCharge = (source: Source): source is ChargeSource =>
  typeof source === "object" && source?.object === "charge";
const isRefund = (source: Source): source is Refund =>
  typeof source === "object" && source?.object === "refund";

function compareEntry(
  entry: BalanceTransaction,
  transactionId: string | null,
  record: Ours | undefined,
): Difference[] {
  const { source } = entry;
  const about = { transaction_id: transactionId, refund_id: null, processor_reference: null };
  if (isCharge(source)) {
    return [
      ...compareCharge(entry, source, record?.transaction),
      ...compareFee(entry, { ...about, processor_reference: source.payment_intent ?? null }),
    ];
  }
  if (!isRefund(source)) return compareFee(entry, about);
  const refund_id = source.metadata?.refund_id ?? null;
  const ours = record?.refunds.find(({ id, processor_reference }) =>
    refund_id === null ? processor_reference === source.id : id === refund_id,
  );
  const refund: About = {
    transaction_id: transactionId,
    refund_id: ours?.id ?? refund_id,
    processor_reference: source.id,
  };
  return [...compareRefund(entry, source, refund, ours), ...compareFee(entry, refund)];
}

async function compareRecorded(
  c: AppContext,
  stripe: Stripe,
  range: Range,
  { step, after }: Extract<Place, { step: "payments" | "refunds" }>,
  limit: number,
): Promise<PageOfDifferences> {
  if (after === undefined) await requireCompleteBook(c, range);
  const created = { from: timeText(range.from_ms), until: timeText(range.to_ms) };
  const books = listBooks(c.env, c.get("config").books).map(({ db }) => openDatabase(db));
  const { rows, next } = await listRecordedInBooks(books, step, created, after, limit);
  const records = await readOurs(
    c,
    rows.map(({ transaction_id }) => transaction_id),
  );
  const differences = await inTurn(rows, (row) => {
    const record = records.get(row.transaction_id);
    if (!record) return Promise.resolve([]);
    return step === "payments" ? lookUpPayment(stripe, record) : lookUpRefund(stripe, record, row);
  });
  const afterStep: Place | undefined =
    step === "payments" ? { step: "refunds", after: undefined } : undefined;
  return {
    differences: differences.flat(),
    compared: rows.length,
    next: next ? { step, after: next } : afterStep,
  };
}

/** Waits until D1 has everything of the range. @throws Problem when it does not get it */
async function requireCompleteBook(c: AppContext, { to_ms }: Range): Promise<void> {
  const staleSinceMs = await refreshBook({
    env: c.env,
    config: c.get("config"),
    merchant_id: null,
    waitUntil,
  });
  if (staleSinceMs === null || staleSinceMs >= to_ms) return;
  throw new Problem("unavailable", {
    detail: "The copy in D1 does not have all payments of the range yet. Retry the request.",
  });
}

async function lookUpPayment(stripe: Stripe, { transaction }: Ours): Promise<Difference[]> {
  const wanted = paymentToLookUp(transaction);
  if (wanted === undefined) return [];
  const intent = wanted === "none" ? undefined : await readPaymentIntent(stripe, wanted.id);
  return comparePayment(transaction, intent);
}

async function lookUpRefund(
  stripe: Stripe,
  { transaction, refunds }: Ours,
  { id }: Recorded,
): Promise<Difference[]> {
  const ours = refunds.find((refund) => refund.id === id);
  const wanted = ours && refundToLookUp(transaction, ours);
  if (!ours || wanted === undefined) return [];
  return compareOwnRefund(
    ours,
    wanted === "none" ? undefined : await readRefund(stripe, wanted.id),
  );
}

type Ours = { transaction: Transaction; refunds: OurRefund[] };

/** Our records as they are now, by the transaction's id. */
async function readOurs(
  c: AppContext,
  ids: readonly (string | null)[],
): Promise<Map<string, Ours>> {
  const caller = { env: c.env, config: c.get("config") };
  const wanted = ids.filter((id) => id !== null);
  const records = await readRecords(caller, wanted);
  return new Map([...records].map(([id, record]) => [id, parseRecord(record)]));
}

function parseRecord({ transaction, refunds }: TransactionRecord): Ours {
  return {
    // Written by the journal.
    transaction: JSON.parse(transaction) as Transaction,
    refunds: refunds.map((text) => JSON.parse(text) as OurRefund),
  };
}

/** The results in order, with a few calls at a time. */
async function inTurn<Item, Result>(
  items: Item[],
  call: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let first = 0; first < items.length; first += CALLS_AT_ONCE) {
    const some = items.slice(first, first + CALLS_AT_ONCE);
    results.push(...(await Promise.all(some.map(call))));
  }
  return results;
}

/** The last millisecond that the text of a time can have in its order. */
const LAST_MS = Date.parse("9999-12-31T23:59:59.999Z");
const timeText = (ms: number) => formatTime(Math.min(ms, LAST_MS));
