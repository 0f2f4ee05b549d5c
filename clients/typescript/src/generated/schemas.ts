// Written by `npm run generate` from openapi.json. Do not edit.

export type Transaction = {
  id: string;
  idempotency_key: string;
  user_id: string;
  /** Amount in major units, for display. */
  amount: number;
  /** Amount in minor units (ISO 4217). Use it for calculations. */
  amount_minor: number;
  currency: string;
  status: TransactionStatus;
  /** Whether money moves; `false` with the sandbox processor. Set at creation. Absent in transactions created before this field was introduced, until they are charged. */
  livemode?: boolean | undefined;
  processor?: ProcessorName | undefined;
  fraud_score: number;
  risk: Risk;
  failure: Failure;
  review: Review;
  description: string | null;
  metadata: Record<string, string>;
  webhook_url: string | null;
  /** Increases with every change. */
  version: number;
  created_at: string;
  updated_at: string;
  resolution?: Resolution | undefined;
  capture_method?: CaptureMethod | undefined;
  /** What was captured: 0, and the amount of the charge or capture when it is complete. Absent in transactions created before this field was introduced. */
  amount_captured_minor?: number | undefined;
  /** The sum of the refunds that succeeded. Absent in transactions created before this field was introduced. */
  amount_refunded_minor?: number | undefined;
  /** Only with `capture_method: manual`. What can be captured: 0 unless the payment is authorized. */
  amount_capturable_minor?: number | undefined;
  /** Present once the payment was authorized: when the authorization expires. */
  capture_before?: string | undefined;
  /** Present if the customer had to act: when the transaction is voided unless it is completed before. */
  action_expires_at?: string | undefined;
  next_action?: NextAction | undefined;
  dispute?: Dispute | undefined;
  /** Present if the customer's data was erased: when. `user_id` is then `erased`, and `description`, `metadata` and `webhook_url` are empty. */
  erased_at?: string | undefined;
  pending_operation?: PendingOperation | undefined;
  /** Present if the payment was voided at the processor: why. */
  cancellation_reason?: VoidReason | undefined;
  /** The processor's own id of the payment, if it has named one. */
  processor_reference?: string | undefined;
};

export type TransactionStatus =
  | "pending"
  | "review"
  | "processing"
  | "requires_action"
  | "authorized"
  | "completed"
  | "failed"
  | "cancelled";

/** The deployment's processor. From the processing of the transaction on it is the only one that is called for it. Absent in transactions created before this field was introduced, or without a processor. */
export type ProcessorName = "sandbox" | "http" | "stripe";

export type Risk = {
  decision: RiskDecision;
  reasons: Array<RiskReason>;
  /** Results of shadow rules, which do not affect the decision. */
  shadow: Array<RiskReason>;
  /** Version of the rule set. 0 is the deployment's default. */
  rule_set_version: number;
  /** Signals used for the decision, in addition to the payment itself. */
  signals: Record<string, number>;
};

export type RiskDecision = "approve" | "review" | "block";

export type RiskReason = {
  /** Id of the rule, `block_list` or `allow_list`. */
  rule: string;
  outcome: RiskReasonOutcome;
  /** Points the rule adds to the score. */
  points: number;
  detail: string;
};

/** `error`: the rule could not be evaluated and has no effect. */
export type RiskReasonOutcome = "points" | "block" | "review" | "allow" | "error";

/** Why the payment failed. Null if it has not failed. */
export type Failure = {
  code: string;
  message: string;
  /** The processor's own code, where `code` is another one. */
  processor_code?: string | undefined;
} | null;

/** Null if the transaction was never in review. */
export type Review = {
  status: ReviewStatus;
  expires_at: string;
  expires_to: ReviewDecision;
  /** Whether the review ended without a reviewer's decision. */
  expired: boolean;
  reviewer: string | null;
  note: string | null;
  decided_at: string | null;
} | null;

export type ReviewStatus = "open" | "approved" | "rejected" | "cancelled";

export type ReviewDecision = "approve" | "reject";

/** Present if an operator resolved the charge manually. */
export type Resolution = {
  outcome: ChargeOutcome;
  reason: string;
  resolved_by: string;
  resolved_at: string;
  /** Whether the processor could still have reported an outcome, so that `force` was needed. */
  forced: boolean;
};

/** Outcome of the charge according to the processor's records. */
export type ChargeOutcome = "settled" | "declined";

/** Whether processing charges the payment or authorizes it for a capture. Absent in transactions created before this field was introduced. */
export type CaptureMethod = "automatic" | "manual";

/** Only while the status is `requires_action`, in responses about this transaction: what the customer has to do. */
export type NextAction = {
  type: "redirect_to_url";
  redirect_to_url: {
    /** Where to send the customer. It may hold a secret: do not store or log it. */
    url: string;
    /** Where the customer returns to. */
    return_url: string | null;
  };
};

