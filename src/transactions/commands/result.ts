/** The result of a command. */
import type { Refusal } from "../../domain/transaction/refusal";
import type { Status } from "../../domain/transaction/status";
import type { Transaction } from "../../domain/transaction/transaction";

/** A charge to request from the processor: the transaction as claimed, and the number of this attempt, from 1. */
export type ChargeOrder = { transaction: Transaction; attempt: number };

export type CommandResult =
  | { kind: "refused"; refusal: Refusal }
  | {
      kind: "done";
      /** The transaction's JSON text. */
      data: string;
      /** The status in `data`. */
      status: Status;
      /** Whether this repeats the result of an earlier create. */
      replayed: boolean;
      /** Whether the command changed anything. */
      wrote: boolean;
      /** Set when the processor reported another outcome than the stored one, which stays. */
      contradicts?: true;
    }
  /** The charge has no outcome yet. `retry_at_ms` is the time of the next attempt, which the alarm makes. */
  | { kind: "pending"; data: string; order: ChargeOrder; retry_at_ms: number; wrote: boolean };

export function refused(refusal: Refusal): CommandResult & { kind: "refused" } {
  return { kind: "refused", refusal };
}

/** The transaction as it is. Parsing and writing JSON keep the order of members, so this is the stored text. */
export function unchanged(transaction: Transaction): CommandResult & { kind: "done" } {
  const data = JSON.stringify(transaction);
  return { kind: "done", data, status: transaction.status, replayed: false, wrote: false };
}

/** @param attempts how many attempts had no known outcome */
export function pending(
  transaction: Transaction,
  data: string,
  attempts: number,
  retryAtMs: number,
): CommandResult & { kind: "pending" } {
  const order = { transaction, attempt: attempts + 1 };
  return { kind: "pending", data, order, retry_at_ms: retryAtMs, wrote: false };
}
