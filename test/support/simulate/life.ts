/** One order in a system without faults: what its calls are answered, and the events that come of them. */
import { assess, chargeOutcome, RULES } from "../../../simulate/plan/expectation";
import type { Order } from "../../../simulate/plan/orders";
import type {
  Answer,
  MerchantView,
  OrderRecord,
  Transaction,
  TransactionEvent,
} from "../../../simulate/world";

const copy = structuredClone;
const NAMES: Record<string, string> = { pending: "created" };
const REFUSED = { status: 409, code: "illegal_transition", pointers: [] };
const REUSED = { status: 422, code: "idempotency_key_reused", pointers: ["#/amount"] };

function eventOf(data: Transaction): TransactionEvent {
  const id = `evt_${data.id.slice("txn_".length)}_${data.version}`;
  const type = `transaction.${NAMES[data.status] ?? data.status}`;
  const { id: transaction_id, version: sequence, created_at } = data;
  return { id, type, sequence, transaction_id, created_at, data: copy(data) };
}

/** A new transaction, the customer's `payment`th. */
function pendingOf(order: Order, merchant: MerchantView, payment: number): Transaction {
  const { score, rules, isBlocked } = assess(order, payment > RULES.daily);
  return {
    id: `txn_${merchant.id}-${order.key}`,
    idempotency_key: order.key,
    user_id: order.body.user_id,
    amount_minor: order.amount_minor,
    currency: order.currency,
    status: "pending",
    fraud_score: score,
    risk: {
      decision: isBlocked ? "block" : "approve",
      reasons: rules.map((rule) => ({ rule })),
      signals: { "customer.count.24h": payment },
    },
    failure: null,
    description: order.body.description ?? null,
    metadata: order.body.metadata,
    webhook_url: order.wants_own_url ? merchant.own.url : null,
    version: 1,
    created_at: new Date(order.index * 1_000).toISOString(),
  };
}

const told = (transaction: Transaction) => ({
  status: 200,
  code: null,
  transaction: copy(transaction),
});

/** A transaction that can be asked for things; `now` and `events` are what has become of it. */
function lived(order: Order, pending: Transaction) {
  const life = { now: pending, events: [eventOf(pending)], creates: 0 };
  const move = (status: string, code: string | null = null): void => {
    const failure = code === null ? null : { code };
    life.now = { ...life.now, status, failure, version: life.now.version + 1 };
    life.events.push(eventOf(life.now));
  };
  const isBlocked = pending.risk.decision === "block";
  if (isBlocked) move("failed", "risk_blocked");
  const first = life.now;
  const answers: Record<string, () => Omit<Answer, "call" | "floor">> = {
    create: () => {
      const replayed = life.creates++ > 0;
      return { ...told(first), status: 201, replayed, text: JSON.stringify(first) };
    },
    reuse: () => REUSED,
    process: () => {
      const { status, code } = chargeOutcome({ ...order, metadata: order.body.metadata });
      if (life.now.status === "pending") {
        move("processing");
        move(status, code);
      }
      return isBlocked || life.now.status === "cancelled" ? REFUSED : told(life.now);
    },
    cancel: () => {
      if (life.now.status === "pending") move("cancelled");
      return life.now.status === "cancelled" ? told(life.now) : REFUSED;
    },
    get: () => told(life.now),
    key: () => told(life.now),
    list: () => ({ status: 200, code: null, list: [copy(life.now)] }),
    events: () => ({ status: 200, code: null, events: copy(life.events) }),
  };
  return { life, answers };
}

/** Carries out an order's calls one after the other. */
export function live(order: Order, merchant: MerchantView, payment: number) {
  const pending = pendingOf(order, merchant, payment);
  const { life, answers } = lived(order, pending);
  const { id } = pending;
  const record: OrderRecord = { order, id, version: 0, creates: 0, answers: [], unanswered: [] };
  for (const call of order.visits.flat().flatMap(({ calls }) => calls)) {
    const floor = record.version;
    const answer = { call, floor, ...answers[call]?.() } as Answer; // Every call has a row above.
    record.answers.push(answer);
    record.version = Math.max(floor, answer.transaction?.version ?? 0);
  }
  record.creates = life.creates;
  return { record, events: life.events };
}
