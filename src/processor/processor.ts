/** The port to a payment processor: what it is given, what it may answer, and the time limit of a call. */
import type { ProcessorTerms } from "../domain/transaction/livemode";
import type { NextAction } from "../domain/transaction/next-action";
import type { OperationName, OperationResult } from "../domain/transaction/operation";
import type { PaymentDetails, ProcessorName } from "../domain/transaction/payment-details";
import { TimeoutError, withTimeout } from "../runtime/with-timeout";

export type OperationRequest = {
  operation: OperationName;
  /** The processor must carry out at most one operation under it, however often it is called. The transaction id for a
   *  charge and an authorization, the refund's id for a refund; every capture and void has a key of its own. */
  idempotency_key: string;
  /** The payment that the operation is about. */
  transaction_id: string;
  /** Minor units. Of a void: the authorized amount, all of which is released. */
  amount_minor: number;
  /** Of a capture: what was authorized, in minor units. For the sandbox. */
  authorized_amount_minor?: number;
  currency: string;
  user_id: string;
  /** The payment's; of a refund: its own. */
  metadata: Record<string, string>;
  /** Whether the payment is real; undefined for payments from before this was recorded. */
  livemode: boolean | undefined;
  /** The processor that the payment was first claimed for; undefined for payments from before this was recorded. */
  processor?: ProcessorName | undefined;
  /** 1 for the first call, 2 for the second … Never part of the key. */
  attempt: number;
  /** When the operation was claimed. A processor may forget a key after some time. */
  claimed_at_ms: number;
  /** Of a charge or an authorization. */
  details?: PaymentDetails;
  /** The request that caused the call, as a W3C `traceparent`; null when there is none. */
  traceparent: string | null;
  /** The processor's own id of the payment, if it has named one. */
  processor_reference?: string;
  /** Why money is returned or released, if a reason was given. */
  reason?: string;
};

/** Members of the request that a response may echo, to say which operation it is about. */
export type EchoMember = "reference" | "payment" | "amount_minor" | "currency";

/** The members that say which operation a request is about, as they are sent. A charge and an authorization begin their
 *  payment; the other operations name it. */
export function namesOf(request: OperationRequest): Partial<Record<EchoMember, string | number>> {
  const { operation, idempotency_key, transaction_id, amount_minor, currency } = request;
  const begins = operation === "charge" || operation === "authorize";
  const payment = begins ? {} : { payment: transaction_id };
  return { reference: idempotency_key, ...payment, amount_minor, currency };
}

/** The response was lost or unreadable, and money may have moved; the processor is asked again.
 *  `differs`: echoed members that belong to another operation. */
export type Unknown = { kind: "unknown"; reason: string; differs?: EchoMember[] };

/** `mended`: members that were corrected or left out before they were stored, each with what was wrong with it, without
 *  its value. `processor_reference`: the processor's own id of what it has done. */
type Notes = { mended?: string[]; processor_reference?: string };

/** Of a charge or an authorization: the customer has to do something first. The processor is asked again until it has an
 *  outcome, or the time is over. */
export type ActionRequired = Notes & { kind: "action_required"; next_action: NextAction };

/** Of a void: the payment was charged, or authorized, before it could be released.
 *  `captured_minor`: what was charged, in minor units. Needed for a payment that is captured manually */
type TooLate = Notes & {
  kind: "too_late";
  done: "charge" | "authorize";
  captured_minor?: number;
};

/** Of a charge, an authorization or a capture: the payment was released at the processor without us. */
type Released = Notes & { kind: "released" };

/** Of an authorization or a capture: the payment was captured at the processor without us, perhaps another part of it.
 *  `captured_minor`: what was captured, in minor units. */
type Captured = Notes & { kind: "captured"; captured_minor: number };

/** A processor's answer to an operation. */
export type Answer =
  | (OperationResult & Notes)
  | ActionRequired
  | TooLate
  | Released
  | Captured
  | Unknown;

/** `not_found`: nothing was done under the key, so the operation can be called. */
export type FindAnswer = Answer | { kind: "not_found" };

export interface Processor {
  /** Why it cannot take an amount exactly; undefined when it can. Without this it takes any. */
  refusedAmount?: ProcessorTerms["refusedAmount"];
  /** Why a payment cannot be made with these details; undefined when it can. Without this it needs none. */
  refusedDetails?: ProcessorTerms["refusedDetails"];
  /** Whether the processor knows an operation, or `find`. It is never called for one that it does not know. */
  supports(operation: OperationName | "find"): boolean;
  /** Carries out an operation once per idempotency key. Ends when the signal aborts. May throw, which means unknown. */
  call(request: OperationRequest, signal: () => AbortSignal): Answer | Promise<Answer>;
  /** What became of an operation. Changes nothing. Ends when the signal aborts. May throw, which means unknown. */
  find?(request: OperationRequest, signal: () => AbortSignal): FindAnswer | Promise<FindAnswer>;
}

/** Calls the processor within a time limit. A repeated attempt first asks what became of the earlier ones, if the
 *  processor can say that. Never throws and never hangs: every failure is an unknown outcome.
 *  @param limitMs for everything together, in milliseconds */
export async function callWithin(
  processor: Processor,
  request: OperationRequest,
  limitMs: number,
): Promise<Answer> {
  let limit: AbortController | undefined;
  const signal = () => {
    limit ??= new AbortController();
    return limit.signal;
  };
  try {
    const answer = findOrCall(processor, request, signal);
    return answer instanceof Promise ? await withTimeout(limitMs, answer) : answer;
  } catch (fault) {
    const late = fault instanceof TimeoutError;
    return { kind: "unknown", reason: late ? `no answer within ${limitMs} ms` : "the call failed" };
  } finally {
    limit?.abort();
  }
}

/** Not `async`, because an answer that is there at once needs no timer. */
function findOrCall(
  processor: Processor,
  request: OperationRequest,
  signal: () => AbortSignal,
): Answer | Promise<Answer> {
  if (request.attempt === 1 || !processor.find || !processor.supports("find")) {
    return processor.call(request, signal);
  }
  const callIfNotFound = (found: FindAnswer) =>
    found.kind === "not_found" ? processor.call(request, signal) : found;
  const found = processor.find(request, signal);
  return found instanceof Promise ? found.then(callIfNotFound) : callIfNotFound(found);
}
