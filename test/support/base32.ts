/** Base32 and SHA-256, written again for comparison. */

import { createHash } from "node:crypto";
import fc from "fast-check";

export const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

/** Base32 by way of one big number: the bytes, cut or filled up to whole characters. */
export function base32Of(bytes: Uint8Array, characters: number): string {
  const number = BigInt(`0x0${Buffer.from(bytes).toString("hex")}`);
  const excess = BigInt(bytes.length * 8 - characters * 5);
  const bits = excess >= 0n ? number >> excess : number << -excess;
  return Array.from({ length: characters }, (_, index) => {
    const shift = BigInt((characters - 1 - index) * 5);
    return ALPHABET[Number((bits >> shift) & 31n)];
  }).join("");
}

export function sha256(text: string): Buffer {
  return createHash("sha256").update(text, "utf8").digest();
}

export const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
