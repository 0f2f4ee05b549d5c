/** Keys that make a create or a refund repeatable. */
import type { CallOptions } from "./transport.js";

/** Options of a call that creates something. */
export type KeyOptions = CallOptions & {
  /**
   * Identifies the payment or the refund. Derive it from your own data and store it before the call, so that a repetition
   * after a crash is the same payment. Without it a random key is made for the call; its errors and its result have it.
   */
  idempotencyKey?: string | undefined;
};

/** The key, or a new one if it is absent. @throws TypeError if it cannot be sent */
export function checkIdempotencyKey(key: string = crypto.randomUUID()): string {
  if (/^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw new TypeError("An idempotency key is 1 to 255 visible ASCII characters.");
}
