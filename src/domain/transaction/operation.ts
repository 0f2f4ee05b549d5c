/** The operations of a payment processor, and what each of them may end with. */
import { captureMethod } from "./idempotency";
import type { Failure, Transaction } from "./transaction";

/** `authorize` holds money on the customer's account. `capture` takes it or a part of it and releases the rest; `void`
 *  releases all of it. `charge` takes money at once, and `refund` returns money that was taken. */
export type OperationName = "charge" | "authorize" | "capture" | "void" | "refund";

/** What a processor has said for certain about an operation. */
export type OperationResult = { kind: "done" } | { kind: "declined"; failure: Failure };

/** A result with the processor's own id of what it has done, if it has named one. */
export type ReportedResult = OperationResult & { processor_reference?: string };

/** The operation by which a payment begins. */
export function firstOperation(
  transaction: Pick<Transaction, "capture_method">,
): "charge" | "authorize" {
  return captureMethod(transaction) === "manual" ? "authorize" : "charge";
}

/** The operation of a transaction that is `processing`. */
export function openOperation(transaction: Transaction): Exclude<OperationName, "refund"> {
  return transaction.pending_operation?.type ?? firstOperation(transaction);
}

/** The idempotency key under which the processor is called for a transaction that is `processing`. A capture or void that
 *  was declined can be made again, so each has a key of its own: the claim is the transaction's last change. */
export function operationKey({ id, version, pending_operation }: Transaction): string {
  return pending_operation ? `${id}:${pending_operation.type}:${version}` : id;
}
