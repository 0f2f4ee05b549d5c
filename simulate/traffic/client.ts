// Carries out one order's visits and keeps every answer. Judges nothing: an answer that should not
// have been given is for the reconciliation to find.
import type { Call, Order } from "../plan/orders.ts";
import type { Answer, OrderRecord } from "../world.ts";
import { type Api, type ApiAnswer, type Given, isFinal, Unanswered } from "./api.ts";

type Request = [method: string, path: string, given?: Given];
type Client = { api: Api; own_url: string; records: OrderRecord[] };

const PATH = "/api/v1/transactions";

/** Calls that need the transaction's id. */
const PATHS = {
  process: (id: string): Request => ["POST", `${PATH}/${id}/process`],
  cancel: (id: string): Request => ["POST", `${PATH}/${id}/cancel`],
  get: (id: string): Request => ["GET", `${PATH}/${id}`],
  events: (id: string): Request => ["GET", `${PATH}/${id}/events`],
};

function openRecord(order: Order): OrderRecord {
  return { order, id: null, version: 0, creates: 0, answers: [], unanswered: [] };
}

function createBody(order: Order, spelling: string | number, own_url: string): object {
  const webhook = order.wants_own_url ? { webhook_url: own_url } : {};
  return { ...order.body, amount: spelling, ...webhook };
}

/** Another request under the same key: one minor unit more. */
function reuseBody(order: Order, own_url: string): object {
  const digits = String(order.amount_minor + 1);
  const decimals = String(order.spellings[0]).split(".")[1]?.length ?? 0;
  const padded = digits.padStart(decimals + 1, "0");
  const at = padded.length - decimals;
  const spelling = decimals === 0 ? padded : `${padded.slice(0, at)}.${padded.slice(at)}`;
  return createBody(order, spelling, own_url);
}

function requestOf(call: Call, record: OrderRecord, own_url: string): Request {
  const { order } = record;
  if (call === "create") {
    const spelling = order.spellings[record.creates++ % order.spellings.length] ?? "";
    const body = JSON.stringify(createBody(order, spelling, own_url));
    return ["POST", PATH, { key: order.key, body }];
  }
  if (call === "reuse") {
    return ["POST", PATH, { key: order.key, body: JSON.stringify(reuseBody(order, own_url)) }];
  }
  if (call === "key") return ["GET", `/api/v1/idempotency-keys/${order.key}`];
  if (call === "list") {
    return ["GET", `${PATH}?limit=100&user_id=${encodeURIComponent(order.body.user_id)}`];
  }
  if (record.id === null) throw new Error(`a ${call} of ${order.key} has no transaction`);
  return PATHS[call](record.id);
}

/** What is kept of an answer: enough to judge it, and the text only where its bytes are promised. */
function readAnswer(call: Call, floor: number, { status, headers, text }: ApiAnswer): Answer {
  const said = text === "" ? null : JSON.parse(text);
  const kept = { call, floor, status, code: said?.code ?? null };
  if (status > 299) {
    return {
      ...kept,
      pointers: (said?.errors ?? []).map(({ pointer }: { pointer: string }) => pointer),
      detail: said?.detail,
    };
  }
  if (call === "list") return { ...kept, list: said.data };
  if (call === "events") return { ...kept, events: said.data };
  const replayed = headers.get("idempotent-replayed") === "true";
  return { ...kept, transaction: said, replayed, ...(call === "create" ? { text } : {}) };
}

/**
 * A client of one merchant. `api` sends requests as that merchant, `own_url` is where its transactions' own
 * webhooks go, `records` keeps what it learns, by the order's number.
 */
export function openClient({ api, own_url, records }: Client) {
  async function ask(call: Call, record: OrderRecord, hangs_up_after_ms?: number): Promise<void> {
    const floor = record.version;
    const [method, path, given = {}] = requestOf(call, record, own_url);
    try {
      const first =
        hangs_up_after_ms === undefined
          ? undefined
          : await api.attempt(method, path, { ...given, hangs_up_after_ms });
      const answer = first && isFinal(first) ? first : await api.insist(method, path, given);
      const kept = readAnswer(call, floor, answer);
      record.answers.push(kept);
      if (!kept.transaction) return;
      record.id ??= kept.transaction.id;
      record.version = Math.max(record.version, kept.transaction.version);
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      record.unanswered.push(error.message);
    }
  }

  /** Does one visit, step by step. Without a transaction there is nothing left to do. */
  return async function visit(order: Order, part: number): Promise<void> {
    const record = records[order.index] ?? openRecord(order);
    records[order.index] = record;
    for (const { calls, hangs_up_after_ms } of order.visits[part] ?? []) {
      if (record.id === null && calls.some((call) => call in PATHS)) return;
      await Promise.all(calls.map((call) => ask(call, record, hangs_up_after_ms)));
    }
  };
}
