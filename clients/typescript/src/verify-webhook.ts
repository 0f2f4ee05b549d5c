/** Verifies webhooks: Standard Webhooks 1.0.0, symmetric, with WebCrypto. */
import type { WebhookEvent } from "./events.js";

const SECRET_PREFIX = "whsec_";
const TOLERANCE_S = 300;
/** A rotation has two. */
const MAX_SIGNATURES = 16;

/** The request is not a webhook that was signed with one of the secrets. Respond with 400. */
export class WebhookVerificationError extends Error {
  override readonly name: string = "WebhookVerificationError";
}

/** Header fields: those of a `Request`, or Node's `request.headers`. */
export type WebhookHeaders =
  | { get(name: string): string | null }
  | Record<string, string | string[] | undefined>;

export type VerifyOptions = {
  /** How far the time of the attempt may be from this machine's clock. Default: 300. */
  toleranceS?: number;
  /** The time now. Default: the machine's clock. */
  nowMs?: number;
};

/**
 * Verifies signature and time of a webhook, and parses it.
 *
 * @param rawBody exactly the bytes that arrived: JSON that was parsed and serialised again has another signature
 * @param secrets `whsec_…`; several during a rotation
 * @throws WebhookVerificationError
 * @throws TypeError if a secret is not one
 */
export async function verifyWebhook(
  rawBody: string | Uint8Array | ArrayBuffer,
  headers: WebhookHeaders,
  secrets: string | readonly string[],
  { toleranceS = TOLERANCE_S, nowMs = Date.now() }: VerifyOptions = {},
): Promise<WebhookEvent> {
  const keys = await Promise.all([secrets].flat().map(importKey));
  const id = readHeader(headers, "webhook-id");
  const timestamp = readHeader(headers, "webhook-timestamp");
  const sentAtS = /^\d{1,12}$/.test(timestamp) ? Number(timestamp) : Number.NaN;
  if (!(Math.abs(nowMs / 1000 - sentAtS) <= toleranceS)) {
    throw new WebhookVerificationError("The webhook's timestamp is not within the tolerance.");
  }
  const body = typeof rawBody === "string" ? encode(rawBody) : new Uint8Array(rawBody);
  const signed = concat(encode(`${id}.${timestamp}.`), body);
  const given = readSignatures(readHeader(headers, "webhook-signature"));
  // Each key is tried with each signature. `verify` compares in constant time.
  const results = await Promise.all(
    keys.flatMap((key) => given.map((each) => crypto.subtle.verify("HMAC", key, each, signed))),
  );
  if (!results.includes(true)) {
    throw new WebhookVerificationError("The webhook has no valid signature.");
  }
  return { ...parseEvent(body), id };
}

/** @throws WebhookVerificationError if the header is missing */
function readHeader(headers: WebhookHeaders, name: string): string {
  const value = isGetter(headers)
    ? headers.get(name)
    : Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  if (typeof value === "string" && value !== "") return value;
  throw new WebhookVerificationError(`The header ${name} is missing.`);
}

const isGetter = (headers: WebhookHeaders): headers is { get(name: string): string | null } =>
  typeof headers.get === "function";

/** The signatures of version 1. */
function readSignatures(header: string): Uint8Array<ArrayBuffer>[] {
  return header
    .split(" ", MAX_SIGNATURES)
    .filter((signature) => signature.startsWith("v1,"))
    .flatMap((signature) => decodeBase64(signature.slice("v1,".length)) ?? []);
}

function importKey(secret: string): Promise<CryptoKey> {
  const bytes = secret.startsWith(SECRET_PREFIX)
    ? decodeBase64(secret.slice(SECRET_PREFIX.length))
    : undefined;
  if (!bytes || bytes.length === 0) {
    throw new TypeError(`A webhook secret is ${SECRET_PREFIX} and base64.`);
  }
  const hmac = { name: "HMAC", hash: "SHA-256" };
  return crypto.subtle.importKey("raw", bytes, hmac, false, ["verify"]);
}

function parseEvent(body: Uint8Array): WebhookEvent {
  try {
    // The API signed it, so it has the form of an event.
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    throw new WebhookVerificationError("The webhook's body is not JSON.");
  }
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

const encode = (text: string) => new TextEncoder().encode(text);

function concat(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
}