/** Present if the customer disputed the payment: the newest dispute. */
export type Dispute = {
  /** The processor's own id. */
  id: string;
  status: DisputeStatus;
  reason: string;
  /** Amount in minor units of the dispute's currency. */
  amount_minor: number;
  currency: string;
  /** Until when evidence can be sent. */
  evidence_due_by: string | null;
  opened_at: string;
};

/** `open` until the card's issuer has decided; `closed` if it ended without a decision. */
export type DisputeStatus = "open" | "won" | "lost" | "closed";

/** Present while a capture or a void is under way and its outcome is not known: the status is `processing`. */
export type PendingOperation = {
  type: "capture" | "void";
  /** Of a capture: its amount. */
  amount_minor?: number | undefined;
  reason?: VoidReason | undefined;
};

/** Of a void: why. */
export type VoidReason = "requested" | "capture_expired" | "action_expired" | "processor";

export type Problem = {
  /** URL of a page about the code. */
  type: string;
  title: string;
  status: number;
  detail: string;
  code: ProblemCode;
  /** Id of the request, as in the `Request-Id` header and the log. */
  request_id: string;
  errors?: Array<FieldFault> | undefined;
};

/** Identifies the problem. Handle errors by `code`: unlike `title` and `detail`, it does not change. */
export type ProblemCode =
  | "malformed_json"
  | "invalid_request"
  | "idempotency_key_missing"
  | "idempotency_key_invalid"
  | "amount_not_supported"
  | "currency_not_supported"
  | "payment_method_required"
  | "signature_invalid"
  | "card_number_refused"
  | "api_key_missing"
  | "api_key_invalid"
  | "admin_token_invalid"
  | "metrics_token_invalid"
  | "scope_missing"
  | "not_found"
  | "transaction_not_found"
  | "idempotency_key_not_found"
  | "refund_not_found"
  | "merchant_not_found"
  | "api_key_not_found"
  | "webhook_endpoint_not_found"
  | "webhook_delivery_not_found"
  | "erasure_not_found"
  | "rule_set_not_found"
  | "list_entry_not_found"
  | "method_not_allowed"
  | "livemode_mismatch"
  | "processor_mismatch"
  | "customer_erased"
  | "illegal_transition"
  | "charge_may_still_end"
  | "operation_not_supported"
  | "amount_exceeds_capturable"
  | "capture_amount_differs"
  | "refund_exceeds_remaining"
  | "too_many_refunds"
  | "too_many_attempts"
  | "webhook_endpoint_exists"
  | "too_many_webhook_endpoints"
  | "rule_set_version_conflict"
  | "too_many_list_entries"
  | "api_key_exists"
  | "api_key_rolled"
  | "too_many_api_keys"
  | "cursor_expired"
  | "version_mismatch"
  | "body_too_large"
  | "unsupported_media_type"
  | "idempotency_key_reused"
  | "rate_limited"
  | "backtest_running"
  | "too_many_failed_authentications"
  | "internal_error"
  | "webhook_secret_missing"
  | "processor_not_configured"
  | "unavailable"
  | "shard_count_changed"
  | "book_move_refused"
  | "book_move_failed"
  | "book_count_reduced";

/** A fault in one part of the request. One of `pointer`, `parameter` and `header` gives its location. */
export type FieldFault = {
  /** Location in the body: a JSON Pointer (RFC 6901) as a URI fragment. */
  pointer?: string | undefined;
  /** Name of a query or path parameter. */
  parameter?: string | undefined;
  /** Name of a header field. */
  header?: string | undefined;
  message: string;
};

export type CreateTransaction = {
  /** Your id for the customer. */
  user_id: string;
  /** Amount in major units, greater than 0: a JSON number or a decimal string. It must not have more decimal places than the currency; amounts are never rounded. */
  amount: number | string;
  /** ISO 4217 code. Default: the merchant's default currency, unless the deployment requires this field. */
  currency?: string | undefined;
  description?: string | null | undefined;
  /** An https URL that receives every event of this transaction. */
  webhook_url?: string | null | undefined;
  /** Up to 50 key-value pairs of strings. */
  metadata?: Record<string, string> | null | undefined;
  /** The processor's token of a payment method. Required if the deployment's processor charges payment methods. Never a card number. Not part of any response. */
  payment_method?: string | null | undefined;
  /** The processor's token of a customer. Not part of any response. */
  customer?: string | null | undefined;
  /** An https URL to which the customer returns after an action, such as 3-D Secure. Without it a payment that needs an action is declined. */
  return_url?: string | null | undefined;
  /** `automatic` charges the payment when it is processed. `manual` authorizes it, and it is charged by a capture. Default: `automatic`. */
  capture_method?: CaptureMethod | undefined;
  /** Whether to process the payment in the same request, unless the fraud rules hold or block it. Default: false. The same as a separate process request: it is not part of the comparison with an earlier request under the same key. */
  process?: boolean | undefined;
};

