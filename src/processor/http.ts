/** A processor over HTTP: the small protocol that a gateway in front of an acquirer implements. docs/processor.md is the
 *  contract; `read-response.ts` interprets the response. */

import type { OperationName } from "../domain/transaction/operation";
import { nextSpan } from "../observability/trace-context";
import { readLimited } from "../runtime/read-limited";
import { namesOf, type OperationRequest, type Processor } from "./processor";
import { readFound, readResponse } from "./read-response";

/** A response is a few hundred bytes; this leaves room for members of the processor's own. */
const MAX_ANSWER_BYTES = 65_536;

const PATHS: Record<OperationName, string> = {
  charge: "charges",
  authorize: "authorizations",
  capture: "captures",
  void: "voids",
  refund: "refunds",
};

/** @param url the base of the paths
 *  @param operations what the processor knows besides `charge` */
export function httpProcessor(
  url: string,
  token: string | undefined,
  operations: readonly string[],
): Processor {
  const base = url.replace(/\/$/, "");
  const ask = async (path: string, request: OperationRequest, init: RequestInit) => {
    const response = await fetch(`${base}/${path}`, {
      ...init,
      redirect: "manual",
      headers: {
        ...init.headers,
        ...(request.traceparent ? { traceparent: nextSpan(request.traceparent) } : {}),
        ...(token ? { Authorization: `Bearer ${token}` } : {}),
      },
    });
    const bytes = await readLimited(response.body, MAX_ANSWER_BYTES);
    return { status: response.status, text: bytes && new TextDecoder().decode(bytes) };
  };
  return {
    supports: (operation) => operation === "charge" || operations.includes(operation),
    async call(request, signal) {
      const answer = await ask(PATHS[request.operation], request, {
        method: "POST",
        signal: signal(),
        headers: {
          "Content-Type": "application/json",
          "Idempotency-Key": request.idempotency_key,
        },
        body: JSON.stringify({
          ...namesOf(request),
          user_id: request.user_id,
          metadata: request.metadata,
          processor_reference: request.processor_reference,
          reason: request.reason,
        }),
      });
      return readResponse(answer, request);
    },
    async find(request, signal) {
      // A key is letters, digits, "_" and ":", all of which a path may hold as they are (RFC 3986, section 3.3).
      const path = `operations/${request.idempotency_key}`;
      return readFound(await ask(path, request, { signal: signal() }), request);
    },
  };
}
