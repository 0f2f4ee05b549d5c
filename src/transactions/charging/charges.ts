/** The middle step of claim, call, record: calls the processor for claimed operations, one call at a time for each, and
 *  has its answer recorded. */
import { openOperation, operationKey } from "../../domain/transaction/operation";
import type { PaymentDetails } from "../../domain/transaction/payment-details";
import {
  type Answer,
  callWithin,
  type OperationRequest,
  type Processor,
} from "../../processor/processor";
import { SingleFlight } from "../../runtime/single-flight";
import type { CommandResult, OperationOrder } from "../commands/result";

/** Commits a processor's answer to an operation. @returns the transaction, or the refund, after that */
export type RecordAnswer = (
  order: OperationOrder,
  request: OperationRequest,
  answer: Answer,
) => Promise<CommandResult>;

type Details = { of: (transactionId: string) => PaymentDetails | undefined };

export class Charges {
  readonly #processor: Processor;
  readonly #timeoutMs: number;
  readonly #record: RecordAnswer;
  readonly #details: Details;
  readonly #calls = new SingleFlight<string, CommandResult>();

  /** @param details what the requests of payments named for the processor */
  constructor(processor: Processor, timeoutMs: number, record: RecordAnswer, details: Details) {
    this.#processor = processor;
    this.#timeoutMs = timeoutMs;
    this.#record = record;
    this.#details = details;
  }

  /** How many calls are in progress. */
  get underWay(): number {
    return this.#calls.size;
  }

  /** Whether a call is in progress under a key. */
  isUnderWay(key: string): boolean {
    return this.#calls.has(key);
  }

  /** Calls the processor and records its answer, or joins the call in progress under the same key.
   *  @param traceparent of the request that caused the operation */
  carryOut(order: OperationOrder, traceparent: string | null): Promise<CommandResult> {
    return this.#calls.run(keyOf(order), () => this.#call(order, traceparent));
  }

  /** The same, unless the last attempt had no outcome and the next is not due yet: then nothing has changed. */
  async carryOutIfDue(
    claimed: CommandResult & { kind: "pending" },
    traceparent: string | null,
  ): Promise<CommandResult> {
    const { order, retry_at_ms, replayed } = claimed;
    if (retry_at_ms > Date.now() && !this.isUnderWay(keyOf(order))) return claimed;
    const result = await this.carryOut(order, traceparent);
    return result.kind === "refused" ? result : { ...result, replayed };
  }

  async #call(order: OperationOrder, traceparent: string | null): Promise<CommandResult> {
    const called = toRequest(order, traceparent);
    const { operation, transaction_id } = called;
    const begins = operation === "charge" || operation === "authorize";
    const details = begins ? this.#details.of(transaction_id) : undefined;
    const request = { ...called, ...(details && { details }) };
    // An authorization can expire, and a setting change, while the processor cannot be called for it.
    const answer: Answer = this.#processor.supports(operation)
      ? await callWithin(this.#processor, request, this.#timeoutMs)
      : { kind: "unknown", reason: "not asked: operation_not_supported" };
    return this.#record(order, request, answer);
  }
}

/** The key under which the processor is called. */
export function keyOf({
  transaction,
  refund,
}: Pick<OperationOrder, "transaction" | "refund">): string {
  return refund?.id ?? operationKey(transaction);
}

function toRequest(order: OperationOrder, traceparent: string | null): OperationRequest {
  const { transaction, refund, attempt, claimed_at_ms } = order;
  const { id, currency, user_id, livemode, processor } = transaction;
  const { processor_reference, pending_operation } = transaction;
  const request = {
    idempotency_key: keyOf(order),
    transaction_id: id,
    amount_minor: transaction.amount_minor,
    currency,
    user_id,
    metadata: transaction.metadata,
    livemode,
    processor,
    attempt,
    claimed_at_ms,
    traceparent,
    ...(processor_reference !== undefined && { processor_reference }),
  };
  if (refund) {
    const { amount_minor, metadata, reason } = refund;
    const why = reason === null ? {} : { reason };
    return { ...request, operation: "refund", amount_minor, metadata, ...why };
  }
  if (pending_operation?.type === "capture") {
    const amounts = {
      amount_minor: pending_operation.amount_minor,
      authorized_amount_minor: transaction.amount_minor,
    };
    return { ...request, operation: "capture", ...amounts };
  }
  const why = pending_operation ? { reason: pending_operation.reason } : {};
  return { ...request, operation: openOperation(transaction), ...why };
}
