/** Authorizing a payment first and capturing it later. */

export const CAPTURE_METHODS = ["automatic", "manual"] as const;

/** `automatic`: one charge. `manual`: an authorization, and later one capture of all or part of it. */
export type CaptureMethod = (typeof CAPTURE_METHODS)[number];

/** Thirty days: authorizations are valid for days, and then the card's issuer releases them. */
export const MAX_CAPTURE_WINDOW_S = 2_592_000;

/** How often the captures and cancellations of an authorized payment can be declined before no more are accepted. Each has
 *  two events, and the events of a transaction are read together. */
export const MAX_DECLINED = 100;

/** A validated request for a capture. */
export type CaptureRequest = {
  /** Decimal text in major units, as it was sent; null for all that is authorized. */
  amount: string | null;
};

export const VOID_REASONS = [
  "requested",
  "capture_expired",
  "action_expired",
  "processor",
] as const;

/** Why a payment was released: by a cancellation, because it was not captured in time, because the customer did not act in
 *  time, or at the processor without us. */
export type VoidReason = (typeof VOID_REASONS)[number];

/** The operation that has no outcome yet, on an authorized payment or on one that waited for the customer. */
export type PendingOperation =
  | { type: "capture"; amount_minor: number }
  | { type: "void"; reason: VoidReason };
