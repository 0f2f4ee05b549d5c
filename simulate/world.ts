// What the simulator has seen of the system, as far as it is compared.
import type { TopicRecord } from "../scripts/kafka/verdict.ts";
import type { Sample } from "./observe/exposition.ts";
import type { Currency } from "./plan/expectation.ts";
import type { Call, Order } from "./plan/orders.ts";
import type { Plan } from "./plan/plan.ts";
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
};

export type TransactionEvent = {
  id: string;
  type: string;
  sequence: number;
  transaction_id: string;
  created_at: string;
  data: Transaction;
};

/** An answer to a client. `floor` is the newest version that had been acknowledged when it asked. */
export type Answer = {
  call: Call;
  floor: number;
  status: number;
  code: string | null;
  transaction?: Transaction;
  replayed?: boolean;
  /** Only where the bytes are promised. */
  text?: string;
  detail?: string;
  pointers?: string[];
  list?: Transaction[];
  events?: TransactionEvent[];
};

/** What a client has learned of its order, the `answers` in the order of their arrival. */
export type OrderRecord = {
  order: Order;
  id: string | null;
  version: number;
  creates: number;
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
};

export type Chaos = { kills: number; outages: number };

export type KafkaView = { records: TopicRecord[]; refused: string[]; failed: number };

export type World = {
  plan: Plan;
  /** By the numbers of the orders; an order that was never sent has none. */
  records: OrderRecord[];
  merchants: MerchantView[];
  metrics: Sample[];
  kafka: KafkaView;
  attempts: Attempts;
  chaos: Chaos;
  /** The errors in the server's log, by the names of their events. */
  errors: Map<string, number>;
  /** What had still to be done when the time was over; empty when nothing had. */
  unsettled: string;
};

/** Something that is not as it has to be. */
export type Difference = { area: string; text: string };
