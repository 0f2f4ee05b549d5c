/** One order in a system without faults: what its calls are answered, and the events that come of them. */
import {
  assess,
  CAPTURE_WINDOW_S,
  type Operation,
  RULES,
} from "../../../simulate/plan/expectation";
import type { Order } from "../../../simulate/plan/orders";
import { type Call, refundNumber } from "../../../simulate/plan/stories";
import type {
  Answer,
  MerchantView,
  OrderRecord,
  Refund,
  Transaction,
  TransactionEvent,
} from "../../../simulate/world";
import type { Bank } from "./bank";

/** What a call is answered; the rest of an answer is about when it was asked. */
type Told = Omit<Answer, "call" | "floor" | "refunds_floor" | "at_ms">;
type Changes = Partial<Transaction>;

const copy = structuredClone;
const problem = (status: number, code: string, pointers: string[] = []): Told => ({
  ...{ status, code, pointers },
});
const REFUSED = problem(409, "illegal_transition");
const REUSED = problem(422, "idempotency_key_reused", ["#/amount"]);

/** A new transaction, the customer's `payment`th. */
function pendingOf(order: Order, merchant: MerchantView, payment: number): Transaction {
  const { score, rules, isBlocked } = assess(order, payment > RULES.daily);
  const isManual = order.body.capture_method === "manual";
  const at = new Date(order.index * 1_000).toISOString();
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
    created_at: at,
    updated_at: at,
    capture_method: isManual ? "manual" : "automatic",
    ...(isManual ? { amount_capturable_minor: 0 } : {}),
    amount_captured_minor: 0,
    amount_refunded_minor: 0,
  };
}

/** A transaction that can be asked for things; `now`, `refunds` and `events` are what has become of it. */
class Life {
  now: Transaction;
  readonly order: Order;
  readonly refunds: Refund[] = [];
  readonly events: TransactionEvent[] = [];
  #first: Transaction;
  #creates = 0;
  readonly #bank: Bank;

  constructor(order: Order, pending: Transaction, bank: Bank) {
    this.order = order;
    this.#bank = bank;
    this.now = pending;
    this.#tell("transaction.created", pending);
    if (pending.risk.decision === "block") {
      this.#move("failed", { status: "failed", failure: { code: "risk_blocked" } });
    }
    this.#first = this.now;
  }

