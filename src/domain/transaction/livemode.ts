/** Which processor a payment belongs to. Whether it is real is decided when it is created, so that a sandbox payment cannot
 *  move money later. The processor that it is first claimed for is the only one that is ever called for it: another one has
 *  neither its idempotency keys nor its money, and would charge it again. */
import type { OperationName } from "./operation";
import type { PaymentDetails, ProcessorName } from "./payment-details";
import type { Refusal } from "./refusal";

/** The kind of processor that a deployment charges with; `none` while none is configured. `test` is a real processor with
 *  test credentials. */
export type ProcessorMode = "none" | "sandbox" | "test" | "live";

/** What decisions need to know of the deployment's processor. */
export type ProcessorTerms = {
  mode: ProcessorMode;
  name: ProcessorName | "none";
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

/** The processor that a payment is made with, if there is one. */
export function toProcessor({ name }: Pick<ProcessorTerms, "name">): {
  processor?: ProcessorName;
} {
  return name === "none" ? {} : { processor: name };
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

/** A payment that was claimed for a processor. */
export type ClaimedPayment = {
  livemode?: boolean | undefined;
  /** Undefined for payments from before it was recorded. */
  processor?: ProcessorName | undefined;
};

/** Why the deployment's processor may not be called for a claimed payment; undefined when it may. */
export function refusedProcessor(
  { livemode, processor = earlierProcessor(livemode) }: ClaimedPayment,
  { mode, name }: Pick<ProcessorTerms, "mode" | "name">,
): Refusal | undefined {
  const refused = refusedCharge(livemode, mode);
  if (refused || processor === undefined || processor === name) return refused;
  return { code: "processor_mismatch", processor };
}

/** Of a payment from before it was recorded. There were two processors then. */
function earlierProcessor(livemode: boolean | undefined): ProcessorName | undefined {
  if (livemode === undefined) return undefined;
  return livemode ? "http" : "sandbox";
}

/** Why the first operation of a payment may not be claimed; undefined when it may. What is claimed is repeated until there is
 *  an outcome, so nothing is claimed that the processor cannot do. */
export function refusedFirst(
  operation: OperationName,
  livemode: boolean | undefined,
  processor: ProcessorTerms,
): Refusal | undefined {
  return refusedCharge(livemode, processor.mode) ?? refusedUnsupported(operation, processor);
}

/** The same for an operation on a payment that was claimed before. */
export function refusedOperation(
  operation: OperationName,
  payment: ClaimedPayment,
  processor: ProcessorTerms,
): Refusal | undefined {
  return refusedProcessor(payment, processor) ?? refusedUnsupported(operation, processor);
}

function refusedUnsupported(
  operation: OperationName,
  { supports }: ProcessorTerms,
): Refusal | undefined {
  return supports(operation) ? undefined : { code: "operation_not_supported", operation };
}