export type TransactionList = {
  data: Array<Transaction>;
  /** Whether more items follow this page. */
  has_more: boolean;
  /** Pass it as `cursor` to get the next page. Null if there is none. */
  next_cursor: string | null;
  /** Null if the page includes every change that was confirmed before the request. Otherwise the time since which changes may be missing; 1970 if it is unknown. */
  stale_since: string | null;
};

export type BatchResults = {
  data: Array<BatchResult>;
};

export type BatchResult = {
  /** Index of the item in the request. */
  index: number;
  /** Status that a create request of its own would have had. */
  status: number;
  /** `true` if the idempotency key was already used: no transaction was created. */
  replayed?: boolean | undefined;
  /** Present if the status is 201 or 202. */
  transaction?: Transaction | undefined;
  /** Present if the status is 400 or higher. */
  problem?: Problem | undefined;
};

export type TransactionBatch = {
  items: Array<BatchItem>;
};

export type BatchItem = {
  /** 1 to 255 visible ASCII characters, as in the header Idempotency-Key. */
  idempotency_key: string;
  /** Your id for the customer. */
  user_id: string;
  /** Amount in major units, greater than 0: a JSON number or a decimal string. It must not have more decimal places than the currency; amounts are never rounded. */
  amount: number | string;
  /** ISO 4217 code. Default: the merchant's default currency, unless the deployment requires this field. */
  currency?: string | undefined;
  description?: string | null | undefined;
  /** An https URL that receives every event of this transaction. */
  webhook_url?: string | null | undefined;
  /** Up to 50 key-value pairs of strings. */
  metadata?: Record<string, string> | null | undefined;
  /** The processor's token of a payment method. Required if the deployment's processor charges payment methods. Never a card number. Not part of any response. */
  payment_method?: string | null | undefined;
  /** The processor's token of a customer. Not part of any response. */
  customer?: string | null | undefined;
  /** An https URL to which the customer returns after an action, such as 3-D Secure. Without it a payment that needs an action is declined. */
  return_url?: string | null | undefined;
  /** `automatic` charges the payment when it is processed. `manual` authorizes it, and it is charged by a capture. Default: `automatic`. */
  capture_method?: CaptureMethod | undefined;
  /** Whether to process the payment in the same request, unless the fraud rules hold or block it. Default: false. The same as a separate process request: it is not part of the comparison with an earlier request under the same key. */
  process?: boolean | undefined;
};

export type CaptureTransaction = {
  /** Amount in major units of the transaction's currency: a JSON number or a decimal string. At most what is authorized, which is the default. The rest is released. */
  amount?: number | string | null | undefined;
};

export type Refund = {
  id: string;
  transaction_id: string;
  idempotency_key: string;
  /** Amount in major units, for display. */
  amount: number;
  /** Amount in minor units (ISO 4217). Use it for calculations. */
  amount_minor: number;
  currency: string;
  status: RefundStatus;
  reason: string | null;
  metadata: Record<string, string>;
  /** Whether money moves; `false` with the sandbox processor. */
  livemode: boolean;
  failure: Failure;
  /** The processor's own id of the refund, if it has named one. */
  processor_reference?: string | undefined;
  /** Present if the refund had succeeded before it failed: when it failed. */
  reversed_at?: string | undefined;
  created_at: string;
  updated_at: string;
  /** Present if an operator resolved the refund manually. */
  resolution?: Resolution | undefined;
};

/** `pending` until the processor's outcome is known. A refund that has `succeeded` may fail later; `failed` is final. */
export type RefundStatus = "pending" | "succeeded" | "failed";

export type CreateRefund = {
  /** Amount in major units of the transaction's currency: a JSON number or a decimal string. Default: all that is left to refund. */
  amount?: number | string | null | undefined;
  reason?: string | null | undefined;
  /** Up to 50 key-value pairs of strings. */
  metadata?: Record<string, string> | null | undefined;
};

export type RefundList = {
  data: Array<Refund>;
  /** Whether more items follow this page. */
  has_more: boolean;
  /** Pass it as `cursor` to get the next page. Null if there is none. */
  next_cursor: string | null;
  /** Null if the page includes every change that was confirmed before the request. Otherwise the time since which changes may be missing; 1970 if it is unknown. */
  stale_since: string | null;
};

export type ReviewTransaction = {
  decision: ReviewDecision;
  /** Your id for the reviewer. */
  reviewer?: string | null | undefined;
  note?: string | null | undefined;
};

