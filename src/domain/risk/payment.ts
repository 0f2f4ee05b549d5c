/** What fraud rules know of a payment itself. A create request is one, and so is a stored transaction. */
import { comparableValue } from "./lists/list-value";
import type { Subject } from "./rule-set";

export type Payment = {
  amount_minor: number;
  currency: string;
  user_id: string;
  metadata: Record<string, string>;
};

const METADATA = "metadata.";

/** Whose payments a subject means for this payment: the customer, or the value of a metadata field.
 *  Undefined when the payment has no such field; an empty one is none, or all who send nothing would be
 *  counted as one. An address, e-mail address, domain or country has one value for all its spellings. */
export function readSubject(payment: Payment, subject: Subject): string | undefined {
  const sent = readSentSubject(payment, subject);
  if (subject === "customer" || sent === undefined) return sent;
  return comparableValue(subject.slice(METADATA.length), sent);
}

/** The same as the payment spells it, which earlier releases counted by. */
export function readSentSubject(payment: Payment, subject: Subject): string | undefined {
  if (subject === "customer") return payment.user_id;
  return readMetadata(payment, subject.slice(METADATA.length));
}

export function readMetadata({ metadata }: Payment, name: string): string | undefined {
  // Rules name fields freely; an inherited member is no field.
  const value = Object.hasOwn(metadata, name) ? metadata[name] : undefined;
  return value === "" ? undefined : value;
}
