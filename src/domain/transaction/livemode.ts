/** Whether a payment is real. It is decided when the payment is created and never changes, so that a sandbox
 *  payment cannot move money later, and the real processor is never called for one. */
import type { Refusal } from "./refusal";

/** The kind of processor that a deployment charges with; `none` while none is configured. */
export type ProcessorMode = "none" | "sandbox" | "live";

/** Whether payments that are created now are real. Without a processor they are, so that a real processor that is
 *  configured later can charge them. */
export function toLivemode(mode: ProcessorMode): boolean {
  return mode !== "sandbox";
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
