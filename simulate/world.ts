// What the simulator has seen of the system, as far as it is compared.
import type { TopicRecord } from "../scripts/kafka/verdict.ts";
import type { Sample } from "./observe/exposition.ts";
import type { Currency, Operation } from "./plan/expectation.ts";
import type { Order } from "./plan/orders.ts";
import type { Plan } from "./plan/plan.ts";
import type { Call } from "./plan/stories.ts";
import type {
  BalanceTransaction,
  Charge,
  Dispute,
  PaymentIntent,
  Refund as StripeRefund,
} from "./stripe/account/objects.ts";
import type { Attempts } from "./traffic/api.ts";

/** A transaction as the API shows it. */
export type Transaction = {
  id: string;
  idempotency_key: string;
  user_id: string;
  amount_minor: number;
  currency: Currency;
  status: string;
  fraud_score: number;
  risk: { decision: string; reasons: { rule: string }[]; signals: Record<string, number> };
  failure: { code: string } | null;
  description: string | null;
  metadata: Record<string, string>;
  webhook_url: string | null;
  version: number;
  created_at: string;
  updated_at: string;
  capture_method: string;
  amount_captured_minor: number;
  amount_refunded_minor: number;
  /** These depend on the transaction's life. */
  amount_capturable_minor?: number;
  capture_before?: string;
  pending_operation?: { type: "capture" | "void"; amount_minor?: number; reason?: string };
  cancellation_reason?: string;
  processor_reference?: string;
  action_expires_at?: string;
  dispute?: { id: string; status: string; amount_minor: number };
};

/** A refund as the API shows it. */
export type Refund = {
  id: string;
  transaction_id: string;
  idempotency_key: string;
  amount_minor: number;
  currency: Currency;
  status: string;
  reason: string | null;
  metadata: Record<string, string>;
  failure: { code: string } | null;
  processor_reference?: string;
  created_at: string;
  updated_at: string;
};

/** `data` is the refund in a `refund.*` event, otherwise the transaction. */
export type TransactionEvent = {
  id: string;
  type: string;
  sequence: number;
  transaction_id: string;
  created_at: string;
  data: Transaction | Refund;
};

/** The transaction that an event announces; null of an event about a refund. */
export const transactionIn = ({ data }: TransactionEvent): Transaction | null =>
  "transaction_id" in data ? null : data;

/** The refund that an event announces; null of an event about the transaction. */
export const refundIn = ({ data }: TransactionEvent): Refund | null =>
  "transaction_id" in data ? data : null;

/** An answer to a client. `floor` is the newest version that had been acknowledged when it asked, and `refunds_floor` the
 *  number of refunds; `at_ms` is when it arrived. */
export type Answer = {
  call: Call;
  floor: number;
  refunds_floor: number;
  at_ms: number;
  status: number;
  code: string | null;
  transaction?: Transaction;
  /** Where the customer is sent; it is no part of the transaction. */
  action_url?: string;
  refund?: Refund;
  replayed?: boolean;
  /** Only where the bytes are promised. */
  text?: string;
  detail?: string;
  pointers?: string[];
  list?: Transaction[];
  events?: TransactionEvent[];
  refunds?: Refund[];
};

/** What a client has learned of its order, the `answers` in the order of their arrival. */
export type OrderRecord = {
  order: Order;
  id: string | null;
  version: number;
  creates: number;
  /** The ids of the refunds that were acknowledged. */
  refunds: Set<string>;
  answers: Answer[];
  unanswered: string[];
};

export type Arrival = { text: string; status: number | null };

/** A receiver of webhooks, with the arrivals of each event that it could verify. */
export type ReceiverView = {
  id: string | null;
  kind: string;
  events: string[];
  url: string;
  log: Map<string, Arrival[]>;
  unverified: string[];
};

export type Delivery = {
  id: string;
  endpoint_id: string | null;
  event_id: string;
  status: string;
  attempts: { status_code: number | null; error: string | null }[];
};

/** All that the API and its receivers say of a merchant; null for what the API does not have. */
export type MerchantView = {
  id: string;
  endpoints: ReceiverView[];
  own: ReceiverView;
  list: Transaction[];
  feed: TransactionEvent[];
  deliveries: Delivery[];
  by_key: Map<string, Transaction | null>;
  exact: Map<string, Transaction | null>;
  logs: Map<string, TransactionEvent[]>;
  refund_list: Refund[];
  /** By the ids of their transactions. */
  refunds: Map<string, Refund[]>;
  exact_refunds: Map<string, Refund | null>;
};

export type Chaos = { kills: number; outages: number };

/** What the processor did under a key. `code` is why it declined; `unclear` counts the answers that did not say. */
export type Operated = {
  key: string;
  operation: Operation;
  payment: string;
  amount_minor: number;
  currency: string;
  code: string | null;
  is_decided: boolean;
  contacts: number;
  unclear: number;
  reference: string;
};

/** `complaints`: requests that no processor would have understood. */
export type ProcessorView = { operations: Map<string, Operated>; complaints: string[] };

/** What the stand-in for Stripe has. */
export type StripeView = {
  intents: PaymentIntent[];
  charges: Charge[];
  refunds: StripeRefund[];
  disputes: Dispute[];
  balance: BalanceTransaction[];
};

export type KafkaView = { records: TopicRecord[]; refused: string[]; failed: number };

export type World = {
  plan: Plan;
  /** By the numbers of the orders; an order that was never sent has none. */
  records: OrderRecord[];
  merchants: MerchantView[];
  metrics: Sample[];
  kafka: KafkaView;
  processor: ProcessorView;
  /** With Stripe as the processor; then `processor` has nothing. */
  stripe: StripeView | null;
  attempts: Attempts;
  chaos: Chaos;
  /** The errors in the server's log, by the names of their events. */
  errors: Map<string, number>;
  /** How often the server logged that the processor's answer was not clear, by operation. */
  unclear: Map<string, number>;
  /** What had still to be done when the time was over; empty when nothing had. */
  unsettled: string;
};

/** Something that is not as it has to be. */
export type Difference = { area: string; text: string };
