// The request of each call of an order, and what is kept of its answer.
import { decimalText } from "../plan/expectation.ts";
import type { Order } from "../plan/orders.ts";
import { type Call, refundNumber } from "../plan/stories.ts";
import type { Answer, OrderRecord, Transaction } from "../world.ts";
import type { ApiAnswer, Given } from "./api.ts";

type Request = [method: string, path: string, given?: Given];
/** What an answer shows of the moment at which it was asked for. */
type Asked = Pick<Answer, "call" | "floor" | "refunds_floor">;

const PATH = "/api/v1/transactions";
const WITHOUT_ID = new Set<Call>(["create", "pay", "batch", "reuse", "key", "list"]);

/** Whether a call needs the transaction's id. */
export const needsId = (call: Call) => !WITHOUT_ID.has(call);

/** Another spelling of the amount each time. */
export function createBody(record: OrderRecord, call: "create" | "pay", own_url: string): object {
  const { order } = record;
  const amount = order.spellings[record.creates++ % order.spellings.length] ?? "";
  return bodyOf(order, amount, own_url, call === "pay");
}

function bodyOf(order: Order, amount: string | number, own_url: string, process: boolean): object {
  const webhook = order.wants_own_url ? { webhook_url: own_url } : {};
  return { ...order.body, amount, ...webhook, ...(process ? { process } : {}) };
}

/** The request of a call, except for `batch`. */
export function requestOf(call: Call, record: OrderRecord, own_url: string): Request {
  const { order, id } = record;
  const { key, amount_minor, currency } = order;
  const more = () => decimalText(amount_minor + 1, currency);
  const post = (path: string, body?: object, ownKey?: string): Request => [
    "POST",
    path,
    {
      ...(body && { body: JSON.stringify(body) }),
      ...(ownKey !== undefined && { key: ownKey }),
    },
  ];
  if (call === "create" || call === "pay")
    return post(PATH, createBody(record, call, own_url), key);
  // Another request under the same key: one minor unit more.
  if (call === "reuse") return post(PATH, bodyOf(order, more(), own_url, false), key);
  if (call === "key") return ["GET", `/api/v1/idempotency-keys/${key}`];
  if (call === "list") {
    return ["GET", `${PATH}?limit=100&user_id=${encodeURIComponent(order.body.user_id)}`];
  }
  if (id === null) throw new Error(`a ${call} of ${key} has no transaction`);
  const path = `${PATH}/${id}`;
  if (call === "get") return ["GET", path];
  if (call === "events" || call === "refunds") return ["GET", `${path}/${call}`];
  if (call === "process" || call === "cancel") return post(`${path}/${call}`);
  if (call === "capture") return post(`${path}/capture`);
  if (call === "capture_over") return post(`${path}/capture`, { amount: more() });
  if (call === "capture_part") {
    return post(`${path}/capture`, { amount: decimalText(order.part_minor, currency) });
  }
  const refund = order.refunds[(refundNumber(call) ?? 1) - 1];
  if (!refund) throw new Error(`${key} has no ${call}`);
  if (call !== "refund_reuse") return post(`${path}/refunds`, refund.body, refund.key);
  const amount = decimalText((refund.amount_minor ?? 0) + 1, currency);
  return post(`${path}/refunds`, { ...refund.body, amount }, refund.key);
}

/** What is kept of an answer: enough to judge it, and the text only where its bytes are promised. */
export function readAnswer(asked: Asked, { status, headers, text }: ApiAnswer): Answer {
  const said = text === "" ? null : JSON.parse(text);
  const kept = { ...asked, at_ms: Date.now(), status, code: said?.code ?? null };
  const { call } = asked;
  if (status > 299) return { ...kept, ...problemOf(said) };
  if (call === "list") return { ...kept, list: said.data };
  if (call === "events") return { ...kept, events: said.data };
  if (call === "refunds") return { ...kept, refunds: said.data };
  const replayed = headers.get("idempotent-replayed") === "true";
  if (refundNumber(call) !== null) return { ...kept, refund: said, replayed };
  return { ...kept, ...splitAction(said), replayed, ...(call === "create" ? { text } : {}) };
}

type Shown = Transaction & { next_action?: { redirect_to_url: { url: string } } };

/** A transaction as it is in events, and apart from it where the customer is sent. */
export function splitAction({ next_action, ...transaction }: Shown) {
  const url = next_action?.redirect_to_url.url;
  return { transaction, ...(url === undefined ? {} : { action_url: url }) };
}

type Problem = { errors?: { pointer: string }[]; detail?: string } | null;

export function problemOf(said: Problem): Pick<Answer, "pointers" | "detail"> {
  return {
    pointers: (said?.errors ?? []).map(({ pointer }) => pointer),
    ...(said?.detail === undefined ? {} : { detail: said.detail }),
  };
}
