/** The transaction: its shape and the codes of its failures. The decisions about it are in `decide-*.ts`: each function
 *  takes the transaction, a request and the time, and returns everything that changes, or a refusal. */
import type { Risk } from "../risk/evaluate";
import type { CaptureMethod, PendingOperation, VoidReason } from "./capture";
import type { Dispute } from "./dispute";
import type { ProcessorName } from "./payment-details";
import type { Resolution } from "./resolution";
import type { Review } from "./review";
import type { Status } from "./status";

/** Failed without ever reaching the processor. */
export const RISK_BLOCKED = "risk_blocked";
export const REVIEW_REJECTED = "review_rejected";
export const UNCHARGED_CODES: readonly string[] = [RISK_BLOCKED, REVIEW_REJECTED];
/** An operator recorded that the charge was declined. */
export const DECLINED_BY_OPERATOR = "declined_by_operator";
/** Codes of our own, which a processor cannot answer with. */
export const RESERVED_FAILURE_CODES: readonly string[] = [...UNCHARGED_CODES, DECLINED_BY_OPERATOR];

/** Why a transaction failed: one of our own codes, or the processor's decline code. */
export type Failure = {
  code: string;
  message: string;
  /** The processor's own code, where ours is another one. */
  processor_code?: string;
};

/** A transaction, in the form in which it is stored, answered and announced. Times are RFC 3339 UTC. */
export type Transaction = {
  id: string;
  idempotency_key: string;
  user_id: string;
  /** Major units, for people. Computed from `amount_minor` and never read back. */
  amount: number;
  amount_minor: number;
  currency: string;
  status: Status;
  /** Whether money moves: false for the sandbox. Transactions of before it was recorded have none until they
   *  are charged. */
  livemode?: boolean;
  /** The deployment's processor when the payment was created; once it was processed, the only one that is called for it.
   *  Payments of before it was recorded have none. */
  processor?: ProcessorName;
  fraud_score: number;
  risk: Risk;
  failure: Failure | null;
  /** Null when it never was in review. */
  review: Review | null;
  description: string | null;
  metadata: Record<string, string>;
  webhook_url: string | null;
  /** Counts the changes; equals the sequence of the last event. */
  version: number;
  created_at: string;
  updated_at: string;
  /** These are in minor units. Transactions of before there were captures and refunds have neither the method, which is
   *  then `automatic`, nor the amounts. */
  capture_method?: CaptureMethod;
  /** Only of manual ones: what is authorized, from the authorization until a capture or void has ended; otherwise 0. */
  amount_capturable_minor?: number;
  amount_captured_minor?: number;
  /** The sum of the refunds that have succeeded. */
  amount_refunded_minor?: number;
  /** Only of manual ones, from the authorization on: when it is voided unless it was captured before. */
  capture_before?: string;
  /** Only while the status is `processing` because of a capture or a void. */
  pending_operation?: PendingOperation;
  /** Only if the customer had to act: until when. */
  action_expires_at?: string;
  /** Only of payments that were released at the processor. */
  cancellation_reason?: VoidReason;
  /** The processor's own id of the payment, if it has named one. */
  processor_reference?: string;
  /** Only there when an operator ended the last operation by hand. */
  resolution?: Resolution;
  /** Only of disputed payments: the newest dispute. */
  dispute?: Dispute;
  /** Only if the customer's data was erased: when, RFC 3339 UTC. */
  erased_at?: string;
};
