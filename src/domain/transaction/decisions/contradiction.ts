/** Whether a late answer to an operation says other than how the operation has ended. */
import type { OperationName } from "../operation";
import type { Refund } from "../refund";
import type { Transaction } from "../transaction";

type Ended = "done" | "declined";

/** How an operation has ended; undefined while it has not.
 *  @param after the transaction at a version after the claim, the first one of those that say it */
export function endOf(operation: OperationName, after: Transaction): Ended | undefined {
  const { status, failure } = after;
  switch (operation) {
    case "charge":
    case "authorize":
      if (status === "completed" || status === "authorized") return "done";
      // One that was authorized may have been released at the processor before we heard of it.
      if (status === "cancelled") return operation === "charge" ? "declined" : undefined;
      return status === "failed" ? "declined" : undefined;
    case "capture":
      return status === "completed" ? "done" : "declined";
    case "void":
      return status === "cancelled" && failure === null ? "done" : "declined";
    case "refund":
      return undefined;
  }
}

/** Whether a late answer to a refund contradicts it. About the same refund of the processor it does not: a refund may succeed
 *  and fail later, so either the answer is older than what was reported, or a report of the failure is on its way. */
export function contradictsRefund(
  { status, processor_reference }: Refund,
  answer: { kind: Ended; processor_reference?: string },
): boolean {
  const isSame =
    processor_reference !== undefined && processor_reference === answer.processor_reference;
  return !isSame && status === (answer.kind === "declined" ? "succeeded" : "failed");
}
