/** The result of a command. */
import type { Refund } from "../../domain/transaction/refund";
import type { Refusal } from "../../domain/transaction/refusal";
import type { ReportResult } from "../../domain/transaction/report";
import type { Status } from "../../domain/transaction/status";
import type { Transaction } from "../../domain/transaction/transaction";

/** An operation to request from the processor: the transaction as claimed, or one of its refunds, and the number of this
 *  attempt, from 1. */
export type OperationOrder = {
  transaction: Transaction;
  refund?: Refund;
  attempt: number;
  claimed_at_ms: number;
};

export type CommandResult =
  | { kind: "refused"; refusal: Refusal }
  | {
      kind: "done";
      /** The JSON text of the transaction, or of the refund that the command is about. */
      data: string;
      /** The status of the transaction. */
      status: Status;
      /** Whether this repeats the result of an earlier create or refund. */
      replayed: boolean;
      /** Whether the command changed anything. */
      wrote: boolean;
      /** Set when the processor reported another outcome than the stored one, which stays. */
      contradicts?: true;
      /** What a report has done. */
      reported?: ReportResult;
      /** Set when an erasure has to wait for an operation without an outcome. */
      is_waiting?: true;
    }
  /** The operation has no outcome yet. `retry_at_ms` is the time of the next attempt, which the alarm makes. */
  | {
      kind: "pending";
      data: string;
      order: OperationOrder;
      retry_at_ms: number;
      replayed: boolean;
      wrote: boolean;
    };

export function refused(refusal: Refusal): CommandResult & { kind: "refused" } {
  return { kind: "refused", refusal };
}

/** The transaction as it is. Parsing and writing JSON keep the order of members, so this is the stored text. */
export function unchanged(transaction: Transaction): CommandResult & { kind: "done" } {
  const data = JSON.stringify(transaction);
  return { kind: "done", data, status: transaction.status, replayed: false, wrote: false };
}

/** @param operation the transaction, and the refund if it is one
 *  @param data the JSON text to reply with
 *  @param open how many attempts had no known outcome, and when the operation was claimed */
export function pending(
  operation: Pick<OperationOrder, "transaction" | "refund">,
  data: string,
  open: { attempts: number; claimed_at_ms: number },
  retryAtMs: number,
): CommandResult & { kind: "pending" } {
  const { attempts, claimed_at_ms } = open;
  const order = { ...operation, attempt: attempts + 1, claimed_at_ms };
  return { kind: "pending", data, order, retry_at_ms: retryAtMs, replayed: false, wrote: false };
}
