/** Claim, call, record: the middle part. Asks the processor about claimed transactions, each at most
 *  once at a time, and hands its word back to be recorded. Everyone who asks meanwhile shares the call. */
import { type ChargeAnswer, chargeWithin, type Processor } from "../../processor/processor";
import { SingleFlight } from "../../runtime/single-flight";
import type { ChargeOrder, CommandResult } from "../commands/command";

export class Charges {
  readonly #processor: Processor;
  readonly #limitMs: number;
  readonly #record: (
    transactionId: string,
    answer: ChargeAnswer,
    attempt: number,
    traceparent: string | null,
  ) => Promise<CommandResult>;
  readonly #calls = new SingleFlight<string, CommandResult>();

  /** @param record commits the processor's word and tells the transaction as it is then. */
  constructor(
    processor: Processor,
    limitMs: number,
    record: (
      transactionId: string,
      answer: ChargeAnswer,
      attempt: number,
      traceparent: string | null,
    ) => Promise<CommandResult>,
  ) {
    this.#processor = processor;
    this.#limitMs = limitMs;
    this.#record = record;
  }

  /** How many calls are under way. */
  get underWay(): number {
    return this.#calls.size;
  }

  isUnderWay(transactionId: string): boolean {
    return this.#calls.has(transactionId);
  }

  /** The recorded answer to an order; joins the call that is under way for the same transaction.
   *  @param traceparent the request that orders it */
  carryOut(order: ChargeOrder, traceparent: string | null): Promise<CommandResult> {
    return this.#calls.run(order.transaction.id, () => this.#call(order, traceparent));
  }

  async #call(
    { transaction, attempt }: ChargeOrder,
    traceparent: string | null,
  ): Promise<CommandResult> {
    const { id, amount_minor, currency, user_id, metadata, livemode } = transaction;
    const answer = await chargeWithin(
      this.#processor,
      {
        idempotency_key: id,
        amount_minor,
        currency,
        user_id,
        metadata,
        livemode,
        attempt,
        traceparent,
      },
      this.#limitMs,
    );
    return this.#record(id, answer, attempt, traceparent);
  }
}