export type Erasure = {
  id: string;
  /** The customer. Null when the erasure is complete. */
  user_id: string | null;
  status: ErasureStatus;
  /** Transactions whose data is erased when an operation of the processor has its outcome. */
  transactions_waiting: number;
  /** Transactions whose data was erased. */
  transactions_erased: number;
  /** Deliveries of webhooks whose body was replaced. */
  deliveries_erased: number;
  /** Payments that fraud rules no longer count, of each subject. */
  counted_payments_deleted: number;
  /** Segments of the archive that were written again. */
  archive_segments_rewritten: number;
  /** Objects that an attempt to archive had left behind and that were deleted. */
  archive_objects_deleted: number;
  created_at: string;
  /** Null until it is complete. */
  completed_at: string | null;
};

/** `completed` when nothing of the customer is left that can be reached. */
export type ErasureStatus = "pending" | "completed";

export type EventList = {
  data: Array<TransactionEvent>;
  /** Whether more items follow this page. */
  has_more: boolean;
  /** Pass it as `cursor` to get the next page. Null if there is none. */
  next_cursor: string | null;
  /** Null if the page includes every change that was confirmed before the request. Otherwise the time since which changes may be missing; 1970 if it is unknown. */
  stale_since: string | null;
};

export type TransactionEvent = {
  id: string;
  type: EventType;
  /** Number of the event within its transaction: 1, 2, 3 … without gaps. */
  sequence: number;
  transaction_id: string;
  created_at: string;
  data: EventData;
};

export type EventType =
  | "transaction.created"
  | "transaction.review_opened"
  | "transaction.review_approved"
  | "transaction.processing"
  | "transaction.requires_action"
  | "transaction.authorized"
  | "transaction.captured"
  | "transaction.capture_failed"
  | "transaction.voided"
  | "transaction.void_failed"
  | "transaction.capture_expired"
  | "transaction.action_expired"
  | "transaction.completed"
  | "transaction.failed"
  | "transaction.cancelled"
  | "transaction.erased"
  | "dispute.opened"
  | "dispute.closed"
  | "refund.created"
  | "refund.succeeded"
  | "refund.failed";

/** The transaction at the time of the event: a `Transaction`. If the event's `type` begins with `refund.`, the refund: a `Refund`. */
export type EventData = {
  id: string;
  idempotency_key: string;
  user_id?: string | undefined;
  /** Amount in major units, for display. */
  amount: number;
  /** Amount in minor units (ISO 4217). Use it for calculations. */
  amount_minor: number;
  currency: string;
  status: EventDataStatus;
  /** Whether money moves; `false` with the sandbox processor. */
  livemode?: boolean | undefined;
  processor?: ProcessorName | undefined;
  fraud_score?: number | undefined;
  risk?: Risk | undefined;
  failure: Failure;
  review?: Review | undefined;
  description?: string | null | undefined;
  metadata: Record<string, string>;
  webhook_url?: string | null | undefined;
  /** Increases with every change. */
  version?: number | undefined;
  created_at: string;
  updated_at: string;
  /** Present if an operator resolved the refund manually. */
  resolution?: Resolution | undefined;
  capture_method?: CaptureMethod | undefined;
  /** What was captured: 0, and the amount of the charge or capture when it is complete. Absent in transactions created before this field was introduced. */
  amount_captured_minor?: number | undefined;
  /** The sum of the refunds that succeeded. Absent in transactions created before this field was introduced. */
  amount_refunded_minor?: number | undefined;
  /** Only with `capture_method: manual`. What can be captured: 0 unless the payment is authorized. */
  amount_capturable_minor?: number | undefined;
  /** Present once the payment was authorized: when the authorization expires. */
  capture_before?: string | undefined;
  /** Present if the customer had to act: when the transaction is voided unless it is completed before. */
  action_expires_at?: string | undefined;
  next_action?: NextAction | undefined;
  dispute?: Dispute | undefined;
  /** Present if the customer's data was erased: when. `user_id` is then `erased`, and `description`, `metadata` and `webhook_url` are empty. */
  erased_at?: string | undefined;
  pending_operation?: PendingOperation | undefined;
  /** Present if the payment was voided at the processor: why. */
  cancellation_reason?: VoidReason | undefined;
  /** The processor's own id of the refund, if it has named one. */
  processor_reference?: string | undefined;
  transaction_id?: string | undefined;
  reason?: string | null | undefined;
  /** Present if the refund had succeeded before it failed: when it failed. */
  reversed_at?: string | undefined;
};

export type EventDataStatus =
  | "pending"
  | "review"
  | "processing"
  | "requires_action"
  | "authorized"
  | "completed"
  | "failed"
  | "cancelled"
  | "succeeded";

