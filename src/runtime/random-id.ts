/** Random ids, for what has no idempotency key to derive an id from. */
import { formatRandomId } from "../domain/identity/id";

const RANDOM_BYTES = 20;

/** A new id, such as `mer_…` for the prefix `mer`. */
export function randomId(prefix: string): string {
  return formatRandomId(prefix, crypto.getRandomValues(new Uint8Array(RANDOM_BYTES)));
}
