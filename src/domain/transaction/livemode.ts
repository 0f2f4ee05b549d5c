/** Whether a payment is real. It is decided when the payment is created and never changes, so that a sandbox
 *  payment cannot move money later, and the real processor is never called for one. */
import type { OperationName } from "./operation";
import type { PaymentDetails } from "./payment-details";
import type { Refusal } from "./refusal";

/** The kind of processor that a deployment charges with; `none` while none is configured. `test` is a real processor with
 *  test credentials. */
export type ProcessorMode = "none" | "sandbox" | "test" | "live";

/** What decisions need to know of the deployment's processor. */
export type ProcessorTerms = {
  mode: ProcessorMode;
  supports: (operation: OperationName) => boolean;
  /** How long after its authorization a payment can be captured. */
  capture_window_ms: number;
  /** How long a customer has to authenticate. */
  action_window_ms: number;
  /** Why the processor cannot take an amount exactly; undefined when it can. */
  refusedAmount: (amount_minor: number, currency: string) => Refusal | undefined;
  /** Why a new payment cannot be made with these details; undefined when it can. */
  refusedDetails: (details: PaymentDetails) => Refusal | undefined;
};

/** Whether payments that are created now are real. Without a processor they are, so that a real processor that is
 *  configured later can charge them. */
export function toLivemode(mode: ProcessorMode): boolean {
  return mode === "none" || mode === "live";
}

/** Why a payment may not be charged by the deployment's processor; undefined when it may.
 *  @param livemode undefined for payments of before it was recorded, which any processor may charge */
export function refusedCharge(
  livemode: boolean | undefined,
  mode: ProcessorMode,
): Refusal | undefined {
  if (mode === "none") return { code: "processor_not_configured" };
  if (livemode === undefined || livemode === toLivemode(mode)) return undefined;
  return { code: "livemode_mismatch", livemode };
}

/** Why an operation on a payment may not be claimed; undefined when it may. What is claimed is repeated until there is an
 *  outcome, so nothing is claimed that the processor cannot do. */
export function refusedOperation(
  operation: OperationName,
  livemode: boolean | undefined,
  { mode, supports }: ProcessorTerms,
): Refusal | undefined {
  const refused = refusedCharge(livemode, mode);
  if (refused || supports(operation)) return refused;
  return { code: "operation_not_supported", operation };
}
