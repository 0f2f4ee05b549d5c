/** Moves the payments of a segment out of a shard's tables, once the segment is written. */
import type { Segment } from "../../archive/segment";
import type { Counters } from "../counters";
import type { Journal } from "../journal/journal";
import type { OutboxRelays } from "../outbox/relays";
import type { MovedPayment } from "./empty-book";
import type { FinalPayment } from "./final-payments";
import { rest } from "./rest";
import type { SealedPayment, Segments } from "./segments";

/** In a commit of the shard, which serves nothing else meanwhile, and in a call of D1. */
export const MOVED_AT_ONCE = 256;

type Dependencies = {
  journal: Journal;
  transactionSync: <Value>(work: () => Value) => Value;
  segments: Segments;
  relays: Pick<OutboxRelays, "settledThrough" | "storeCheckpoints">;
  counters: Counters;
};

/** Inserts the segment and moves its payments, some in each commit; those that have changed since they were selected stay.
 *  When the object ends meanwhile, those that are left stay too, and are archived in another segment.
 *  @param sealed each payment of the segment, as it was read
 *  @returns those that were moved */
export async function movePayments(
  { journal, transactionSync, segments, relays, counters }: Dependencies,
  segment: Segment,
  payments: FinalPayment[],
  sealed: Map<string, SealedPayment>,
): Promise<MovedPayment[]> {
  const moved: MovedPayment[] = [];
  for (let from = 0; from < payments.length; from += MOVED_AT_ONCE) {
    if (from > 0) await rest();
    const some = payments.slice(from, from + MOVED_AT_ONCE).flatMap((payment) => {
      const as = sealed.get(payment.id);
      // One that has changed before it was read may not be final any more.
      return as?.positions.at(-1) === payment.last_position ? [{ payment, as }] : [];
    });
    const ids = transactionSync(() => {
      if (from === 0) segments.insert(segment);
      const own = new Map(some.map(({ payment, as }) => [payment.id, as]));
      const ids = new Set(segments.move(segment, own, relays.settledThrough()));
      counters.addWithin("archived_payments", "", ids.size);
      // A payment is put back only behind the book's checkpoint.
      relays.storeCheckpoints();
      journal.state.write();
      return ids;
    });
    journal.forget(ids, segment.manifest.last_position);
    for (const { payment, as } of some) {
      const { merchant_id, created_at, id } = payment;
      const version = as.positions.length; // An event for each version.
      if (ids.has(id)) moved.push({ merchant_id, created_at, id, version });
    }
  }
  return moved;
}
