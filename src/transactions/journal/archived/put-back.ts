/** Puts payments from the archive back into a shard's tables, as they were before. */
import { ArchiveFault } from "../../../archive/archive-fault";
import type { ArchivedPayment } from "../../../archive/line";
import type { Transaction } from "../../../domain/transaction/transaction";
import type { Checkpoints } from "../checkpoints";
import type { EventStore } from "../event-store";
import type { StoredDetails } from "../payment-details";
import type { Refunds } from "../refunds";
import type { NewEvent } from "../stored-event";
import { type ArchivedPayments, NotHeld } from "./archived-payments";
import { toRefundRows } from "./refund-row";

type Tables = {
  events: EventStore;
  refunds: Refunds;
  details: StoredDetails;
  archived: ArchivedPayments;
  checkpoints: Checkpoints;
};

/** Puts an archived payment back that is held. Its events keep their positions, which every destination has passed. While the
 *  book is written again it has not: it lacks the payment's row, so it would count these events a second time.
 *  @throws NotHeld, or ArchiveFault until the book has passed them, before anything is changed */
export function putBack(tables: Tables, transactionId: string): void {
  const { events, refunds, details, archived, checkpoints } = tables;
  const payment = archived.find(transactionId);
  if (!payment) throw new NotHeld();
  const { first_position = 0, position: last = 0 } = payment.events.at(-1) ?? {};
  if (last > (checkpoints.get("book_delivered_through") ?? 0)) {
    throw new ArchiveFault("unavailable", "segments/", "the book is being written again");
  }
  const rows = toRefundRows(payment);
  archived.markPutBack(transactionId, first_position, last);
  events.insert(toNewEvents(payment));
  for (const row of rows) refunds.insert(transactionId, row);
  if (payment.details !== null) details.insert(transactionId, payment.details);
}

function toNewEvents({ events }: ArchivedPayment): NewEvent[] {
  let first: Transaction | undefined;
  return events.map((record) => {
    const transaction = JSON.parse(record.data) as Transaction; // Our own text.
    first ??= transaction;
    return { record, transaction, first };
  });
}
