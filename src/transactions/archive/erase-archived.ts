/** Erases a customer's data in a shard's archive: first in the merchant's segments, one after the other, and then in objects of
 *  attempts that were given up, to which nothing refers. A segment is written again, read back and verified before it takes
 *  the place of the old one, whose objects are deleted after that. No pass of the archive may be under way. */
import { gunzipSync } from "node:zlib";
import { ArchiveFault } from "../../archive/archive-fault";
import { type ArchivedPayment, fromLine } from "../../archive/line";
import { manifestKey, type SegmentRef, segmentOfData, shardPrefix } from "../../archive/manifest";
import { replaceSegment } from "../../archive/replace-segment";
import { type ErasedCustomer, eraseTexts, isOfCustomer } from "../../domain/erasure/erase-texts";
import { ageMs } from "../../domain/time/clock";
import type { Journal } from "../journal/journal";
import type { ArchiveErased, ArchiveErasure } from "../rpc";
import type { ArchiveReader } from "./archive-reader";
import { rest } from "./rest";
import type { Segments } from "./segments";

/** Of an object that no manifest proves. A segment's data has at most a quarter of this. */
const MAX_OBJECT_BYTES = 32 * 1_048_576;
/** An object that cannot be read is deleted when it is older. */
const KEPT_MS = 3_600_000;

export type EraserDependencies = {
  journal: Pick<Journal, "archived">;
  segments: Segments;
  reader: Pick<ArchiveReader, "store">;
  transactionSync: <Value>(work: () => Value) => Value;
  /** Resolves when everything that was written is durable. */
  sync: () => Promise<void>;
};

/** Makes the next step. May be repeated.
 *  @throws ArchiveFault, after which the same step is to be repeated */
export async function eraseArchived(
  dependencies: EraserDependencies,
  { after, shard, ...customer }: ArchiveErasure,
  nowMs: number,
): Promise<ArchiveErased> {
  const { segments } = dependencies;
  await deleteObsolete(dependencies);
  if ("object" in after) return eraseObjects(dependencies, shard, customer, after.object, nowMs);
  const ref = segments.nextOf(customer.merchant_id, after);
  if (!ref) return { ...NOTHING_LEFT, next: { object: "" } };
  const { current, replaced } = await eraseSegment(dependencies, ref, customer, nowMs);
  const next = current.length > 0 ? after : { at_ms: ref.at_ms, segment: ref.number };
  return { segments: replaced ? 1 : 0, objects: 0, current, next };
}

export const NOTHING_LEFT: ArchiveErased = { segments: 0, objects: 0, current: [], next: null };

/** Writes a segment again without the customer's data, if it has any: also that of earlier versions of payments, which
 *  nothing refers to any more. */
async function eraseSegment(
  dependencies: EraserDependencies,
  { shard, number, hash }: SegmentRef,
  customer: ErasedCustomer,
  nowMs: number,
): Promise<{ current: string[]; replaced: boolean }> {
  const { journal, segments, reader, transactionSync } = dependencies;
  const ref = { shard, number, hash };
  const manifest = await reader.store.readManifest(ref);
  const data = await reader.store.readData(ref);
  const current: string[] = [];
  const replacement = await replaceSegment(
    { manifest, hash, data },
    { reason: "erasure", at_ms: nowMs },
    (line) => mayConcern(line, customer),
    (payment, block) => {
      const last = payment.events.at(-1);
      if (!last || !isOf(payment, customer)) return undefined;
      const place = journal.archived.placeOf(last.transaction_id);
      if (place?.segment === number && place.block === block) current.push(last.transaction_id);
      return erasePayment(payment);
    },
    rest,
  );
  if (!replacement || current.length > 0) return { current, replaced: false };
  await reader.store.write(replacement);
  const obsolete = [manifest.data.key, manifestKey(ref)];
  transactionSync(() => segments.replace(ref, replacement, obsolete));
  await deleteObsolete(dependencies);
  return { current, replaced: true };
}

/** Deletes the next object of an attempt that was given up, if it has the customer's data. What it has is in the tables or in
 *  another segment. Nothing can write the same bytes again, because the payments have changed since. */
