/** The segments of a shard, in its own tables, and the commit that moves payments from the journal's tables into one. */
import type { ArchivedPayment } from "../../archive/line";
import type { SegmentRef } from "../../archive/manifest";
import type { Segment } from "../../archive/segment";
import { insertRows, prepareInsert } from "../../runtime/insert-rows";
import type { ArchivedPayments } from "../journal/archived/archived-payments";
import type { Journal } from "../journal/journal";
import type { SegmentInfo } from "../rpc";

/** A payment as it was read for a segment. */
export type SealedPayment = { first_position: number; positions: number[] };

/** Reads payments for a segment, and keeps what of each is in the tables. */
export function readSealed(
  { events: store, refunds: ofPayments, details }: Pick<Journal, "events" | "refunds" | "details">,
  keys: { id: string }[],
  sealed: Map<string, SealedPayment>,
): ArchivedPayment[] {
  const histories = store.readHistories(keys.map(({ id }) => id));
  return keys.map(({ id }) => {
    const events = histories.get(id) ?? [];
    const positions = events.map(({ position }) => position);
    sealed.set(id, { first_position: positions[0] ?? 0, positions });
    const refunds = ofPayments.requestsOf(id).reverse();
    return { events, refunds, details: details.textOf(id) };
  });
}

const SEGMENT_COLUMNS = [
  "number",
  "shard",
  "hash",
  "payments",
  "bytes",
  "last_position",
  "first_created_at_ms",
  "last_created_at_ms",
  "sealed_at_ms",
  "is_in_book",
];
const INSERT_SEGMENT = prepareInsert("segments", SEGMENT_COLUMNS);
const INSERT_MERCHANTS = prepareInsert("segment_merchants", [
  "merchant_id",
  "last_created_at_ms",
  "number",
  "first_created_at_ms",
]);

/** A segment and when the last of the merchant's payments in it was created. */
type MerchantSegment = SegmentRef & { at_ms: number };

export class Segments {
  readonly #sql: SqlStorage;
  readonly #archived: ArchivedPayments;
  #replacements = 0;

  /** @param sql with the journal's tables */
  constructor(sql: SqlStorage, archived: ArchivedPayments) {
    this.#sql = sql;
    this.#archived = archived;
  }

  /** The last segment of the chain; undefined when there is none. */
  last(): SegmentRef | undefined {
    return this.#sql
      .exec<SegmentRef>("SELECT shard, number, hash FROM segments ORDER BY number DESC LIMIT 1")
      .toArray()[0];
  }

  /** How many segments were replaced since the object started. */
  get replacements(): number {
    return this.#replacements;
  }

  /** The next segment with payments of a merchant, in the order of the key; undefined when there is none. */
  nextOf(
    merchantId: string,
    after: { at_ms: number; segment: number },
  ): MerchantSegment | undefined {
    return this.#sql
      .exec<MerchantSegment>(
        `SELECT segments.shard, segments.number, segments.hash, own.last_created_at_ms AS at_ms
           FROM segment_merchants AS own JOIN segments ON segments.number = own.number
           WHERE own.merchant_id = ? AND (own.last_created_at_ms, own.number) > (?, ?)
           ORDER BY own.last_created_at_ms, own.number LIMIT 1`,
        merchantId,
        after.at_ms,
        after.segment,
      )
      .toArray()[0];
  }

  /** Another segment takes the place of one. The objects of that one are obsolete. To be called inside `transactionSync`.
   *  @throws Error when it was replaced since */
  replace(ref: SegmentRef, { ref: { hash }, manifest }: Segment, obsolete: string[]): void {
    const replaced = this.#sql
      .exec(
        "UPDATE segments SET hash = ?, bytes = ? WHERE number = ? AND hash = ? RETURNING number",
        hash,
        manifest.data.bytes,
        ref.number,
        ref.hash,
      )
      .toArray();
    if (replaced.length === 0) throw new Error("a segment was replaced meanwhile");
    this.addObsolete(obsolete);
    this.#replacements += 1;
  }

  /** Objects to be deleted. */
  addObsolete(keys: string[]): void {
    for (const key of keys) {
      this.#sql.exec("INSERT OR IGNORE INTO obsolete_objects VALUES (?)", key);
    }
  }

  obsolete(): string[] {
    return this.#sql
      .exec<{ key: string }>("SELECT key FROM obsolete_objects LIMIT 1000")
      .toArray()
      .map(({ key }) => key);
  }

  /** Objects that were deleted. */
  removeObsolete(keys: string[]): void {
    for (const key of keys) this.#sql.exec("DELETE FROM obsolete_objects WHERE key = ?", key);
  }

