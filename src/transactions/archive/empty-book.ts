/** Takes archived payments out of the book. */
import type { ArchivedPayment } from "../../archive/line";
import type { Transaction } from "../../domain/transaction/transaction";
import type { ArchivedPayments } from "../journal/archived/archived-payments";
import type { ArchiveReader } from "./archive-reader";
import type { Segments } from "./segments";

/** A payment that is in a segment and not in the tables any more. */
export type MovedPayment = {
  merchant_id: string;
  created_at: string;
  id: string;
  version: number;
};

/** Takes payments out of the book while others are put back into it. */
export class BookRemovals {
  readonly #archived: Pick<ArchivedPayments, "placeOf">;
  readonly #remove: (payments: MovedPayment[]) => Promise<void>;
  readonly #underWay = new Set<Promise<void>>();

  constructor(
    archived: Pick<ArchivedPayments, "placeOf">,
    remove: (payments: MovedPayment[]) => Promise<void>,
  ) {
    this.#archived = archived;
    this.#remove = remove;
  }

  /** Removes those that are in the archive, and not those that have been put back into the tables since they were named. */
  remove(payments: MovedPayment[]): Promise<void> {
    const removed = this.#remove(payments.filter(({ id }) => this.#archived.placeOf(id)));
    const ended = removed.catch(() => {});
    this.#underWay.add(ended);
    void ended.then(() => this.#underWay.delete(ended));
    return removed;
  }

  /** Resolves when none is under way that may remove a payment which is in the tables now. */
  async ended(): Promise<void> {
    await Promise.all(this.#underWay);
  }
}

/** Takes the payments of segments out of the book where that was begun and not finished, or where the book was set back. Those
 *  that were put back since are left in the book: without their rows it would count their events again.
 *  @throws ArchiveFault, or a fault of the book */
export async function emptyBook({
  segments,
  reader,
  removeFromBook,
}: {
  segments: Segments;
  reader: ArchiveReader;
  removeFromBook: (payments: MovedPayment[]) => Promise<void>;
}): Promise<void> {
  for (let ref = segments.firstInBook(); ref; ref = segments.firstInBook()) {
    const { blocks } = await reader.store.readManifest(ref);
    for (const at of blocks.keys()) {
      const payments = await reader.store.readBlock(ref, at);
      await removeFromBook(payments.map(toMoved));
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
