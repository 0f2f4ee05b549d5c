/** Repeated removals. */
import { PaymentsError } from "./errors.js";

const NOT_FOUND = 404;

/** A removal whose repetition finds nothing has succeeded: the first request removed it, and its response was lost. */
export async function removeOnce(removal: Promise<undefined>): Promise<void> {
  try {
    await removal;
  } catch (error) {
    const isRepetition = error instanceof PaymentsError && error.attempts > 1;
    if (!isRepetition || error.status !== NOT_FOUND) throw error;
  }
}
