/** Whether a payment is real. It is decided when the payment is created and never changes, so that a payment of
 *  the sandbox cannot move money later, and the real processor is never asked about one of the sandbox. */
import type { Refusal } from "./refusal";

/** What a deployment charges with; `none` when nobody has chosen a processor yet. */
export type ProcessorMode = "none" | "sandbox" | "live";

/** Whether payments that are created now are real. Without a processor they are: whoever sets one up later must
 *  not find that they were for trying. */
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
