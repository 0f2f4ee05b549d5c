/** What a processor reports without being asked: what has become of a payment, a refund or a dispute. A report may come
 *  late, twice, out of order and before the response to our own call. */
import type { Dispute } from "./dispute";
import type { NextAction } from "./next-action";
import type { Failure } from "./transaction";

/** `authorized`: the money is held. `failed`: the attempt to charge or authorize was declined. */
export type PaymentReport = {
  kind: "payment";
  /** The processor's own id of the payment. */
  processor_reference: string;
  /** What was asked for, in minor units of ISO 4217. */
  amount_minor: number;
  currency: string;
} & (
  | { state: "succeeded"; captured_minor: number }
  | { state: "authorized" | "cancelled" }
  | { state: "failed"; failure: Failure }
  | { state: "action_required"; next_action: NextAction }
);

export type RefundReport = {
  kind: "refund";
  /** The processor's own id of the refund. */
  processor_reference: string;
  /** Our id; null for a refund that was made at the processor without us. */
  refund_id: string | null;
  /** The processor's own id of the payment, if the report names it. */
  payment_reference?: string;
  amount_minor: number;
  currency: string;
} & ({ state: "pending" | "succeeded" } | { state: "failed"; failure: Failure });

/** `payment_reference`: the processor's own id of the payment, if the report names it. */
export type DisputeReport = { kind: "dispute"; dispute: Dispute; payment_reference?: string };

export type Report = PaymentReport | RefundReport | DisputeReport;

/** What a report has done. `contradicts`: it says other than what is stored, which stays; people have to look. */
export type ReportResult = "recorded" | "unchanged" | "contradicts";