export type RiskRules = {
  /** Version of the rule set. 0 is the deployment's default. */
  version: number;
  rules: Array<RiskRule>;
  review_score: number;
  block_score: number;
  /** Whether a rule or list that allows takes precedence over one that blocks. */
  allow_beats_block: boolean;
  /** Seconds after which an open review ends with the decision in `review_expires_to`. */
  review_expires_after_s: number;
  review_expires_to: ReviewDecision;
  created_at: string | null;
};

/** A rule has either `points` or `outcome`. */
export type RiskRule = {
  id: string;
  /** Points that the rule adds to the score if it matches. A rule has either `points` or `outcome`. */
  points?: number | undefined;
  outcome?: RiskRuleOutcome | undefined;
  when: RiskCondition;
  /** Whether the rule is only evaluated and recorded, without affecting the decision. */
  shadow?: boolean | undefined;
};

/** Decision if the rule matches. A rule has either `outcome` or `points`. */
export type RiskRuleOutcome = "block" | "review" | "allow";

/** Tests one property of a payment, or combines other conditions with `all`, `any` or `not`. */
export type RiskCondition = {
  all?: Array<RiskCondition> | undefined;
  any?: Array<RiskCondition> | undefined;
  not?: RiskCondition | undefined;
  /** Has either `above` or `multiple_of`. */
  amount?:
    | {
        above?: RiskAmount | undefined;
        multiple_of?: RiskAmount | undefined;
      }
    | undefined;
  currency?: RiskCurrencies | undefined;
  velocity?:
    | {
        of: string;
        measure: RiskMeasure;
        window: RiskWindow;
        completed_only?: boolean | undefined;
      }
    | undefined;
  above?: RiskThreshold | undefined;
  customer_age?:
    | {
        /** Matches if fewer seconds have passed since the customer's first payment. */
        below_s: number;
      }
    | undefined;
  /** Name of a metadata field. */
  metadata?: string | undefined;
  /** With `metadata`: values, one of which must match. */
  in?: Array<string> | undefined;
  /** With `metadata`: whether the field must be present. */
  is_present?: boolean | undefined;
  listed?: RiskListName | undefined;
  field?: RiskListField | undefined;
};

export type RiskAmount = string | Record<string, string>;

/** A list of currency codes, one of which must match. With `amount`: the single currency code of the amount. */
export type RiskCurrencies = string | Array<string>;

export type RiskMeasure =
  | "count"
  | "sum"
  | "customers"
  | "amounts"
  | "currencies"
  | "declined_percent";

export type RiskWindow = "1m" | "1h" | "24h" | "7d";

/** With `velocity`: the threshold as a whole number, or as a decimal string for `sum`. */
export type RiskThreshold = number | string | Record<string, string>;

export type RiskListName = "allow" | "block";

/** `customer`: the payment's `user_id`. `email_domain`: the domain of the metadata field `email`. Others: the metadata field of the same name. */
export type RiskListField =
  | "customer"
  | "ip"
  | "card_fingerprint"
  | "email"
  | "email_domain"
  | "country";

export type ReplaceRiskRules = {
  /** Version that this rule set is based on. */
  version: number;
  rules: Array<RiskRule>;
  /** Minimum score for a review. 101: never. Default: `101`. */
  review_score?: number | undefined;
  /** Minimum score for a block. 101: never. Default: `70`. */
  block_score?: number | undefined;
  /** Whether a rule or list that allows takes precedence over one that blocks. Default: `false`. */
  allow_beats_block?: boolean | undefined;
  /** Seconds after which an open review ends with the decision in `review_expires_to`. Default: `259200`. */
  review_expires_after_s?: number | undefined;
  review_expires_to?: ReviewDecision | undefined;
  /** Ignored. Accepted so that a rule set can be sent back as it was read. */
  created_at?: string | null | undefined;
};

export type RiskRulesSummaryList = {
  data: Array<RiskRulesSummary>;
  /** Whether more items follow this page. */
  has_more: boolean;
  /** Pass it as `cursor` to get the next page. Null if there is none. */
  next_cursor: string | null;
};

export type RiskRulesSummary = {
  version: number;
  created_at: string;
};

export type RiskListEntry = {
  id: string;
  list: RiskListName;
  field: RiskListField;
  value: string;
  note: string | null;
  created_at: string;
  expires_at: string | null;
};

export type CreateRiskListEntry = {
  list: RiskListName;
  field: RiskListField;
  value: string;
  note?: string | null | undefined;
  /** Time at which the entry expires. It must be in the future. Null: never. */
  expires_at?: string | null | undefined;
};

export type RiskListEntryPage = {
  data: Array<RiskListEntry>;
  /** Whether more items follow this page. */
  has_more: boolean;
  /** Pass it as `cursor` to get the next page. Null if there is none. */
  next_cursor: string | null;
};

