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

export const VOID_REASONS = ["requested", "capture_expired"] as const;

/** Why an authorization was released: by a cancellation, or because it was not captured in time. */
export type VoidReason = (typeof VOID_REASONS)[number];

/** The operation on an authorized payment that has no outcome yet. */
export type PendingOperation =
  | { type: "capture"; amount_minor: number }
  | { type: "void"; reason: VoidReason };
