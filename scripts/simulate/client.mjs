// Carries out one order's visits and keeps every answer. Judges nothing: an answer that should not
// have been given is for the reconciliation to find.
import { Unanswered } from "./api.mjs";

const PATH = "/api/v1/transactions";

const PATHS = {
  process: (id) => ["POST", `${PATH}/${id}/process`],
  cancel: (id) => ["POST", `${PATH}/${id}/cancel`],
  get: (id) => ["GET", `${PATH}/${id}`],
  events: (id) => ["GET", `${PATH}/${id}/events`],
};

/** What is known of an order while it is carried out. `answers` in the order of their arrival. */
function openRecord(order) {
  return { order, id: null, version: 0, creates: 0, answers: [], unanswered: [] };
}

function createBody(order, spelling, own_url) {
  return { ...order.body, amount: spelling, ...(order.wants_own_url && { webhook_url: own_url }) };
}

/** Another request under the same key: one minor unit more. */
function reuseBody(order, own_url) {
  const digits = String(order.amount_minor + 1);
  const decimals = order.spellings[0].split(".")[1]?.length ?? 0;
  const padded = digits.padStart(decimals + 1, "0");
  const at = padded.length - decimals;
  const spelling = decimals === 0 ? padded : `${padded.slice(0, at)}.${padded.slice(at)}`;
  return createBody(order, spelling, own_url);
}

function requestOf(call, record, own_url) {
  const { order } = record;
  if (call === "create") {
    const spelling = order.spellings[record.creates++ % order.spellings.length];
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
  return PATHS[call](record.id);
}

/** What is kept of an answer: enough to judge it, and the text only where its bytes are promised. */
function answerOf(call, floor, { status, headers, text }) {
  const said = text === "" ? null : JSON.parse(text);
  const kept = { call, floor, status, code: said?.code ?? null };
  if (status > 299) {
    return {
      ...kept,
      pointers: (said?.errors ?? []).map(({ pointer }) => pointer),
      detail: said?.detail,
    };
  }
  if (call === "list" || call === "events") return { ...kept, list: said.data };
  const replayed = headers.get("idempotent-replayed") === "true";
  return { ...kept, transaction: said, replayed, ...(call === "create" && { text }) };
}

/**
 * A client of one merchant. `api` asks in its name, `own_url` is where its transactions' own
 * webhooks go, `records` keeps what it learns, by the order's number.
 */
export function openClient({ api, own_url, records }) {
  async function ask(call, record, hangs_up_after_ms) {
    const floor = record.version;
    const [method, path, given = {}] = requestOf(call, record, own_url);
    try {
      const first =
        hangs_up_after_ms === undefined
          ? undefined
          : await api.attempt(method, path, { ...given, hangs_up_after_ms });
      const isAnswer = first && first.status < 500 && first.status !== 429;
      const answer = isAnswer ? first : await api.insist(method, path, given);
      const kept = answerOf(call, floor, answer);
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
  return async function visit(order, part) {
    const record = records[order.index] ?? openRecord(order);
    records[order.index] = record;
    for (const { calls, hangs_up_after_ms } of order.visits[part]) {
      if (record.id === null && calls.some((call) => call in PATHS)) return;
      await Promise.all(calls.map((call) => ask(call, record, hangs_up_after_ms)));
    }
  };
}