  #tell(type: string, data: Transaction | Refund): void {
    const { id: transaction_id, version: sequence, updated_at: created_at } = this.now;
    const id = `evt_${transaction_id.slice("txn_".length)}_${sequence}`;
    this.events.push({ id, type, sequence, transaction_id, created_at, data: copy(data) });
  }

  #move(name: string, changes: Changes): void {
    const next = { ...this.now, ...changes, version: this.now.version + 1 };
    this.now = JSON.parse(JSON.stringify(next)); // Without the members that are undefined now.
    this.#tell(`transaction.${name}`, this.now);
  }

  #operate(operation: Operation, key: string, amount_minor: number): string | null {
    const { id, currency } = this.now;
    const { metadata } = this.order.body;
    return this.#bank({ key, operation, payment: id, amount_minor, currency }, metadata);
  }

  #told(): Told {
    return { status: 200, code: null, transaction: copy(this.now) };
  }

  create(): Told {
    const replayed = this.#creates++ > 0;
    const text = JSON.stringify(this.#first);
    return { status: 201, code: null, transaction: copy(this.#first), replayed, text };
  }

  pay(): Told {
    const replayed = this.#creates++ > 0;
    if (this.now.status === "pending") this.process();
    return { ...this.#told(), status: 201, replayed };
  }

  process(): Told {
    const { id, capture_method, amount_minor, created_at } = this.now;
    if (this.now.status === "pending") {
      this.#move("processing", { status: "processing" });
      const isManual = capture_method === "manual";
      const code = this.#operate(isManual ? "authorize" : "charge", id, amount_minor);
      const capture_before = new Date(Date.parse(created_at) + CAPTURE_WINDOW_S * 1_000);
      if (code !== null) this.#move("failed", { status: "failed", failure: { code } });
      else if (!isManual) {
        this.#move("completed", { status: "completed", amount_captured_minor: amount_minor });
      } else {
        this.#move("authorized", {
          status: "authorized",
          amount_capturable_minor: amount_minor,
          capture_before: capture_before.toISOString(),
        });
      }
    }
    const isRefused = this.now.status === "cancelled" || this.#first.status === "failed";
    return isRefused ? REFUSED : this.#told();
  }

  capture(capture_minor: number): Told {
    const { id, status, amount_minor, amount_captured_minor, capture_method } = this.now;
    if (status === "completed" && capture_method === "manual") {
      const isSame = amount_captured_minor === capture_minor;
      return isSame ? this.#told() : problem(409, "capture_amount_differs");
    }
    if (status !== "authorized") return REFUSED;
    if (capture_minor > amount_minor) return problem(409, "amount_exceeds_capturable");
    const pending_operation = { type: "capture", amount_minor: capture_minor } as const;
    this.#move("processing", { status: "processing", failure: null, pending_operation });
    const key = `${id}:capture:${this.now.version}`;
    const code = this.#operate("capture", key, capture_minor);
    const ended = { pending_operation: undefined } as unknown as Changes;
    if (code === null) {
      const taken = { amount_captured_minor: capture_minor, amount_capturable_minor: 0 };
      this.#move("captured", { ...ended, ...taken, status: "completed" });
    } else {
      this.#move("capture_failed", { ...ended, status: "authorized", failure: { code } });
    }
    return this.#told();
  }

  cancel(): Told {
    const { status } = this.now;
    if (status === "pending") this.#move("cancelled", { status: "cancelled" });
    else if (status === "authorized") this.#void("requested");
    else if (status !== "cancelled") return REFUSED;
    return this.#told();
  }

  #void(reason: "requested" | "capture_expired"): void {
    const { id, amount_minor } = this.now;
    const pending_operation = { type: "void", reason } as const;
    this.#move("processing", { status: "processing", failure: null, pending_operation });
    const code = this.#operate("void", `${id}:void:${this.now.version}`, amount_minor);
    const ended = { pending_operation: undefined } as unknown as Changes;
    const failure = code === null ? null : { code };
    const gone = { amount_capturable_minor: 0, cancellation_reason: reason, failure };
    if (code !== null && reason === "requested") {
      this.#move("void_failed", { ...ended, status: "authorized", failure });
    } else {
      const name = reason === "requested" ? "voided" : reason;
      this.#move(name, { ...ended, ...gone, status: "cancelled" });
    }
  }

  /** What happens when no one captures in time. */
  expire(): void {
    const { status, capture_before } = this.now;
    if (status !== "authorized" || capture_before === undefined) return;
    this.now = { ...this.now, updated_at: capture_before };
    this.#void("capture_expired");
  }

  refund(number: number): Told {
    const planned = this.order.refunds[number - 1];
    const { status, id, currency, amount_captured_minor, updated_at } = this.now;
    if (!planned) throw new Error(`there is no refund ${number}`);
    const known = this.refunds.find((one) => one.idempotency_key === planned.key);
    if (known) return { status: 201, code: null, refund: copy(known), replayed: true };
    if (status !== "completed") return REFUSED;
    const taken = this.refunds.filter((one) => one.status !== "failed");
    const left = amount_captured_minor - taken.reduce((sum, one) => sum + one.amount_minor, 0);
    const amount_minor = planned.amount_minor ?? left;
    if (amount_minor > left || left === 0) return problem(409, "refund_exceeds_remaining");
    const refund: Refund = {
      ...{ id: `re_${id}_${planned.key}`, transaction_id: id, idempotency_key: planned.key },
      ...{ amount_minor, currency, status: "pending", reason: planned.body.reason ?? null },
      ...{ metadata: planned.body.metadata, failure: null },
      ...{ created_at: updated_at, updated_at },
    };
    this.refunds.push(refund);
    this.now = { ...this.now, version: this.now.version + 1 };
    this.#tell("refund.created", refund);
    const asked = { operation: "refund", payment: id, amount_minor, currency } as const;
    const code = this.#bank({ key: refund.id, ...asked }, refund.metadata);
    const amount_refunded_minor =
      this.now.amount_refunded_minor + (code === null ? amount_minor : 0);
    this.now = { ...this.now, amount_refunded_minor, version: this.now.version + 1 };
    refund.status = code === null ? "succeeded" : "failed";
    refund.failure = code === null ? null : { code };
    this.#tell(`refund.${refund.status}`, refund);
    return { status: 201, code: null, refund: copy(refund), replayed: false };
  }

  answer(call: Call): Told {
    const { amount_minor, part_minor, batch } = this.order;
    const number = refundNumber(call);
    const good = { status: 200, code: null };
    if (number !== null) return this.refund(number);
    switch (call) {
      case "create":
      case "pay":
      case "process":
      case "cancel":
        return this[call]();
      case "capture":
        return this.capture(amount_minor);
      case "capture_part":
        return this.capture(part_minor);
      case "capture_over":
        return this.capture(amount_minor + 1);
      case "reuse":
      case "refund_reuse":
        return REUSED;
      case "faulty_item":
        return problem(400, "invalid_request", [`#/items/${batch.length + 1}/amount`]);
      case "batch":
        return good;
      case "list":
        return { ...good, list: [copy(this.now)] };
      case "events":
        return { ...good, events: copy(this.events) };
      case "refunds":
        return { ...good, refunds: copy(this.refunds) };
      default:
        return this.#told();
    }
  }
}

/** Carries out an order's calls one after the other. @param batched how often batches create it, before all else */
export function live(
  order: Order,
  merchant: MerchantView,
  payment: number,
  batched: number,
  bank: Bank,
) {
  const pending = pendingOf(order, merchant, payment);
  const life = new Life(order, pending, bank);
  const { id } = pending;
  const record: OrderRecord = {
    ...{ order, id, version: 0, creates: 0 },
    ...{ refunds: new Set(), answers: [], unanswered: [] },
  };
  const own = order.visits.flat().flatMap(({ calls }) => calls);
  const first = own.find((call) => call === "create" || call === "pay") ?? "create";
  const calls = [
    ...Array.from({ length: batched }, () => first),
    ...own.flatMap((call): Call[] => (call === "batch" ? [call, "faulty_item"] : [call])),
  ];
  for (const call of calls) {
    // A client does not reuse the key of a refund that there is not.
    if (call === "refund_reuse" && record.refunds.size === 0) continue;
    const asked = { call, floor: record.version, refunds_floor: record.refunds.size };
    const answer: Answer = {
      ...asked,
      at_ms: Date.parse(life.now.updated_at),
      ...life.answer(call),
    };
    record.answers.push(answer);
    if (answer.refund) record.refunds.add(answer.refund.id);
    record.version = Math.max(record.version, answer.transaction?.version ?? 0);
    if (call === "create" || call === "pay") record.creates++;
  }
  life.expire();
  return { record, life };
}
