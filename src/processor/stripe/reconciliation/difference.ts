/** A difference between Stripe's books and ours. */

/** `missing_here`: Stripe has moved money that no transaction or refund of ours has. `missing_there`: we have recorded a
 *  payment or refund that Stripe does not have. The others are members that differ; `fee` is about Stripe's own sums. */
export const DIFFERENCE_KINDS = [
  "missing_here",
  "missing_there",
  "amount",
  "currency",
  "state",
  "fee",
] as const;
type DifferenceKind = (typeof DIFFERENCE_KINDS)[number];

export type Difference = {
  kind: DifferenceKind;
  transaction_id: string | null;
  refund_id: string | null;
  /** Stripe's id of the payment, the refund or, for a fee, the balance transaction. */
  processor_reference: string | null;
  /** What differs, as text: a status, or an amount in minor units and its currency. Null for what is missing. */
  ours: string | null;
  theirs: string | null;
};

/** What a difference is about. */
export type About = Pick<Difference, "transaction_id" | "refund_id" | "processor_reference">;

/** An amount as text, in minor units of ISO 4217. @param minor undefined for one that has no such form */
export function formatMinor(minor: number | undefined, currency: string): string {
  return `${minor ?? "?"} ${currency.toUpperCase()}`;
}
