/** Puts the payments of a segment back into the tables and the book, for an operator. The segment stays, and what is archived
 *  again later is in a new one. */
import type { EventRecord } from "../../domain/transaction/event";
import { putBack } from "../journal/archived/put-back";
import type { Journal } from "../journal/journal";
import type { ArchiveReader } from "./archive-reader";

export type RestoreDependencies = {
  journal: Journal;
  sql: SqlStorage;
  transactionSync: <Value>(work: () => Value) => Value;
  reader: ArchiveReader;
  /** Writes the last events of payments into the book, unless it has them. */
  writeBook: (events: EventRecord[]) => Promise<void>;
};

/** Restores the payments that are still in a segment, a block in each commit. Those of it that are in the tables already stay
 *  there for that time too. May be repeated.
 *  @param untilMs until when they are not archived again
 *  @returns how many payments were put back; null when there is no such segment
 *  @throws ArchiveFault, or a fault of D1, after which it is to be repeated */
export async function restoreSegment(
  { journal, sql, transactionSync, reader, writeBook }: RestoreDependencies,
  number: number,
  untilMs: number,
): Promise<number | null> {
  const { store } = reader;
  const manifest = await reader.readSegment(number, (ref) => store.readManifest(ref));
  if (!manifest) return null;
  let restored = 0;
  for (const block of manifest.blocks.keys()) {
    const payments = (await reader.readSegment(number, (ref) => store.readBlock(ref, block))) ?? [];
    const lasts = transactionSync(() =>
      payments.flatMap((payment): EventRecord[] => {
        const last = payment.events.at(-1);
        if (!last) return [];
        const { transaction_id: id, first_position } = last;
        const place = journal.archived.placeOf(id);
        const isHere = place?.segment === number && place.block === block;
        if (!isHere && place) return [];
        keep(sql, first_position, untilMs);
        // One that was put back before, by a call that could not write the book, is written there now.
        if (!place) return journal.readEvents(id).slice(-1).filter(isDelivered(journal, sql));
        const release = journal.archived.hold(id, payment);
        try {
          putBack(journal, id);
        } finally {
          release();
        }
        restored += 1;
        return [last];
      }),
    );
    await writeBook(lasts);
  }
  return restored;
}

/** Whether the book was given an event. One that it still gets must not be in its row before: the book would neither count it
 *  nor have it in the feed. */
function isDelivered({ checkpoints }: Journal, sql: SqlStorage) {
  const through = checkpoints.get("book_delivered_through") ?? 0;
  const isWaiting = (position: number) =>
    sql.exec("SELECT 1 FROM book_waiting WHERE position = ?", position).toArray().length > 0;
  return ({ position }: EventRecord): boolean => position <= through && !isWaiting(position);
}

/** Keeps a payment in the tables until a time at least. */
function keep(sql: SqlStorage, firstPosition: number, untilMs: number): void {
  sql.exec(
    `INSERT INTO restored VALUES (?, ?)
       ON CONFLICT (first_position) DO UPDATE SET until_ms = max(until_ms, excluded.until_ms)`,
    firstPosition,
    untilMs,
  );
}

/** Ends the time of restored payments, which are archived again then. */
export function endRestored(sql: SqlStorage, nowMs: number): void {
  sql.exec("DELETE FROM restored WHERE until_ms <= ?", nowMs);
}
