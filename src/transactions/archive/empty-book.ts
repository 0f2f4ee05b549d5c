/** Takes archived payments out of the book. */
import type { ArchivedPayment } from "../../archive/line";
import type { Transaction } from "../../domain/transaction/transaction";
import type { Journal } from "../journal/journal";
import type { ArchiveReader } from "./archive-reader";
import type { Segments } from "./segments";

/** A payment that is in a segment and not in the tables any more. */
export type MovedPayment = {
  merchant_id: string;
  created_at: string;
  id: string;
  version: number;
};

/** Takes the payments of segments out of the book where that was begun and not finished, or where the book was set back. Those
 *  that were put back since are left in the book: without their rows it would count their events again.
 *  @throws ArchiveFault, or a fault of the book */
export async function emptyBook({
  journal,
  segments,
  reader,
  removeFromBook,
}: {
  journal: Pick<Journal, "archived">;
  segments: Segments;
  reader: ArchiveReader;
  removeFromBook: (payments: MovedPayment[]) => Promise<void>;
}): Promise<void> {
  for (let ref = segments.firstInBook(); ref; ref = segments.firstInBook()) {
    const { blocks } = await reader.store.readManifest(ref);
    for (const at of blocks.keys()) {
      const payments = await reader.store.readBlock(ref, at);
      const moved = payments.map(toMoved);
      await removeFromBook(moved.filter(({ id }) => journal.archived.placeOf(id)));
    }
    segments.setOutOfBook(ref.number);
  }
}

function toMoved({ events }: ArchivedPayment): MovedPayment {
  const last = events.at(-1);
  if (!last) throw new Error("an archived payment without events");
  const { merchant_id, transaction_id: id, sequence: version, data } = last;
  const { created_at } = JSON.parse(data) as Transaction; // Our own text.
  return { merchant_id, created_at, id, version };
}
