/** Authenticated encryption of text: AES-GCM (NIST SP 800-38D) with WebCrypto. The nonce is a MAC of the text, as in SIV
 *  (RFC 5297). So the same text has the same seal, repeated responses are equal, and a nonce repeats only with the same
 *  text. */
import { signHmac } from "../../domain/identity/sha256";
import { parseHex } from "../../domain/text/hex";

const NONCE_BYTES = 12;
/** Version of the format below. */
const VERSION = 1;
const utf8 = new TextEncoder();

export class Sealer {
  readonly #macKey: Uint8Array;
  readonly #key: Promise<CryptoKey>;

  /** @param secret 32 random bytes as hex */
  constructor(secret: string) {
    const bytes = parseHex(secret);
    this.#macKey = signHmac(bytes, "nonce");
    const key = signHmac(bytes, "AES-GCM");
    this.#key = crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt", "decrypt"]);
  }

  /** @param context authenticated with the text: opening the seal requires the same context
   *  @returns base64url */
  async seal(text: string, context: string): Promise<string> {
    const mac = signHmac(this.#macKey, JSON.stringify([context, text]));
    const nonce = mac.slice(0, NONCE_BYTES);
    const sealed = await crypto.subtle.encrypt(
      buildParameters(nonce, context),
      await this.#key,
      utf8.encode(text),
    );
    const bytes = new Uint8Array([VERSION, ...nonce, ...new Uint8Array(sealed)]);
    return toBase64url(String.fromCharCode(...bytes));
  }

  /** @returns the text of a seal; undefined if it is not valid in this context */
  async open(seal: string, context: string): Promise<string | undefined> {
    const binary = fromBase64url(seal);
    // Several texts decode to the same bytes; only the canonical one is valid.
    if (binary === undefined || toBase64url(binary) !== seal) return undefined;
    const bytes = Uint8Array.from(binary, (one) => one.charCodeAt(0));
    if (bytes[0] !== VERSION) return undefined;
    const nonce = bytes.slice(1, 1 + NONCE_BYTES);
    try {
      const text = await crypto.subtle.decrypt(
        buildParameters(nonce, context),
        await this.#key,
        bytes.slice(1 + NONCE_BYTES),
      );
      return new TextDecoder().decode(text);
    } catch {
      return undefined;
    }
  }
}

function buildParameters(iv: Uint8Array<ArrayBuffer>, context: string) {
  const additionalData = utf8.encode(context);
  return { name: "AES-GCM", iv, additionalData };
}

function toBase64url(binary: string): string {
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** @returns one character for each byte; undefined if the text is not base64url */
export function fromBase64url(text: string): string | undefined {
  try {
    return atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return undefined;
  }
}
