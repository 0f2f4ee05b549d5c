/** The events of the batch in progress, which are inserted at its end. */
import type { RewriteEvent } from "./event-tail";
import type { NewEvent } from "./stored-event";
import { type CachedTransaction, toCached } from "./transaction-cache";

export class StagedEvents {
  readonly #events: NewEvent[] = [];

  add(event: NewEvent): void {
    this.#events.push(event);
  }

  /** Takes all of them, in order. */
  take(): NewEvent[] {
    return this.#events.splice(0);
  }

  /** The JSON text of a transaction at one of its versions, if that is of this batch. */
  textAt(transactionId: string, version: number): string | undefined {
    const staged = this.#events.find(
      ({ record }) => record.transaction_id === transactionId && record.sequence === version,
    );
    return staged?.record.data;
  }

  /** A transaction that the batch has changed, as it is now. */
  find(transactionId: string): CachedTransaction | undefined {
    const staged = this.#events.findLast(({ record }) => record.transaction_id === transactionId);
    return staged && toCachedEvent(staged);
  }

  /** Rewrites the events of a transaction.
   *  @param stored those that were inserted before, rewritten
   *  @returns the transaction as it is now */
  rewrite(
    transactionId: string,
    stored: NewEvent[],
    rewriteEvent: RewriteEvent,
  ): CachedTransaction | undefined {
    let first = stored[0]?.transaction;
    let last = stored.at(-1);
    for (const event of this.#events) {
      if (event.record.transaction_id !== transactionId) continue;
      event.transaction = rewriteEvent(event.record);
      first ??= event.transaction;
      event.first = first;
      last = event;
    }
    return last && toCachedEvent(last);
  }
}

function toCachedEvent({ record, first, transaction }: NewEvent): CachedTransaction {
  return { ...toCached(record, first), transaction };
}
