/** Every answer the domain may give instead of doing what was asked. The set is closed;
 *  how each one looks over HTTP is decided in `api/http/problem.ts`, which must have a row for each. */
import type { Action, Status } from "./status";

export type Refusal =
  | { code: "transaction_not_found" }
  | { code: "illegal_transition"; status: Status; action: Action }
  /** A charge is to be resolved by hand while the processor may still answer: until then, or while it is
   *  being asked. */
  | { code: "charge_may_still_end"; resolvable_at_ms: number }
  | { code: "idempotency_key_reused"; fields: string[] }
  | { code: "processor_not_configured" }
  /** The payment is of the mode that the deployment's processor is not. */
  | { code: "livemode_mismatch"; livemode: boolean }
  | { code: "shard_count_changed" }
  | { code: "unavailable" };