  /** Segments after a number, in order. */
  list(after: number, limit: number): SegmentInfo[] {
    return this.#sql
      .exec<SegmentInfo>(
        `SELECT shard, number, hash, payments, bytes, first_created_at_ms, last_created_at_ms
           FROM segments WHERE number > ? ORDER BY number LIMIT ?`,
        after,
        limit,
      )
      .toArray();
  }

  /** A segment by its number. */
  find(number: number): SegmentRef | undefined {
    return this.#sql
      .exec<SegmentRef>("SELECT shard, number, hash FROM segments WHERE number = ?", number)
      .toArray()[0];
  }

  /** The first segment whose payments may still be in the book; undefined when there is none. */
  firstInBook(): SegmentRef | undefined {
    return this.#sql
      .exec<SegmentRef>(
        "SELECT shard, number, hash FROM segments WHERE is_in_book = 1 ORDER BY number LIMIT 1",
      )
      .toArray()[0];
  }

  /** Records that a segment's payments are not in the book. */
  setOutOfBook(number: number): void {
    this.#sql.exec("UPDATE segments SET is_in_book = 0 WHERE number = ?", number);
  }

  /** Records that the payments of segments may be in the book again, of those that were sealed since a time. */
  setInBook(sinceMs: number): void {
    this.#sql.exec("UPDATE segments SET is_in_book = 1 WHERE sealed_at_ms >= ?", sinceMs);
  }

  /** Moves payments of a segment that was written and inserted out of the tables; those that have changed since they were
   *  read stay, and those that an operator has put back. To be called inside `transactionSync`.
   *  @param sealed payments of the segment, as they were read
   *  @param settledThrough payments with an event after this position stay too: the book may be written again since
   *  @returns the ids of those that were moved */
  move(
    { ref, places }: Segment,
    sealed: Map<string, SealedPayment>,
    settledThrough: number,
  ): string[] {
    const moved = this.#selectUnchanged(sealed).filter((id) => {
      const last = sealed.get(id)?.positions.at(-1) ?? 0;
      return places.has(id) && last <= settledThrough;
    });
    // In the order of the key, so that neighbours are on one page.
    const rows = moved.toSorted().map((id) => ({ id, block: places.get(id) ?? 0 }));
    this.#archived.insert(rows.map((row) => ({ ...row, segment: ref.number })));
    const positions = moved.flatMap((id) => sealed.get(id)?.positions ?? []);
    this.#sql.exec(
      "DELETE FROM events WHERE position IN (SELECT value FROM json_each(?))",
      JSON.stringify(positions),
    );
    const firsts = moved.map((id) => sealed.get(id)?.first_position);
    this.#sql.exec(
      "DELETE FROM put_back WHERE first_position IN (SELECT value FROM json_each(?))",
      JSON.stringify(firsts),
    );
    const ids = JSON.stringify(moved);
    for (const table of ["refunds", "payment_details", "next_actions"]) {
      this.#sql.exec(
        `DELETE FROM ${table} WHERE transaction_id IN (SELECT value FROM json_each(?))`,
        ids,
      );
    }
    return moved;
  }

  /** Inserts a segment that was written and verified, the next one of the chain. */
  insert({ ref, manifest }: Segment): void {
    const { shard, number, hash } = ref;
    const { payments, data, last_position, merchants } = manifest;
    const times = [manifest.first_created_at, manifest.last_created_at, manifest.sealed_at];
    insertRows(this.#sql, INSERT_SEGMENT, [
      [number, shard, hash, payments, data.bytes, last_position, ...times.map(Date.parse), 1],
    ]);
    insertRows(
      this.#sql,
      INSERT_MERCHANTS,
      merchants.map(([merchant_id, , first, last]) => [
        merchant_id,
        Date.parse(last),
        number,
        Date.parse(first),
      ]),
    );
  }

  /** Of these, the payments that may leave the tables. */
  #selectUnchanged(sealed: Map<string, SealedPayment>): string[] {
    const firsts = JSON.stringify([...sealed.values()].map(({ first_position }) => first_position));
    const rows = this.#sql
      .exec<{ first: number; last: number }>(
        `SELECT first_position AS first, max(position) AS last FROM events
           WHERE first_position IN (SELECT value FROM json_each(?)) AND sequence > 1
           GROUP BY first_position`,
        firsts,
      )
      .toArray();
    const lasts = new Map(rows.map(({ first, last }) => [first, last]));
    const restored = this.#sql
      .exec<{ first: number }>(
        "SELECT first_position AS first FROM restored WHERE first_position IN (SELECT value FROM json_each(?))",
        firsts,
      )
      .toArray();
    const kept = new Set(restored.map(({ first }) => first));
    return [...sealed].flatMap(([id, { first_position, positions }]) => {
      const last = lasts.get(first_position) ?? first_position;
      return last === positions.at(-1) && !kept.has(first_position) ? [id] : [];
    });
  }
}