export type RiskBacktest = {
  examined: number;
  unchanged: number;
  changed: Record<string, number>;
  /** Number of payments whose decision depends on signals that were not stored with them. */
  undecidable: number;
  /** Number of payments without a signal that the rule set uses, by signal. */
  lacking: Record<string, number>;
  /** Number of payments that match a rule, by rule. */
  hits: Record<string, number>;
  /** Some of the payments with a different decision. */
  examples: Array<RiskBacktestExample>;
  /** Whether more items follow this page. */
  has_more: boolean;
  /** Pass it as `cursor` to get the next page. Null if there is none. */
  next_cursor: string | null;
};

export type RiskBacktestExample = {
  transaction_id: string;
  before: RiskJudgement;
  after: RiskJudgement;
  reasons: Array<RiskReason>;
};

export type RiskJudgement = {
  decision: RiskDecision;
  fraud_score: number;
};

export type BacktestRiskRules = {
  rule_set: RiskRulesCandidate;
  created_at?:
    | {
        /** Only transactions created after this time. */
        gt?: string | undefined;
        /** Only transactions created at or after this time. */
        gte?: string | undefined;
        /** Only transactions created before this time. */
        lt?: string | undefined;
        /** Only transactions created at or before this time. */
        lte?: string | undefined;
      }
    | undefined;
  /** Alias of `created_at.gt`. Only transactions created after this time. */
  created_after?: string | undefined;
  /** Alias of `created_at.lt`. Only transactions created before this time. */
  created_before?: string | undefined;
  /** Maximum number of payments to examine. Default: `1000`. */
  limit?: number | undefined;
  /** The `next_cursor` of the previous page. */
  cursor?: string | undefined;
};

export type RiskRulesCandidate = {
  /** Version that this rule set is based on. */
  version?: number | undefined;
  rules: Array<RiskRule>;
  /** Minimum score for a review. 101: never. Default: `101`. */
  review_score?: number | undefined;
  /** Minimum score for a block. 101: never. Default: `70`. */
  block_score?: number | undefined;
  /** Whether a rule or list that allows takes precedence over one that blocks. Default: `false`. */
  allow_beats_block?: boolean | undefined;
  /** Seconds after which an open review ends with the decision in `review_expires_to`. Default: `259200`. */
  review_expires_after_s?: number | undefined;
  review_expires_to?: ReviewDecision | undefined;
  /** Ignored. Accepted so that a rule set can be sent back as it was read. */
  created_at?: string | null | undefined;
};

export type CreatedWebhookEndpoint = {
  id: string;
  url: string;
  description: string | null;
  events: Array<WebhookEventType>;
  enabled: boolean;
  /** Why the endpoint was disabled automatically: `gone` after a response with status 410, `failing` after days of failures. */
  disabled_reason: "gone" | "failing" | null;
  /** Time of the first failure since the last success. Null if there is none. */
  failing_since: string | null;
  created_at: string;
  /** Signing secret. Shown only once. */
  secret: string;
};

/** Type of an event. `*` matches all types. */
export type WebhookEventType =
  | "*"
  | "transaction.created"
  | "transaction.review_opened"
  | "transaction.review_approved"
  | "transaction.processing"
  | "transaction.requires_action"
  | "transaction.authorized"
  | "transaction.captured"
  | "transaction.capture_failed"
  | "transaction.voided"
  | "transaction.void_failed"
  | "transaction.capture_expired"
  | "transaction.action_expired"
  | "transaction.completed"
  | "transaction.failed"
  | "transaction.cancelled"
  | "transaction.erased"
  | "dispute.opened"
  | "dispute.closed"
  | "refund.created"
  | "refund.succeeded"
  | "refund.failed"
  | "webhook_endpoint.disabled";

export type CreateWebhookEndpoint = {
  /** URL that receives the events. Stored and returned in normalized ASCII form. */
  url: string;
  /** Event types to send. `*` matches all event types. Default: `["*"]`. */
  events?: Array<WebhookEventType> | undefined;
  /** Default: `null`. */
  description?: string | null | undefined;
  /** Whether events are sent to the endpoint. Default: `true`. */
  enabled?: boolean | undefined;
};

export type WebhookEndpointList = {
  data: Array<WebhookEndpoint>;
};

export type WebhookEndpoint = {
  id: string;
  url: string;
  description: string | null;
  events: Array<WebhookEventType>;
  enabled: boolean;
  /** Why the endpoint was disabled automatically: `gone` after a response with status 410, `failing` after days of failures. */
  disabled_reason: "gone" | "failing" | null;
  /** Time of the first failure since the last success. Null if there is none. */
  failing_since: string | null;
  created_at: string;
};

export type ChangeWebhookEndpoint = {
  /** URL that receives the events. Stored and returned in normalized ASCII form. */
  url?: string | undefined;
  /** Event types to send. `*` matches all event types. */
  events?: Array<WebhookEventType> | undefined;
  description?: string | null | undefined;
  /** Whether events are sent to the endpoint. */
  enabled?: boolean | undefined;
};

