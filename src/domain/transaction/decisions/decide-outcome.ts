/** Decides what the outcome of an operation changes. */
import { type OperationName, openOperation, type ReportedResult } from "../operation";
import { type Result, refuse } from "../result";
import type { Transaction } from "../transaction";
import { type Change, decideMove } from "./transition";

/** Records the outcome of the open operation of a transaction.
 *  @param captureWindowMs how long a payment can be captured that is authorized now */
export function decideOutcome(
  transaction: Transaction,
  result: ReportedResult,
  captureWindowMs: number,
  nowMs: number,
): Result<Change> {
  const { status, pending_operation } = transaction;
  if (status !== "processing") {
    const action = result.kind === "done" ? "settle" : "decline";
    return refuse({ code: "illegal_transition", status, action });
  }
  const operation = openOperation(transaction);
  if (result.kind === "declined") {
    const isExpired =
      pending_operation?.type === "void" && pending_operation.reason === "capture_expired";
    const { failure } = result;
    // The authorization is released by the card's issuer in any case.
    if (isExpired)
      return decideMove(transaction, "release", nowMs, { ...released(transaction), failure });
    return decideMove(transaction, pending_operation ? "restore" : "decline", nowMs, { failure });
  }
  return decideDone(transaction, operation, result.processor_reference, captureWindowMs, nowMs);
}

/** @param reference the processor's own id, which is the payment's if it was charged or authorized */
function decideDone(
  transaction: Transaction,
  operation: Exclude<OperationName, "refund">,
  reference: string | undefined,
  captureWindowMs: number,
  nowMs: number,
): Result<Change> {
  const { amount_minor, pending_operation } = transaction;
  const named = reference === undefined ? {} : { processor_reference: reference };
  switch (operation) {
    case "charge":
      return decideMove(transaction, "settle", nowMs, {
        amount_captured_minor: amount_minor,
        ...named,
      });
    case "authorize":
      return decideMove(transaction, "authorize", nowMs, {
        amount_capturable_minor: amount_minor,
        capture_before: new Date(nowMs + captureWindowMs).toISOString(),
        ...named,
      });
    case "capture": {
      if (pending_operation?.type !== "capture") throw new Error("a capture without its amount");
      return decideMove(transaction, "settle", nowMs, {
        amount_capturable_minor: 0,
        amount_captured_minor: pending_operation.amount_minor,
      });
    }
    case "void":
      return decideMove(transaction, "release", nowMs, released(transaction));
  }
}

function released({ pending_operation }: Transaction) {
  const reason = pending_operation?.type === "void" ? pending_operation.reason : "requested";
  return { amount_capturable_minor: 0, cancellation_reason: reason };
}

/** Whether a late result is another than the one by which an operation has ended.
 *  @param ended the transaction, or the refund, just after the operation: every decline leaves its failure there */
export function contradictsOutcome(
  ended: Pick<Transaction, "failure">,
  result: ReportedResult,
): boolean {
  return (ended.failure === null) !== (result.kind === "done");
}
