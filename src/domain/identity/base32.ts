/** Lower-case base32 (the RFC 4648 alphabet, no padding): safe in URLs, object names and logs,
 *  and read aloud without a question about case. */

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";
const BITS_PER_CHARACTER = 5;

/** The first `characters` base32 characters of `bytes`; the last one is filled up with zero bits. */
export function base32(bytes: Uint8Array, characters: number): string {
  let text = "";
  let buffer = 0;
  let bits = 0;
  let next = 0;
  while (text.length < characters) {
    if (bits < BITS_PER_CHARACTER) {
      buffer = ((buffer & 0x1f) << 8) | (bytes[next++] ?? 0);
      bits += 8;
    }
    bits -= BITS_PER_CHARACTER;
    text += ALPHABET[(buffer >> bits) & 0x1f];
  }
  return text;
}

/** The number that the first `characters` characters of a base32 text stand for. */
export function base32Number(text: string, characters: number): number {
  let number = 0;
  for (const character of text.slice(0, characters)) {
    number = number * 32 + ALPHABET.indexOf(character);
  }
  return number;
}
