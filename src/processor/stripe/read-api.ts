/** Reads of Stripe's API: GET requests with a time limit and a bounded response. They change nothing, so a failed one is
 *  repeated by whoever made it. */
import type { StripeProcessor } from "../../config";
import { readLimited } from "../../runtime/read-limited";

const STRIPE_URL = "https://api.stripe.com";
/** The version that the `stripe` package of package.json is made for. */
const API_VERSION = "2026-10-28.endive";
const READ_LIMIT_MS = 8_000;
/** A page of a hundred balance transactions with their sources has about half a megabyte. */
const MAX_RESPONSE_BYTES = 4 * 1_048_576;
const NOT_FOUND = 404;

/** Stripe did not answer a read. The message has no data of Stripe or of the request. */
export class StripeUnavailable extends Error {
  override readonly name = "StripeUnavailable";
}

/** The object or list at a path; undefined when Stripe has none.
 *  @param path such as `/v1/payment_intents/pi_1`
 *  @throws StripeUnavailable */
export async function readStripe(
  { secret_key, api_url }: StripeProcessor,
  path: string,
  query: Record<string, string> = {},
): Promise<unknown> {
  const url = `${api_url || STRIPE_URL}${path}?${new URLSearchParams(query)}`;
  const signal = AbortSignal.timeout(READ_LIMIT_MS);
  let response: Response;
  let bytes: Uint8Array | undefined;
  try {
    response = await fetch(url, {
      headers: { Authorization: `Bearer ${secret_key}`, "Stripe-Version": API_VERSION },
      redirect: "manual",
      signal,
    });
    bytes = await readLimited(response.body, MAX_RESPONSE_BYTES);
  } catch {
    throw new StripeUnavailable("Stripe does not respond");
  }
  if (response.status === NOT_FOUND) return undefined;
  if (!response.ok) throw new StripeUnavailable(`Stripe responded with ${response.status}`);
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
  } catch {
    throw new StripeUnavailable("Stripe's response is not JSON, or too large");
  }
}