export type RotatedWebhookSecret = {
  id: string;
  /** Signing secret. Shown only once. */
  secret: string;
  previous_secrets_expire_at: string;
};

export type RotateWebhookSecret = {
  /** Seconds during which the old secret also signs webhooks. Default: `86400`. */
  expires_in_seconds?: number | undefined;
};

export type WebhookDelivery = {
  id: string;
  /** Null if the URL is the `webhook_url` of the transaction. */
  endpoint_id: string | null;
  event_id: string;
  event_type: string;
  transaction_id: string | null;
  /** URL of the last attempt; while the status is `pending`, of the next one. */
  url: string;
  status: WebhookDeliveryStatus;
  attempts: Array<WebhookAttempt>;
  /** Null if no attempt is scheduled, as while the endpoint is disabled. */
  next_attempt_at: string | null;
  created_at: string;
  finished_at: string | null;
};

export type WebhookDeliveryStatus = "pending" | "succeeded" | "dead";

export type WebhookAttempt = {
  /** Number of the attempt, starting at 1. */
  number: number;
  started_at: string;
  duration_ms: number;
  /** HTTP status of the response. Null if there was none. */
  status_code: number | null;
  /** Reason for the failure. Null if the attempt succeeded. */
  error: string | null;
};

export type RecoveredWebhooks = {
  /** Number of restarted deliveries. */
  redelivered: number;
  /** Whether failed deliveries remain. If so, send the request again. */
  has_more: boolean;
};

export type RecoverWebhooks = {
  /** Only events created at or after this time. */
  since: string;
  /** Only events created at or before this time. Default: now. */
  until?: string | undefined;
};

export type WebhookDeliveryList = {
  data: Array<WebhookDelivery>;
  /** Whether more items follow this page. */
  has_more: boolean;
  /** Pass it as `cursor` to get the next page. Null if there is none. */
  next_cursor: string | null;
};

