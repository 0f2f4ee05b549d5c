/** The closed set of refusals that the domain may return. `api/http/problem.ts` has a row for each, which decides its form
 *  over HTTP. */
import type { Action, Status } from "./status";

export type Refusal =
  | { code: "transaction_not_found" }
  | { code: "illegal_transition"; status: Status; action: Action }
  /** A charge is to be resolved by hand while the processor may still answer: until then, or while it is
   *  being called. */
  | { code: "charge_may_still_end"; resolvable_at_ms: number }
  | { code: "idempotency_key_reused"; fields: string[] }
  | { code: "processor_not_configured" }
  /** The payment is of the mode that the deployment's processor is not. */
  | { code: "livemode_mismatch"; livemode: boolean }
  | { code: "shard_count_changed" }
  | { code: "unavailable" };
