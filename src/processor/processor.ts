/** The port to a payment processor: what it is given, what it may answer, and the time limit of a call. */
import type { ChargeResult } from "../domain/transaction/decisions/decide-charge";
import { TimeoutError, withTimeout } from "../runtime/with-timeout";

export type ChargeRequest = {
  /** The transaction id: the processor must charge at most once under it, however often it is called. */
  idempotency_key: string;
  amount_minor: number;
  currency: string;
  user_id: string;
  metadata: Record<string, string>;
  /** Whether the payment is real; undefined for payments from before this was recorded. */
  livemode: boolean | undefined;
  /** 1 for the first call, 2 for the second … For logs and for the sandbox; never part of the key. */
  attempt: number;
  /** The request that caused the call, as a W3C `traceparent`; null when there is none. */
  traceparent: string | null;
};

/** Members of the request that a response may echo, to say which payment it is about. */
export type EchoMember = "reference" | "amount_minor" | "currency";

/** `unknown`: the response was lost or unreadable, and money may have moved; the processor is called again.
 *  `mended`: members that were corrected before they were stored, each with what was wrong with it, without its value.
 *  `differs`: echoed members that belong to another payment. */
export type ChargeAnswer =
  | (ChargeResult & { mended?: string[] })
  | { kind: "unknown"; reason: string; differs?: EchoMember[] };

export interface Processor {
  /** Charges once per idempotency key. Ends when the signal aborts. May throw, which means unknown. */
  charge(request: ChargeRequest, signal: () => AbortSignal): ChargeAnswer | Promise<ChargeAnswer>;
}

/** Calls the processor within a time limit. Never throws and never hangs: every failure is an unknown outcome. */
export async function chargeWithin(
  processor: Processor,
  request: ChargeRequest,
  limitMs: number,
): Promise<ChargeAnswer> {
  let limit: AbortController | undefined;
  const signal = () => {
    limit ??= new AbortController();
    return limit.signal;
  };
  try {
    const answer = processor.charge(request, signal);
    return answer instanceof Promise ? await withTimeout(limitMs, answer) : answer;
  } catch (fault) {
    const late = fault instanceof TimeoutError;
    return { kind: "unknown", reason: late ? `no answer within ${limitMs} ms` : "the call failed" };
  } finally {
    limit?.abort();
  }
}
