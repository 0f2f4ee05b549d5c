/** Reads the payments of a range out of an archive, each once. */
import type { ArchivedPayment } from "../../../src/archive/line";
import { toSortKey } from "../../../src/archive/segment";
import {
  type ArchiveSource,
  readAllSegments,
  readBlocks,
  readCurrent,
  readManifest,
  type SegmentRow,
} from "./source";

/** When payments were created, RFC 3339 in UTC with milliseconds, both included. */
export type CreatedRange = { from: string; through: string };

/** Where the payments go. Nothing is there under the final name until `end` has returned. */
export type Output = {
  add(line: string, payment: ArchivedPayment): Promise<void>;
  end(): Promise<void>;
  /** Removes what was written. */
  abandon(): Promise<void>;
};

/** The segments of a shard that have payments of a range, in order. */
export async function segmentsWithin(
  source: ArchiveSource,
  shard: string,
  { from, through }: CreatedRange,
): Promise<SegmentRow[]> {
  const rows = await readAllSegments(source, shard);
  return rows.filter((row) => row.last_created_at >= from && row.first_created_at <= through);
}

/** Writes the payments of a range, of all merchants or of one. A payment that was brought back and archived again is in
 *  several segments of its shard: the newest one has its last state.
 *  @returns how many payments there are. @throws ArchiveFault */
export async function exportPayments(
  source: ArchiveSource,
  range: CreatedRange,
  merchantId: string | undefined,
  output: Output,
): Promise<number> {
  let payments = 0;
  for (const shard of await source.readShards()) {
    const written = new Set<string>();
    const rows = await segmentsWithin(source, shard, range);
    for (const row of rows.toReversed()) {
      await readCurrent(source, shard, row, async (ref) => {
        const manifest = await readManifest(source, ref);
        const isOf = (id: string) => merchantId === undefined || id === merchantId;
        if (!manifest.merchants.some(([id]) => isOf(id))) return;
        for await (const block of readBlocks(source, manifest)) {
          for (const { line, payment } of block) {
            const [first] = payment.events;
            if (!first || written.has(first.transaction_id)) continue;
            const { merchant_id, created_at } = toSortKey(first);
            const isWithin = created_at >= range.from && created_at <= range.through;
            if (!isOf(merchant_id) || !isWithin) continue;
            written.add(first.transaction_id);
            await output.add(line, payment);
          }
        }
      });
    }
    payments += written.size;
  }
  await output.end();
  return payments;
}
