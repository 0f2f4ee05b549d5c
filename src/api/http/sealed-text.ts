/** Text that only we can read and that nobody can change: AES-GCM (NIST SP 800-38D) by WebCrypto. The same text
 *  gives the same seal, because the nonce is a MAC of it, as in SIV (RFC 5297): a repeated answer stays the same, and
 *  a nonce comes twice only with the same text. */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";

const NONCE_BYTES = 12;
/** Of the form below: a later form gets another number. */
const VERSION = 1;

export class Sealer {
  readonly #macKey: Uint8Array;
  readonly #key: Promise<CryptoKey>;

  /** @param secret 32 random bytes as hex */
  constructor(secret: string) {
    const bytes = hexToBytes(secret);
    this.#macKey = hmac(sha256, bytes, utf8ToBytes("nonce"));
    const key = hmac(sha256, bytes, utf8ToBytes("AES-GCM")) as Uint8Array<ArrayBuffer>;
    this.#key = crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt", "decrypt"]);
  }

  /** @param context what the text is about: it opens under the same context only
   *  @returns base64url */
  async seal(text: string, context: string): Promise<string> {
    const mac = hmac(sha256, this.#macKey, utf8ToBytes(JSON.stringify([context, text])));
    const nonce = mac.slice(0, NONCE_BYTES) as Uint8Array<ArrayBuffer>;
    const sealed = await crypto.subtle.encrypt(
      parameters(nonce, context),
      await this.#key,
      utf8ToBytes(text) as Uint8Array<ArrayBuffer>,
    );
    const bytes = new Uint8Array([VERSION, ...nonce, ...new Uint8Array(sealed)]);
    return toBase64url(String.fromCharCode(...bytes));
  }

  /** The text of a seal; undefined when it is none of ours, or of another context. */
  async open(seal: string, context: string): Promise<string | undefined> {
    const binary = fromBase64url(seal);
    // What decodes to the same bytes is not the same text: the one that was given out counts.
    if (binary === undefined || toBase64url(binary) !== seal) return undefined;
    const bytes = Uint8Array.from(binary, (one) => one.charCodeAt(0));
    if (bytes[0] !== VERSION) return undefined;
    const nonce = bytes.slice(1, 1 + NONCE_BYTES);
    try {
      const text = await crypto.subtle.decrypt(
        parameters(nonce, context),
        await this.#key,
        bytes.slice(1 + NONCE_BYTES),
      );
      return new TextDecoder().decode(text);
    } catch {
      return undefined;
    }
  }
}

function parameters(iv: Uint8Array<ArrayBuffer>, context: string) {
  const additionalData = utf8ToBytes(context) as Uint8Array<ArrayBuffer>;
  return { name: "AES-GCM", iv, additionalData };
}

export function toBase64url(binary: string): string {
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** @returns one character for each byte, or undefined when it is no base64url */
export function fromBase64url(text: string): string | undefined {
  try {
    return atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return undefined;
  }
}
