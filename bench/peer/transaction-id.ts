// Ids that begin with their time, so that new rows go to the end of the primary key's index.
import { randomBytes } from "node:crypto";

const TIME_DIGITS = 12;
const RANDOM_BYTES = 10;

/** `txn_`, 12 hexadecimal digits of the time in milliseconds, and 80 random bits. */
export function newTransactionId(now_ms: number): string {
  const time = now_ms.toString(16).padStart(TIME_DIGITS, "0");
  return `txn_${time}${randomBytes(RANDOM_BYTES).toString("hex")}`;
}
