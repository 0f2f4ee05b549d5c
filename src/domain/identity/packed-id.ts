/** Transaction ids as bytes, for tables in which an id of 30 characters would be most of a row. Packed ids sort like the
 *  ids themselves. */

const PREFIX = "txn_";
const CHARACTERS = 26;
/** 26 characters of 5 bits, filled up with zero bits. */
const BYTES = 17;
/** In the order of the characters as text. */
const ORDERED = "234567abcdefghijklmnopqrstuvwxyz";
const RANKS = new Map([...ORDERED].map((character, rank) => [character, rank]));

/** @param id of a transaction, as `deriveTransactionId` makes it. @throws RangeError for another text */
export function packId(id: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(BYTES);
  if (!id.startsWith(PREFIX) || id.length !== PREFIX.length + CHARACTERS) throw notAnId();
  let buffer = 0;
  let bits = 0;
  let at = 0;
  for (let index = PREFIX.length; index < id.length; index++) {
    const rank = RANKS.get(id.charAt(index));
    if (rank === undefined) throw notAnId();
    buffer = ((buffer & 0xff) << 5) | rank;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = buffer >> bits;
    }
  }
  bytes[at] = buffer << (8 - bits);
  return bytes;
}

/** @param bytes as `packId` returned them, from any binding. @throws RangeError for others */
export function unpackId(bytes: ArrayBuffer | ArrayLike<number>): string {
  const packed = bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : bytes;
  if (packed.length !== BYTES) throw notAnId();
  let id = PREFIX;
  let buffer = 0;
  let bits = 0;
  for (let at = 0; at < BYTES; at++) {
    buffer = ((buffer & 0x1f) << 8) | (packed[at] ?? 0);
    bits += 8;
    while (bits >= 5 && id.length < PREFIX.length + CHARACTERS) {
      bits -= 5;
      id += ORDERED.charAt((buffer >> bits) & 0x1f);
    }
  }
  return id;
}

/** The ids before and after all others. */
export const LEAST_ID = `${PREFIX}${"2".repeat(CHARACTERS)}`;
export const GREATEST_ID = `${PREFIX}${"z".repeat(CHARACTERS)}`;

/** The id before another one, in their order. The least one has none before it, and is returned itself. */
export function previousId(id: string): string {
  const [least = "", greatest = ""] = [ORDERED.at(0), ORDERED.at(-1)];
  const at = [...id].findLastIndex(
    (character, index) => index >= PREFIX.length && character !== least,
  );
  if (at < 0) return id;
  const before = ORDERED.charAt((RANKS.get(id.charAt(at)) ?? 1) - 1);
  return id.slice(0, at) + before + greatest.repeat(id.length - at - 1);
}

function notAnId(): RangeError {
  return new RangeError("not the id of a transaction");
}
