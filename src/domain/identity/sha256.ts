/** Synchronous SHA-256 and HMAC-SHA256, of text in UTF-8: WebCrypto's return promises, and a decision must not wait. `node:crypto` is
 *  part of the runtime at our compatibility date. */
import { createHash, createHmac } from "node:crypto";

/** The 32 bytes of the text's SHA-256. */
export function hashSha256(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}

/** The SHA-256 of bytes, or of text in UTF-8, in lower-case hex. */
export function hashSha256Hex(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** The 32 bytes of the text's HMAC-SHA256 (RFC 2104). */
export function signHmac(key: Uint8Array, text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHmac("sha256", key).update(text).digest());
}

/** The text's HMAC-SHA256 as text. @param key bytes, or text in UTF-8 */
export function signHmacText(
  key: Uint8Array | string,
  text: string,
  encoding: "hex" | "base64",
): string {
  return createHmac("sha256", key).update(text).digest(encoding);
}
