/** The payments of this shard that have left its tables for the archive: where each of them is, and those that are in memory
 *  because a request is about them. */
import type { ArchivedPayment } from "../../../archive/line";
import { packId } from "../../../domain/identity/packed-id";
import type { EventRecord } from "../../../domain/transaction/event";
import { insertRows, prepareInsert } from "../../../runtime/insert-rows";
import { type RefundRow, toRefundRows } from "./refund-row";

/** Where a payment is: the number of its segment, and its block in there. */
export type ArchivePlace = { segment: number; block: number };

/** A place is one integer: the segment times this, plus the block. No segment has so many blocks. */
const BLOCKS = 2_048;

type Held = { payment: ArchivedPayment; holders: number };

const INSERT = prepareInsert("archived", ["id", "place"]);

/** A payment is in the archive and was not read from there. */
export class NotHeld extends Error {
  override readonly name = "NotHeld";
}

export class ArchivedPayments {
  readonly #sql: SqlStorage;
  readonly #held = new Map<string, Held>();
  #isEmpty: boolean;
  /** Whether payments may have been put back. In most shards there are none, and the table is not read. */
  #mayHavePutBack: boolean;

  /** @param sql with the journal's tables */
  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.#isEmpty = sql.exec("SELECT 1 FROM archived LIMIT 1").toArray().length === 0;
    this.#mayHavePutBack = sql.exec("SELECT 1 FROM put_back LIMIT 1").toArray().length > 0;
  }

  /** Whether no payment was ever archived, in which case nothing is looked up. */
  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  /** Where a payment is in the archive; undefined when it is not there. */
  placeOf(id: string): ArchivePlace | undefined {
    if (this.#isEmpty) return undefined;
    const [found] = this.#sql
      .exec<{ place: number }>("SELECT place FROM archived WHERE id = ?", toKey(id))
      .toArray();
    if (!found) return undefined;
    const block = found.place % BLOCKS;
    return { segment: (found.place - block) / BLOCKS, block };
  }

  insert(rows: (ArchivePlace & { id: string })[]): void {
    if (rows.length === 0) return;
    this.#isEmpty = false;
    insertRows(
      this.#sql,
      INSERT,
      rows.map(({ id, segment, block }) => [toKey(id), segment * BLOCKS + block]),
    );
  }

  /** A payment is in the tables again, with events from one position up to another. */
  markPutBack(id: string, firstPosition: number, through: number): void {
    this.#held.delete(id);
    this.#mayHavePutBack = true;
    this.#sql.exec("DELETE FROM archived WHERE id = ?", toKey(id));
    this.#sql.exec("INSERT OR REPLACE INTO put_back VALUES (?, ?)", firstPosition, through);
  }

  /** Of the payments with one of these events that have been put back since that event: the positions of their last events of before
   *  that. */
  putBackThrough(events: Pick<EventRecord, "position" | "first_position">[]): number[] {
    if (!this.#mayHavePutBack) return [];
    const positions = events.map(({ position, first_position }) => [first_position, position]);
    return this.#sql
      .exec<{ through: number }>(
        `SELECT DISTINCT through FROM json_each(?)
           CROSS JOIN put_back ON first_position = json_each.value ->> 0 AND through >= json_each.value ->> 1`,
        JSON.stringify(positions),
      )
      .toArray()
      .map(({ through }) => through);
  }

  /** Keeps a payment in memory, as it was read from the archive. @returns what releases it, to be called once */
  hold(id: string, payment: ArchivedPayment): () => void {
    const held = this.#held.get(id) ?? { payment, holders: 0 };
    held.holders += 1;
    this.#held.set(id, held);
    return () => {
      held.holders -= 1;
      if (held.holders === 0 && this.#held.get(id) === held) this.#held.delete(id);
    };
  }

  /** A payment that is held; undefined when it is not. */
  find(id: string): ArchivedPayment | undefined {
    return this.#held.size === 0 ? undefined : this.#held.get(id)?.payment;
  }

  /** The refunds of a payment that is held, the newest first; undefined when it is not. */
  refundsOf(id: string): RefundRow[] | undefined {
    const payment = this.find(id);
    return payment && toRefundRows(payment).reverse();
  }
}

function toKey(id: string): ArrayBuffer {
  return packId(id).buffer;
}
