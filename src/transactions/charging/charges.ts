/** The middle step of claim, call, record: calls the processor for claimed transactions, one call at a time for each, and
 *  has its response recorded. */
import {
  type Answer,
  type ChargeAnswer,
  callWithin,
  type Processor,
} from "../../processor/processor";
import { SingleFlight } from "../../runtime/single-flight";
import type { ChargeOrder, CommandResult } from "../commands/result";

/** Commits a processor's response to a charge. @returns the transaction after that */
export type RecordResponse = (
  transactionId: string,
  response: ChargeAnswer,
  attempt: number,
  traceparent: string | null,
) => Promise<CommandResult>;

export class Charges {
  readonly #processor: Processor;
  readonly #timeoutMs: number;
  readonly #record: RecordResponse;
  readonly #calls = new SingleFlight<string, CommandResult>();

  constructor(processor: Processor, timeoutMs: number, record: RecordResponse) {
    this.#processor = processor;
    this.#timeoutMs = timeoutMs;
    this.#record = record;
  }

  /** How many calls are in progress. */
  get underWay(): number {
    return this.#calls.size;
  }

  isUnderWay(transactionId: string): boolean {
    return this.#calls.has(transactionId);
  }

  /** Calls the processor and records its response, or joins the call in progress for the same transaction.
   *  @param traceparent of the request that caused the charge */
  carryOut(order: ChargeOrder, traceparent: string | null): Promise<CommandResult> {
    return this.#calls.run(order.transaction.id, () => this.#call(order, traceparent));
  }

  async #call(
    { transaction, attempt }: ChargeOrder,
    traceparent: string | null,
  ): Promise<CommandResult> {
    const { id, amount_minor, currency, user_id, metadata, livemode } = transaction;
    const answer = await callWithin(
      this.#processor,
      {
        operation: "charge",
        idempotency_key: id,
        transaction_id: id,
        amount_minor,
        currency,
        user_id,
        metadata,
        livemode,
        attempt,
        traceparent,
      },
      this.#timeoutMs,
    );
    return this.#record(id, toChargeAnswer(answer), attempt, traceparent);
  }
}

function toChargeAnswer(answer: Answer): ChargeAnswer {
  return answer.kind === "done" ? { ...answer, kind: "settled" } : answer;
}
