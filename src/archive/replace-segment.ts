/** Writes a segment again with other lines in the place of some. Payments, their order and the blocks stay as they are, and so
 *  do the bytes of every block in which nothing changes. */
import { Buffer } from "node:buffer";
import { hashSha256Hex } from "../domain/identity/sha256";
import { readBlockLines } from "./archive-store";
import { type ArchivedPayment, fromLine, toLine } from "./line";
import { type Manifest, type ManifestBlock, type Replacement, toReplacement } from "./manifest";
import { compressLines, type Segment, toSegment } from "./segment";

/** What takes the place of a payment; undefined to leave it as it is. @param block its number */
export type Replace = (payment: ArchivedPayment, block: number) => ArchivedPayment | undefined;

/** The segment that takes the place of one, without writing it; undefined when no line changes. Other work runs between two
 *  blocks.
 *  @param hash of the manifest
 *  @param data as the manifest describes it
 *  @param mayConcern whether a line has to be looked at, so that most are not parsed
 *  @throws ArchiveFault when the data is not what the manifest says */
export async function replaceSegment(
  { manifest, hash, data }: { manifest: Manifest; hash: string; data: Uint8Array },
  replacement: Replacement,
  mayConcern: (line: string) => boolean,
  replace: Replace,
  rest: () => Promise<void>,
): Promise<Segment | undefined> {
  const { key } = manifest.data;
  const parts: Uint8Array[] = [];
  const blocks: ManifestBlock[] = [];
  let offset = 0;
  let isChanged = false;
  for (const [at, block] of manifest.blocks.entries()) {
    const bytes = data.subarray(block.offset, block.offset + block.bytes);
    let isBlockChanged = false;
    const lines = readBlockLines(bytes, block, key).map((line) => {
      const payment = mayConcern(line) ? replace(fromLine(line, key), at) : undefined;
      const replaced = payment ? toLine(payment) : line;
      if (replaced !== line) isBlockChanged = true;
      return replaced;
    });
    const part = isBlockChanged
      ? compressLines(lines.map((line) => Buffer.from(`${line}\n`)))
      : bytes;
    isChanged ||= isBlockChanged;
    parts.push(part);
    blocks.push({ ...block, offset, bytes: part.byteLength, sha256: hashSha256Hex(part) });
    offset += part.byteLength;
    await rest();
  }
  if (!isChanged) return undefined;
  const replaced = new Uint8Array(Buffer.concat(parts));
  return toSegment(
    toReplacement(manifest, hash, replacement, replaced, blocks),
    replaced,
    new Map(),
  );
}
