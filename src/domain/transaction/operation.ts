/** The operations of a payment processor, and what each of them may end with. */
import type { Failure } from "./transaction";

/** `authorize` holds money on the customer's account. `capture` takes it or a part of it and releases the rest; `void`
 *  releases all of it. `charge` takes money at once, and `refund` returns money that was taken. */
export type OperationName = "charge" | "authorize" | "capture" | "void" | "refund";

/** What a processor has said for certain about an operation. */
export type OperationResult = { kind: "done" } | { kind: "declined"; failure: Failure };
