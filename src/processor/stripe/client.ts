/** The connection to Stripe's API: the `stripe` package over `fetch`, with the limits that this deployment needs. The
 *  package is loaded at the first call, so that deployments without Stripe do not evaluate it. */
import type { Stripe } from "stripe";
import type { StripeProcessor } from "../../config";
import { readLimited } from "../../runtime/read-limited";

/** The version that this code reads. The package's own would change with it. */
const API_VERSION = "2026-10-28.endive";
const API_ORIGIN = "https://api.stripe.com";
/** A hundred refunds have about 90 kB. */
const MAX_RESPONSE_BYTES = 524_288;
/** More than any limit of ours, which end a call by their signal. */
const TIMEOUT_MS = 80_000;
const SPACE = 0x20;
const OPENING_BRACE = 0x7b;
/** Headers of a response that are read. The package prints some others. */
const READ_HEADERS = ["content-type", "request-id", "idempotent-replayed"];

/** A client for the requests of one call. One client for all calls could not give each its own signal.
 *  @param signal ends the requests */
export async function connect(
  { secret_key, api_url }: Pick<StripeProcessor, "secret_key" | "api_url">,
  signal: () => AbortSignal,
): Promise<Stripe> {
  const { default: Client } = await import("stripe");
  return new Client(secret_key, {
    apiVersion: API_VERSION,
    httpClient: Client.createFetchHttpClient(boundedFetch(api_url, signal)),
    // Every repetition is decided here, after a look at what became of the first.
    maxNetworkRetries: 0,
    telemetry: false,
    timeout: TIMEOUT_MS,
  });
}

/** `fetch` to the configured host, which follows no redirect and reads a bounded body.
 *  @param apiUrl empty for Stripe's own */
function boundedFetch(apiUrl: string, signal: () => AbortSignal): typeof fetch {
  const base = apiUrl.replace(/\/$/, "") || API_ORIGIN;
  return async (input, init) => {
    const url = String(input).replace(API_ORIGIN, base);
    const { status, headers, body } = await fetch(url, {
      ...init,
      redirect: "manual",
      signal: signal(),
    });
    const bytes = await readLimited(body, MAX_RESPONSE_BYTES);
    if (!bytes) throw new Error("a response that is too long");
    // The package never answers when the body is a JSON number or text.
    if (bytes.find((byte) => byte > SPACE) !== OPENING_BRACE) throw new Error("no JSON object");
    const kept = READ_HEADERS.flatMap((name): [string, string][] => {
      const value = headers.get(name);
      return value === null ? [] : [[name, value]];
    });
    return new Response(bytes, { status, headers: kept });
  };
}
