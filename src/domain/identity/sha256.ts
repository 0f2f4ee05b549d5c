/** Synchronous SHA-256 of text: WebCrypto's returns a promise, and a decision must not wait. */
import { sha256 } from "@noble/hashes/sha2.js";

const utf8 = new TextEncoder();

export function hashSha256(text: string): Uint8Array {
  return sha256(utf8.encode(text));
}
