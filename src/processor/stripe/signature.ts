/** Verifies the signature of Stripe's events over the bytes as they arrived: `Stripe-Signature: t=SECONDS,v1=HEX,…`, where
 *  each `v1` is the HMAC-SHA256 of `SECONDS.BODY` under a secret of the endpoint.
 *  Source: https://docs.stripe.com/webhooks#verify-manually
 *  Not the `stripe` package's verification: that decodes the body to text first, has to be loaded, and of an event of 4 kB
 *  takes 14 µs, asynchronously 43 µs, where this takes 8 µs. A test holds both against each other. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { parseHex } from "../../domain/text/hex";

/** As in Stripe's libraries, and in both directions: a clock may be ahead as well as behind. */
export const SIGNATURE_TOLERANCE_S = 300;
/** Stripe sends one signature for each secret of the endpoint, two while a secret is replaced, and a `v0` for tests. */
const MAX_SIGNATURES = 8;
const MAX_HEADER_CHARACTERS = 1_024;
const SIGNATURE = /^[0-9a-f]{64}$/;
const SECONDS = /^[1-9][0-9]{0,11}$/;

type Parsed = { seconds: string; signatures: Uint8Array[] };

/** Whether one of the secrets has signed the bytes within the tolerance. The comparison takes the same time for every
 *  signature of the right form.
 *  @param header the value of `Stripe-Signature`
 *  @param nowMs the current time */
export function isSignedByStripe(
  body: Uint8Array,
  header: string | undefined,
  secrets: readonly string[],
  nowMs: number,
): boolean {
  const parsed = parseHeader(header ?? "");
  if (!parsed) return false;
  const { seconds, signatures } = parsed;
  const ageS = Math.abs(nowMs / 1_000 - Number(seconds));
  if (ageS > SIGNATURE_TOLERANCE_S) return false;
  let isSigned = false;
  for (const secret of secrets) {
    const expected = createHmac("sha256", secret).update(`${seconds}.`).update(body).digest();
    for (const signature of signatures) {
      // Every pair is compared, so that the time does not depend on which one matches.
      if (timingSafeEqual(expected, signature)) isSigned = true;
    }
  }
  return isSigned;
}

/** @returns undefined for a header that Stripe does not send */
function parseHeader(header: string): Parsed | undefined {
  if (header.length > MAX_HEADER_CHARACTERS) return undefined;
  const fields = header.split(",").map((field) => {
    const at = field.indexOf("=");
    return { name: field.slice(0, Math.max(0, at)).trim(), value: field.slice(at + 1).trim() };
  });
  const times = fields.filter(({ name }) => name === "t");
  const signatures = fields.filter(({ name }) => name === "v1");
  const [time] = times;
  if (!time || times.length > 1 || !SECONDS.test(time.value)) return undefined;
  if (signatures.length === 0 || signatures.length > MAX_SIGNATURES) return undefined;
  if (signatures.some(({ value }) => !SIGNATURE.test(value))) return undefined;
  return { seconds: time.value, signatures: signatures.map(({ value }) => parseHex(value)) };
}