export type Operations = {
  /** Create a transaction */
  createTransaction: {
    body: CreateTransaction;
    result: Transaction;
  };
  /** List transactions */
  listTransactions: {
    query: {
      /** Only transactions of this customer. */
      user_id?: string | undefined;
      /** Only transactions with this status. */
      status?: TransactionStatus | undefined;
      /** Only transactions in this currency. */
      currency?: string | undefined;
      /** Only transactions of at least this amount, in minor units of each transaction's currency. */
      "amount_minor[gte]"?: number | undefined;
      /** Only transactions of at most this amount, in minor units of each transaction's currency. */
      "amount_minor[lte]"?: number | undefined;
      /** Only transactions created after this time. */
      "created_at[gt]"?: string | undefined;
      /** Only transactions created at or after this time. */
      "created_at[gte]"?: string | undefined;
      /** Only transactions created before this time. */
      "created_at[lt]"?: string | undefined;
      /** Only transactions created at or before this time. */
      "created_at[lte]"?: string | undefined;
      /** Alias of `created_at[gt]`. Only transactions created after this time. */
      created_after?: string | undefined;
      /** Alias of `created_at[lt]`. Only transactions created before this time. */
      created_before?: string | undefined;
      /** `desc`: newest first. `asc`: oldest first. A cursor is valid in the order of its page. */
      order?: "desc" | "asc" | undefined;
      /** Maximum number of items on the page. */
      limit?: number | undefined;
      /** The `next_cursor` of the previous page. */
      cursor?: string | undefined;
    };
    result: TransactionList;
  };
  /** Get a transaction */
  getTransaction: {
    result: Transaction;
  };
  /** Charge a transaction */
  processTransaction: {
    result: Transaction;
  };
  /** Cancel a transaction */
  cancelTransaction: {
    result: Transaction;
  };
  /** Get the transaction created under an idempotency key */
  getTransactionByIdempotencyKey: {
    result: Transaction;
  };
  /** Create up to 100 transactions */
  createTransactions: {
    body: TransactionBatch;
    result: BatchResults;
  };
  /** Capture an authorized transaction */
  captureTransaction: {
    body: CaptureTransaction;
    result: Transaction;
  };
  /** Refund a transaction */
  createRefund: {
    body: CreateRefund;
    result: Refund;
  };
  /** List the refunds of a transaction */
  listTransactionRefunds: {
    result: RefundList;
  };
  /** Get a refund */
  getRefund: {
    result: Refund;
  };
  /** List refunds */
  listRefunds: {
    query: {
      /** Only refunds of this transaction. */
      transaction_id?: string | undefined;
      /** Only refunds with this status. */
      status?: RefundStatus | undefined;
      /** Only transactions created after this time. */
      "created_at[gt]"?: string | undefined;
      /** Only transactions created at or after this time. */
      "created_at[gte]"?: string | undefined;
      /** Only transactions created before this time. */
      "created_at[lt]"?: string | undefined;
      /** Only transactions created at or before this time. */
      "created_at[lte]"?: string | undefined;
      /** Alias of `created_at[gt]`. Only transactions created after this time. */
      created_after?: string | undefined;
      /** Alias of `created_at[lt]`. Only transactions created before this time. */
      created_before?: string | undefined;
      /** Maximum number of items on the page. */
      limit?: number | undefined;
      /** The `next_cursor` of the previous page. */
      cursor?: string | undefined;
    };
    result: RefundList;
  };
  /** Approve or reject a transaction in review */
  reviewTransaction: {
    body: ReviewTransaction;
    result: Transaction;
  };
  /** Erase a customer's data */
  eraseCustomer: {
    result: Erasure;
  };
  /** Get an erasure */
  getErasure: {
    result: Erasure;
  };
  /** List the events of a transaction */
  listTransactionEvents: {
    result: EventList;
  };
  /** List all events */
  listEvents: {
    query: {
      /** Maximum number of items on the page. */
      limit?: number | undefined;
      /** The `next_cursor` of the previous page. */
      cursor?: string | undefined;
      /** Begins with the last events of the feed instead of the first, oldest first as well. Ignored with `cursor`. */
      tail?: boolean | undefined;
    };
    result: EventList;
  };
  /** Get the fraud rules */
  getRiskRules: {
    query: {
      /** Version to return. Default: the current one. */
      version?: number | undefined;
    };
    result: RiskRules;
  };
  /** Replace the fraud rules */
  replaceRiskRules: {
    body: ReplaceRiskRules;
    result: RiskRules;
  };
  /** List the versions of the fraud rules */
  listRiskRulesVersions: {
    query: {
      /** Maximum number of items on the page. */
      limit?: number | undefined;
      /** The `next_cursor` of the previous page. */
      cursor?: string | undefined;
    };
    result: RiskRulesSummaryList;
  };
  /** Add a value to a list */
  addRiskListEntry: {
    body: CreateRiskListEntry;
    result: RiskListEntry;
  };
  /** List the entries of allow and block lists */
  listRiskListEntries: {
    query: {
      /** Only entries of this list. */
      list?: RiskListName | undefined;
      /** Only entries with this field. */
      field?: RiskListField | undefined;
      /** Maximum number of items on the page. */
      limit?: number | undefined;
      /** The `next_cursor` of the previous page. */
      cursor?: string | undefined;
    };
    result: RiskListEntryPage;
  };
  /** Get a list entry */
  getRiskListEntry: {
    result: RiskListEntry;
  };
  /** Remove a list entry */
  removeRiskListEntry: {
    result: undefined;
  };
  /** Backtest a rule set */
  backtestRiskRules: {
    body: BacktestRiskRules;
    result: RiskBacktest;
  };
  /** Register a webhook endpoint */
  createWebhookEndpoint: {
    body: CreateWebhookEndpoint;
    result: CreatedWebhookEndpoint;
  };
  /** List webhook endpoints */
  listWebhookEndpoints: {
    result: WebhookEndpointList;
  };
  /** Get a webhook endpoint */
  getWebhookEndpoint: {
    result: WebhookEndpoint;
  };
  /** Update a webhook endpoint */
  changeWebhookEndpoint: {
    body: ChangeWebhookEndpoint;
    result: WebhookEndpoint;
  };
  /** Remove a webhook endpoint */
  removeWebhookEndpoint: {
    result: undefined;
  };
  /** Rotate the secret of a webhook endpoint */
  rotateWebhookSecret: {
    body: RotateWebhookSecret;
    result: RotatedWebhookSecret;
  };
  /** Send a test event */
  testWebhookEndpoint: {
    result: WebhookDelivery;
  };
  /** Redeliver failed webhooks */
  recoverWebhookDeliveries: {
    body: RecoverWebhooks;
    result: RecoveredWebhooks;
  };
  /** List webhook deliveries */
  listWebhookDeliveries: {
    query: {
      /** Only deliveries to this endpoint. */
      endpoint_id?: string | undefined;
      /** Only deliveries with this status. */
      status?: WebhookDeliveryStatus | undefined;
      /** Only events of this type. */
      event_type?: string | undefined;
      /** Only events of this transaction. */
      transaction_id?: string | undefined;
      /** Maximum number of items on the page. */
      limit?: number | undefined;
      /** The `next_cursor` of the previous page. */
      cursor?: string | undefined;
    };
    result: WebhookDeliveryList;
  };
  /** Get a webhook delivery and its attempts */
  getWebhookDelivery: {
    result: WebhookDelivery;
  };
  /** Redeliver a webhook */
  redeliverWebhook: {
    result: WebhookDelivery;
  };
};
