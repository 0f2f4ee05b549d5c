/** Merchants' allow and block lists in D1. No function here returns an entry that has expired; its row is deleted when the
 *  next entry is added. */
import { and, eq, gt, isNull, lte, or, sql } from "drizzle-orm";
import { MAX_LIST_ENTRIES } from "../../domain/risk/limits";
import { LIST_FIELDS, LIST_NAMES, type ListField, type ListName } from "../../domain/risk/rule-set";
import { type Database, queryD1 } from "../query";
import { riskListEntries } from "./risk-schema";

export type ListEntryRow = typeof riskListEntries.$inferSelect;
export type NewListEntry = Omit<ListEntryRow, "position">;
export type ListEntryFilter = { list?: ListName | undefined; field?: ListField | undefined };

/** Expired rows that one addition deletes at most. */
const SWEEP_ROWS = 500;

const { merchant_id, list, field, value, position, expires_at } = riskListEntries;
const isAlive = (nowMs: number) => or(isNull(expires_at), gt(expires_at, nowMs));

/** Puts a value on a list. A value that is on the list keeps its id and gets the new note and expiry.
 *  @returns the entry as it is now, or undefined when the merchant's lists are full */
export async function addListEntry(
  db: Database,
  entry: NewListEntry,
): Promise<ListEntryRow | undefined> {
  const own = eq(merchant_id, entry.merchant_id);
  const same = and(own, eq(list, entry.list), eq(field, entry.field), eq(value, entry.value));
  const hasRoom = sql`(SELECT count(*) FROM ${riskListEntries} WHERE ${own}) < ${MAX_LIST_ENTRIES}`;
  const isThere = sql`EXISTS (SELECT 1 FROM ${riskListEntries} WHERE ${same})`;
  const [, rows] = await queryD1(
    db.batch([
      sweep(db, entry.merchant_id, entry.created_at),
      db
        .insert(riskListEntries)
        .select(
          // In the order of the table's columns; without a position it gets the next.
          sql`SELECT NULL, ${entry.id}, ${entry.merchant_id}, ${entry.list}, ${entry.field}, ${entry.value},
            ${entry.note}, ${entry.created_at}, ${entry.expires_at} WHERE ${hasRoom} OR ${isThere}`,
        )
        .onConflictDoUpdate({
          target: [merchant_id, list, field, value],
          set: { note: sql`excluded.note`, expires_at: sql`excluded.expires_at` },
        })
        .returning(),
    ]),
  );
  return rows[0];
}

/** Deletes expired entries, so that a value whose entry has expired gets a new one. */
function sweep(db: Database, merchantId: string, nowMs: number) {
  const expired = db
    .select({ position })
    .from(riskListEntries)
    .where(and(eq(merchant_id, merchantId), lte(expires_at, nowMs)))
    .limit(SWEEP_ROWS);
  return db.delete(riskListEntries).where(sql`${position} IN ${expired}`);
}

/** @returns whether there was one. */
export async function removeListEntry(
  db: Database,
  merchantId: string,
  id: string,
  nowMs: number,
): Promise<boolean> {
  const removed = await queryD1(
    db
      .delete(riskListEntries)
      .where(and(eq(merchant_id, merchantId), eq(riskListEntries.id, id), isAlive(nowMs)))
      .returning({ position }),
  );
  return removed.length > 0;
}

export async function findListEntry(
  db: Database,
  merchantId: string,
  id: string,
  nowMs: number,
): Promise<ListEntryRow | undefined> {
  const one = and(eq(merchant_id, merchantId), eq(riskListEntries.id, id), isAlive(nowMs));
  return (await queryD1(db.select().from(riskListEntries).where(one)))[0];
}

/** A merchant's entries below a position, the newest first. Reads the newest of each list and field and returns the newest
 *  of all; skips entries that have expired. */
export async function listListEntries(
  db: Database,
  merchantId: string,
  filter: ListEntryFilter,
  before: number | undefined,
  limit: number,
  nowMs: number,
): Promise<ListEntryRow[]> {
  const lists = filter.list === undefined ? LIST_NAMES : [filter.list];
  const fields = filter.field === undefined ? LIST_FIELDS : [filter.field];
  const kinds = lists.flatMap((list) => fields.map((field) => [list, field]));
  return queryD1(
    db.all<ListEntryRow>(sql`
      SELECT entry.* FROM json_each(${JSON.stringify(kinds)}) AS kind
      CROSS JOIN risk_list_entries AS entry ON entry.position IN (
        SELECT position FROM risk_list_entries INDEXED BY risk_list_entries_by_field
        WHERE merchant_id = ${merchantId} AND list = kind.value ->> 0 AND field = kind.value ->> 1
          AND position < ${before ?? Number.MAX_SAFE_INTEGER}
          AND (expires_at IS NULL OR expires_at > ${nowMs})
        ORDER BY position DESC LIMIT ${limit})
      ORDER BY entry.position DESC LIMIT ${limit}`),
  );
}
