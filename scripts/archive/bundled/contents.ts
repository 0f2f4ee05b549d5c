/** Counts what a segment has, from its payments, to compare it with what its manifest says. */
import type { ArchivedPayment } from "../../../src/archive/line";
import { compareKeys, type Manifest, type SortKey } from "../../../src/archive/manifest";
import { toSortKey } from "../../../src/archive/segment";
import { deriveTransactionId } from "../../../src/domain/identity/id";

type Counted = Pick<
  Manifest,
  | "payments"
  | "events"
  | "first_position"
  | "last_position"
  | "first_created_at"
  | "last_created_at"
  | "merchants"
>;

export class SegmentContents {
  #last: SortKey | undefined;
  #payments = 0;
  #events = 0;
  #firstPosition = Number.POSITIVE_INFINITY;
  #lastPosition = 0;
  #times: [first: string, last: string] = ["~", ""];
  readonly #firstKeys: SortKey[] = [];
  readonly #merchants = new Map<string, [count: number, first: string, last: string]>();

  /** Adds the next block. @returns what is wrong with it */
  addBlock(payments: ArchivedPayment[]): string | undefined {
    for (const [at, payment] of payments.entries()) {
      const wrong = this.#add(payment, at === 0);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  }

  /** What the manifest says otherwise than the payments. */
  differenceFrom(manifest: Manifest): string | undefined {
    const counted: Counted = {
      payments: this.#payments,
      events: this.#events,
      first_position: this.#firstPosition,
      last_position: this.#lastPosition,
      first_created_at: this.#times[0],
      last_created_at: this.#times[1],
      merchants: [...this.#merchants].map(([id, counts]) => [id, ...counts]),
    };
    for (const name of Object.keys(counted) as (keyof Counted)[]) {
      if (!isSame(counted[name], manifest[name]))
        return `names other ${name} than its payments have`;
    }
    const first = manifest.blocks.map((block) => block.first);
    const keys = this.#firstKeys.map(({ merchant_id, created_at, id }) => [
      merchant_id,
      created_at,
      id,
    ]);
    return isSame(first, keys) ? undefined : "names other first payments than its blocks have";
  }

  #add(payment: ArchivedPayment, isFirstOfBlock: boolean): string | undefined {
    const [first] = payment.events;
    if (!first) return "has a payment without events";
    const key = toSortKey(first);
    if (this.#last && compareKeys(this.#last, key) >= 0) return "has payments in another order";
    this.#last = key;
    if (isFirstOfBlock) this.#firstKeys.push(key);
    this.#count(payment, key);
    return faultOf(payment, key);
  }

  #count({ events }: ArchivedPayment, { merchant_id, created_at }: SortKey): void {
    this.#payments += 1;
    this.#events += events.length;
    for (const { position } of events) {
      this.#firstPosition = Math.min(this.#firstPosition, position);
      this.#lastPosition = Math.max(this.#lastPosition, position);
    }
    const [first, last] = this.#times;
    this.#times = [created_at < first ? created_at : first, created_at > last ? created_at : last];
    const [count, since] = this.#merchants.get(merchant_id) ?? [0, created_at];
    this.#merchants.set(merchant_id, [count + 1, since, created_at]);
  }
}

/** What in a payment contradicts itself. */
function faultOf({ events, refunds }: ArchivedPayment, { merchant_id, id }: SortKey) {
  const keys = new Set<unknown>();
  for (const { data, sequence } of events) {
    const transaction = JSON.parse(data) as Record<string, unknown>; // Restored from a line.
    if (transaction.version !== sequence) {
      return "has a payment whose versions do not follow each other";
    }
    if (transaction.id !== id) return "has a payment with an event of another one";
    keys.add(transaction.idempotency_key);
  }
  const [key] = keys;
  if (keys.size > 1 || deriveTransactionId(merchant_id, String(key)) !== id) {
    return "has a payment whose id is not that of its idempotency key";
  }
  const created = events.filter(({ type }) => type === "refund.created");
  const ids = created.map(({ refund }) => (JSON.parse(refund ?? "{}") as { id?: unknown }).id);
  const isOfEvents = isSame(
    ids,
    refunds.map((refund) => refund.id),
  );
  return isOfEvents ? undefined : "has a payment whose refunds are not those of its events";
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
