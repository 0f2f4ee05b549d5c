// Carries out one order's visits and keeps every answer. Judges nothing: an answer that should not
// have been given is for the reconciliation to find.
import { setTimeout as sleep } from "node:timers/promises";
import type { Order } from "../plan/orders.ts";
import type { Call } from "../plan/stories.ts";
import type { Answer, OrderRecord } from "../world.ts";
import { type Api, type ApiAnswer, type Given, isFinal, Unanswered } from "./api.ts";
import { itemsOf, type Result, readResult } from "./batch.ts";
import { needsId, readAnswer, requestOf } from "./requests.ts";

type Client = { api: Api; own_url: string; orders: Order[]; records: OrderRecord[] };

const BATCH_PATH = "/api/v1/transactions/batch";

const BATCH_TRIES_MAX = 60;
const BATCH_PAUSE_MS = 1_000;
const NO_RESULT: Result = { status: 0 };

type Results = { data: Result[] };

const openRecord = (order: Order): OrderRecord => ({
  ...{ order, id: null, version: 0, creates: 0 },
  ...{ refunds: new Set(), answers: [], unanswered: [] },
});

/** Whether each item has a result that a retry would not change. */
function isFinalBatch({ status, text }: ApiAnswer): boolean {
  return status > 299 || (JSON.parse(text) as Results).data.every(isFinal);
}

function keep(record: OrderRecord, answer: Answer): void {
  const { transaction, refund } = answer;
  record.answers.push(answer);
  if (refund) record.refunds.add(refund.id);
  if (!transaction) return;
  record.id ??= transaction.id;
  record.version = Math.max(record.version, transaction.version);
}

/**
 * A client of one merchant. `api` sends requests as that merchant, `own_url` is where its transactions' own
 * webhooks go, `orders` are those of all merchants, `records` keeps what it learns, by the order's number.
 */
export function openClient({ api, own_url, orders, records }: Client) {
  function recordOf(order: Order): OrderRecord {
    const record = records[order.index] ?? openRecord(order);
    records[order.index] = record;
    return record;
  }

  async function send(
    method: string,
    path: string,
    given: Given,
    hangs_up_after_ms?: number,
  ): Promise<ApiAnswer> {
    const hasPatience = hangs_up_after_ms === undefined;
    const first = hasPatience
      ? undefined
      : await api.attempt(method, path, { ...given, hangs_up_after_ms });
    return first && isFinal(first) ? first : api.insist(method, path, given);
  }

  async function askBatch(leader: OrderRecord, hangs_up_after_ms?: number): Promise<void> {
    const own = leader.order.batch.flatMap((index) => orders.slice(index, index + 1));
    const items = itemsOf(own.map(recordOf), leader, own_url);
    const floors = items.map(({ record }) => record.version);
    const body = JSON.stringify({ items: items.map((item) => item.body) });
    let answer = await send("POST", BATCH_PATH, { body }, hangs_up_after_ms);
    for (let tries = 1; tries < BATCH_TRIES_MAX && !isFinalBatch(answer); tries++) {
      await sleep(BATCH_PAUSE_MS);
      answer = await send("POST", BATCH_PATH, { body });
    }
    const asked = { call: "batch" as const, floor: 0, refunds_floor: 0 };
    if (answer.status > 299) return keep(leader, readAnswer(asked, answer));
    keep(leader, { ...asked, at_ms: Date.now(), status: answer.status, code: null });
    const { data } = JSON.parse(answer.text) as Results;
    for (const [at, { record, call }] of items.entries()) {
      keep(record, readResult(call, floors[at] ?? 0, data[at] ?? NO_RESULT));
    }
  }

  async function askOne(
    call: Call,
    record: OrderRecord,
    hangs_up_after_ms?: number,
  ): Promise<void> {
    const asked = { call, floor: record.version, refunds_floor: record.refunds.size };
    const [method, path, given = {}] = requestOf(call, record, own_url);
    keep(record, readAnswer(asked, await send(method, path, given, hangs_up_after_ms)));
  }

  /** The customer does at the issuer's page what the plan says, if there is one. */
  async function authenticate(record: OrderRecord): Promise<void> {
    const { answers, order, version } = record;
    const url = answers.findLast(({ action_url }) => action_url !== undefined)?.action_url;
    if (url === undefined || !order.customer) return;
    const end = order.customer === "completes" ? "/complete?" : "/fail?";
    const page = await fetch(url.replace("?", end), { method: "POST", redirect: "manual" });
    const asked = { call: "authenticate" as const, floor: version, refunds_floor: 0 };
    keep(record, { ...asked, at_ms: Date.now(), status: page.status, code: null });
  }

  async function ask(call: Call, record: OrderRecord, hangs_up_after_ms?: number): Promise<void> {
    try {
      if (call === "authenticate") await authenticate(record);
      else if (call === "batch") await askBatch(record, hangs_up_after_ms);
      else await askOne(call, record, hangs_up_after_ms);
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      record.unanswered.push(error.message);
    }
  }

  /** Does one visit, step by step. Without a transaction there is nothing left to do. */
  return async function visit(order: Order, part: number): Promise<void> {
    const record = recordOf(order);
    for (const { calls, hangs_up_after_ms } of order.visits[part] ?? []) {
      if (record.id === null && calls.some(needsId)) return;
      // Without a first refund this would be one.
      const own = calls.filter((call) => call !== "refund_reuse" || record.refunds.size > 0);
      await Promise.all(own.map((call) => ask(call, record, hangs_up_after_ms)));
    }
  };
}
