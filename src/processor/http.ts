/** A processor over HTTP: the small protocol that a gateway in front of an acquirer implements. docs/processor.md is the
 *  contract; `read-response.ts` interprets the response. */

import { nextSpan } from "../observability/trace-context";
import { readLimited } from "../runtime/read-limited";
import type { ChargeAnswer, ChargeRequest, Processor } from "./processor";
import { readResponse } from "./read-response";

/** A response is a few hundred bytes; this leaves room for members of the processor's own. */
const MAX_ANSWER_BYTES = 65_536;

export function httpProcessor(url: string, token: string | undefined): Processor {
  const endpoint = `${url.replace(/\/$/, "")}/charges`;
  return {
    async charge(request: ChargeRequest, signal: () => AbortSignal): Promise<ChargeAnswer> {
      const response = await fetch(endpoint, {
        method: "POST",
        redirect: "manual",
        signal: signal(),
        headers: {
          "Content-Type": "application/json",
          "Idempotency-Key": request.idempotency_key,
          ...(request.traceparent ? { traceparent: nextSpan(request.traceparent) } : {}),
          ...(token ? { Authorization: `Bearer ${token}` } : {}),
        },
        body: JSON.stringify({
          reference: request.idempotency_key,
          amount_minor: request.amount_minor,
          currency: request.currency,
          user_id: request.user_id,
          metadata: request.metadata,
        }),
      });
      const bytes = await readLimited(response.body, MAX_ANSWER_BYTES);
      if (!response.ok) return { kind: "unknown", reason: `HTTP ${response.status}` };
      return readResponse(bytes && new TextDecoder().decode(bytes), request);
    },
  };
}
