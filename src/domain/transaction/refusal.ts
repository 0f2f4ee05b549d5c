/** The closed set of refusals that the domain may return. `api/http/problem.ts` has a row for each, which decides its form
 *  over HTTP. */
import type { AmountFault } from "../money/money";
import type { OperationName } from "./operation";
import type { ProcessorName } from "./payment-details";
import type { Action, Status } from "./status";

export type Refusal =
  | { code: "transaction_not_found" }
  | { code: "illegal_transition"; status: Status; action: Action }
  /** The request may change other versions than the one that the transaction has. */
  | { code: "version_mismatch"; version: number; status: Status }
  /** A charge is to be resolved by hand while the processor may still answer: until then, or while it is
   *  being called. */
  | { code: "charge_may_still_end"; resolvable_at_ms: number }
  | { code: "idempotency_key_reused"; fields: string[] }
  /** The amount of a capture or refund is not one of the transaction's currency. */
  | { code: "invalid_amount"; fault: AmountFault; currency: string }
  | {
      code: "amount_exceeds_capturable";
      amount_minor: number;
      capturable_minor: number;
      currency: string;
    }
  /** A transaction is captured once: this is a repetition with another amount than that of the first capture. */
  | {
      code: "capture_amount_differs";
      first_minor: number;
      amount_minor: number;
      currency: string;
    }
  /** `amount_minor` is null when all that is left was asked for, and nothing is. */
  | {
      code: "refund_exceeds_remaining";
      amount_minor: number | null;
      remaining_minor: number;
      currency: string;
    }
  | { code: "too_many_refunds" }
  /** `MAX_DECLINED` captures and cancellations were declined. */
  | { code: "too_many_attempts" }
  | { code: "refund_not_found" }
  /** The deployment's processor is not known to support this operation. */
  | { code: "operation_not_supported"; operation: OperationName }
  /** The processor cannot take this amount exactly. The nearest amounts that it takes; null where there is none. */
  | {
      code: "amount_not_supported";
      amount_minor: number;
      currency: string;
      lower_minor: number | null;
      upper_minor: number | null;
    }
  /** The processor does not take this currency. */
  | { code: "currency_not_supported"; currency: string }
  /** The processor charges a payment method, and the request names none. */
  | { code: "payment_method_required" }
  /** The processor would not learn whom to charge. */
  | { code: "customer_erased" }
  | { code: "processor_not_configured" }
  /** The payment is of the mode that the deployment's processor is not. */
  | { code: "livemode_mismatch"; livemode: boolean }
  /** The payment was made with another processor than the deployment's. */
  | { code: "processor_mismatch"; processor: ProcessorName }
  | { code: "shard_count_changed" }
  | { code: "unavailable" };
