/** The part of a payment that fraud rules read. A create request has it, and so has a stored transaction. */
import { comparableValue } from "./lists/list-value";
import type { Subject } from "./rule-set";

export type Payment = {
  amount_minor: number;
  currency: string;
  user_id: string;
  metadata: Record<string, string>;
};

const METADATA = "metadata.";

/** A subject's value for this payment: the customer, or the value of a metadata field. Undefined when the payment has no
 *  such field or an empty one; otherwise all payments without a value would be counted together. An address, e-mail
 *  address, domain or country has one value for all its spellings. */
export function readSubject(payment: Payment, subject: Subject): string | undefined {
  const sent = readSentSubject(payment, subject);
  if (subject === "customer" || sent === undefined) return sent;
  return comparableValue(subject.slice(METADATA.length), sent);
}

/** The same in the payment's own spelling, by which earlier releases counted. */
export function readSentSubject(payment: Payment, subject: Subject): string | undefined {
  if (subject === "customer") return payment.user_id;
  return readMetadata(payment, subject.slice(METADATA.length));
}

export function readMetadata({ metadata }: Payment, name: string): string | undefined {
  // Rules name fields freely; an inherited member is no field.
  const value = Object.hasOwn(metadata, name) ? metadata[name] : undefined;
  return value === "" ? undefined : value;
}
