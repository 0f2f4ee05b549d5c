/** Signs webhooks, so that a receiver can verify their origin and content. Standard Webhooks 1.0.0, symmetric:
 *  https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
import { signHmacText } from "../identity/sha256";

/** The standard asks for 24 to 64; past 32 an HMAC-SHA256 is no harder to forge. */
export const WEBHOOK_SECRET_RANDOM_BYTES = 32;
const SECRET_PREFIX = "whsec_";

/** A new secret from 32 random bytes: `whsec_` and their base64. */
export function formatWebhookSecret(random: Uint8Array): string {
  return SECRET_PREFIX + base64(random);
}

/**
 * The headers that go with one attempt to deliver `body`.
 *
 * `webhook-signature` has a `v1` signature for each secret, over id, time and body, so that during a
 * rotation a receiver may hold either secret. `X-Webhook-Signature` is what receivers of the older form
 * know: the hex HMAC-SHA256 of the body alone. Its key is the secret's text as it was shown, prefix and
 * all, so that `hmac.new(secret.encode(), body, "sha256")` is the whole check. It has room for one
 * signature only, the newest secret's, and says nothing about time.
 *
 * @param secrets the newest first; at least one.
 * @param id the event's, the same for every attempt; without a full stop.
 * @param timestampSeconds when this attempt is made, in whole seconds since 1970.
 * @param body exactly the text that is sent.
 */
export function signWebhook(
  secrets: readonly string[],
  id: string,
  timestampSeconds: number,
  body: string,
): Record<string, string> {
  const [newest] = secrets;
  if (newest === undefined) throw new Error("A webhook cannot be signed without a secret.");
  const signed = `${id}.${timestampSeconds}.${body}`;
  return {
    "webhook-id": id,
    "webhook-timestamp": String(timestampSeconds),
    "webhook-signature": secrets
      .map((secret) => `v1,${signHmacText(decodeSecret(secret), signed, "base64")}`)
      .join(" "),
    "X-Webhook-Signature": signHmacText(newest, body, "hex"),
  };
}

function decodeSecret(secret: string): Uint8Array {
  const characters = atob(secret.slice(SECRET_PREFIX.length));
  return Uint8Array.from(characters, (character) => character.charCodeAt(0));
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
