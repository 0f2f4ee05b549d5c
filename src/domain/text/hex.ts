/** Bytes as lower-case hex. */

const RADIX = 16;
const DIGITS_PER_BYTE = 2;

const PAIRS = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(RADIX).padStart(DIGITS_PER_BYTE, "0"),
);

export function formatHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += PAIRS[byte];
  return text;
}

/** The bytes of our own hex text. */
export function parseHex(text: string): Uint8Array {
  const pairs = text.match(/../g) ?? [];
  return Uint8Array.from(pairs, (pair) => Number.parseInt(pair, RADIX));
}
