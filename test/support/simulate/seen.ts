/** What the simulator sees of the system, as far as it is compared. */
import type { Sample } from "../../../scripts/simulate/exposition.mjs";
import type { Order, Plan } from "../../../scripts/simulate/plan.mjs";

export type Seen = {
  id: string;
  idempotency_key: string;
  user_id: string;
  amount_minor: number;
  currency: string;
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
export type SeenEvent = {
  id: string;
  type: string;
  sequence: number;
  transaction_id: string;
  created_at: string;
  data: Seen;
};
export type Answer = {
  call: string;
  floor: number;
  status: number;
  code: string | null;
  transaction?: Seen;
  replayed?: boolean;
  text?: string;
  pointers?: string[];
  list?: unknown[];
};
export type Receiver = {
  id: string;
  kind: string;
  events: string[];
  url: string;
  log: Map<string, { text: string; status: number | null }[]>;
  unverified: string[];
};
export type Delivery = {
  id: string;
  endpoint_id: string | null;
  event_id: string;
  status: string;
  attempts: { status_code: number | null; error: string | null }[];
};
export type Merchant = {
  id: string;
  endpoints: Receiver[];
  own: Receiver;
  list: Seen[];
  feed: SeenEvent[];
  deliveries: Delivery[];
  by_key: Map<string, Seen | null>;
  exact: Map<string, Seen>;
  logs: Map<string, SeenEvent[]>;
};
export type StreamRecord = { key: Buffer; value: Buffer; headers: object; partition: number };
export type Life = {
  order: Order;
  id: string;
  version: number;
  creates: number;
  answers: Answer[];
  unanswered: string[];
};
export type World = {
  plan: Plan;
  records: Life[];
  merchants: Merchant[];
  metrics: Sample[];
  kafka: { records: StreamRecord[]; refused: string[]; failed: number };
  attempts: Record<string, number>;
  chaos: { kills: number; outages: number };
  errors: Map<string, number>;
  unsettled: string;
};