async function eraseObjects(
  dependencies: EraserDependencies,
  shard: string,
  customer: ErasedCustomer,
  after: string,
  nowMs: number,
): Promise<ArchiveErased> {
  const { segments, reader } = dependencies;
  const { store } = reader;
  await store.written();
  const { objects, truncated } = await store.list(shardPrefix(shard), after);
  const suspects = selectSuspects(
    objects.map(({ key }) => key),
    (number) => segments.find(number) !== undefined,
  );
  for (const { key, uploaded } of objects) {
    if (!suspects.has(key) || !(await isGivenUp(dependencies, key))) continue;
    const next = { object: key };
    const bytes = await store.readUnproven(key, MAX_OBJECT_BYTES);
    const lines = bytes && unzipLines(bytes);
    const isErased = lines
      ? lines.some((line) => mayConcern(line, customer) && isLineOf(line, key, customer))
      : ageMs(uploaded.getTime(), nowMs) >= KEPT_MS;
    if (!isErased) return { ...NOTHING_LEFT, next };
    segments.addObsolete([key]);
    await deleteObsolete(dependencies);
    return { ...NOTHING_LEFT, objects: 1, next };
  }
  const last = objects.at(-1);
  return truncated && last ? { ...NOTHING_LEFT, next: { object: last.key } } : NOTHING_LEFT;
}

/** Of the keys of a page, the data that may be of an attempt that was given up: that of no segment, and that of which there is
 *  more than one. At the ends of the page others may be on the next one. */
export function selectSuspects(
  keys: string[],
  isSegment: (number: number) => boolean,
): Set<string> {
  const data = keys.filter((key) => segmentOfData(key) !== undefined);
  const byNumber = Map.groupBy(data, (key) => segmentOfData(key) ?? 0);
  const ends = [byNumber.keys().next().value, [...byNumber.keys()].at(-1)];
  const suspects = [...byNumber].filter(
    ([number, same]) => same.length > 1 || ends.includes(number) || !isSegment(number),
  );
  return new Set(suspects.flatMap(([, same]) => same));
}

/** Whether data is that of an attempt that was given up. */
async function isGivenUp({ segments, reader }: EraserDependencies, key: string): Promise<boolean> {
  const ref = segments.find(segmentOfData(key) ?? 0);
  return !ref || (await reader.store.readManifest(ref)).data.key !== key;
}

/** Deletes what was recorded as obsolete. It is durable that it is before anything is deleted, so an object that has lost its
 *  storage deletes nothing. */
async function deleteObsolete({ segments, reader, sync }: EraserDependencies): Promise<void> {
  for (let keys = segments.obsolete(); keys.length > 0; keys = segments.obsolete()) {
    await sync();
    await reader.store.delete(keys);
    segments.removeObsolete(keys);
  }
}

/** A line has the id of its merchant as it is, since ids have only letters. */
function mayConcern(line: string, { merchant_id }: ErasedCustomer): boolean {
  return line.includes(merchant_id);
}

function isOf({ events }: ArchivedPayment, customer: ErasedCustomer): boolean {
  const last = events.at(-1);
  return last?.merchant_id === customer.merchant_id && isOfCustomer(last.data, customer);
}

/** An object that nothing proves may have anything in it. */
function isLineOf(line: string, key: string, customer: ErasedCustomer): boolean {
  try {
    return isOf(fromLine(line, key), customer);
  } catch (fault) {
    if (fault instanceof ArchiveFault) return false;
    throw fault;
  }
}

function erasePayment({ events, refunds }: ArchivedPayment): ArchivedPayment {
  return {
    events: events.map((event) => ({ ...event, ...eraseTexts(event) })),
    refunds,
    details: null,
  };
}

/** The lines of an object; undefined when it is not compressed text of a reasonable size. */
function unzipLines(bytes: Uint8Array): string[] | undefined {
  try {
    const text = gunzipSync(bytes, { maxOutputLength: MAX_OBJECT_BYTES });
    return new TextDecoder().decode(text).split("\n");
  } catch {
    return undefined;
  }
}
