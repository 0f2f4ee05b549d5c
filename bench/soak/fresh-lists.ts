// Whether a list shows what was answered before it was asked for, whichever isolate is asked.
// It must not know how the servers were started.
import { setTimeout as sleep } from "node:timers/promises";

type Fresh = {
  /** Of isolates on the same objects and D1. */
  origins: string[];
  key: string;
  /** Part of each idempotency key and customer. */
  run: string;
  creates: number;
  connections: number;
};

/** One list: which filter it had, and what is in it. */
type Asked = { filter: Filter; path: string };
type Filter = "customer" | "time" | "none" | "status";
type Payment = {
  id: string;
  user_id: string;
  status: string;
  created_at: string;
  updated_at: string;
};
type Page = { data: Payment[]; stale_since: string | null };

export type Freshness = {
  /** Lists asked for, and those that did not show the payment, by their filter. */
  asked: Record<Filter, number>;
  misses: Record<Filter, number>;
  /** Lists without the payment that said so: by `stale_since` it may be missing. */
  stale: number;
  /** What the first misses asked for, and after how many ms the same list showed the payment. */
  examples: { path: string; shown_after_ms: number }[];
  /** Requests with another status than the expected one. */
  errors: string[];
  /** The longest list, in ms. */
  slowest_list_ms: number;
};

const PATH = "/api/v1/transactions";
/** The longest page. Fewer payments are made while a list is asked for. */
const LIMIT = 100;
const PROCESSED_SHARE = 0.25;
const EXAMPLES_MOST = 5;
const SHOWN_LIMIT_MS = 30_000;
const POLL_MS = 20;

/** Creates payments, and processes some; after each answer asks another isolate for a list that must show it. */
export async function checkFreshness({ origins, key, run, creates, connections }: Fresh) {
  const result: Freshness = {
    asked: { customer: 0, time: 0, none: 0, status: 0 },
    misses: { customer: 0, time: 0, none: 0, status: 0 },
    stale: 0,
    examples: [],
    errors: [],
    slowest_list_ms: 0,
  };
  let made = 0;
  await Promise.all(Array.from({ length: connections }, work));
  return result;

  async function work(): Promise<void> {
    while (made < creates) {
      made += 1;
      try {
        await pay(`${run}-${made}`);
      } catch (error) {
        result.errors.push(String(error));
      }
    }
  }

  async function pay(name: string): Promise<void> {
    const { here, there } = pickOrigins(origins);
    const body = JSON.stringify({ user_id: name, amount: 10.5, currency: "USD" });
    const more = { "content-type": "application/json", "idempotency-key": name };
    const created = await ask<Payment>(`${here}${PATH}`, 201, { method: "POST", body }, more);
    await expectListed(there, created, pickList(created));
    if (Math.random() > PROCESSED_SHARE) return;
    const url = `${here}${PATH}/${created.id}/process`;
    const processed = await ask<Payment>(url, 200, { method: "POST" });
    const query = `user_id=${name}&status=${processed.status}&limit=${LIMIT}`;
    await expectListed(there, processed, { filter: "status", path: `${PATH}?${query}` });
  }

  async function expectListed(origin: string, payment: Payment, list: Asked): Promise<void> {
    result.asked[list.filter] += 1;
    const askedAt = performance.now();
    const page = await ask<Page>(`${origin}${list.path}`, 200);
    const took_ms = performance.now() - askedAt;
    result.slowest_list_ms = Math.max(result.slowest_list_ms, took_ms);
    if (shows(page, payment)) return;
    if (page.stale_since !== null && page.stale_since <= payment.updated_at) {
      result.stale += 1;
      return;
    }
    result.misses[list.filter] += 1;
    if (result.examples.length >= EXAMPLES_MOST) return;
    const example = { path: list.path, shown_after_ms: Number.NaN };
    result.examples.push(example);
    while (performance.now() - askedAt < SHOWN_LIMIT_MS) {
      await sleep(POLL_MS);
      if (!shows(await ask<Page>(`${origin}${list.path}`, 200), payment)) continue;
      example.shown_after_ms = performance.now() - askedAt;
      return;
    }
  }

  async function ask<Body>(url: string, expected: number, init: RequestInit = {}, more = {}) {
    const headers = { authorization: `Bearer ${key}`, ...more };
    const answer = await fetch(url, { ...init, headers });
    const text = await answer.text();
    if (answer.status !== expected) throw new Error(`${url}: ${answer.status} ${text}`);
    return JSON.parse(text) as Body;
  }
}

function shows({ data }: Page, payment: Payment): boolean {
  return data.some(({ id, status }) => id === payment.id && status === payment.status);
}

/** Where the payment is made, and another one, if there is one, where the list is asked for. */
function pickOrigins(origins: string[]): { here: string; there: string } {
  const at = Math.floor(Math.random() * origins.length);
  const here = origins[at] ?? "";
  return { here, there: origins[(at + 1) % origins.length] ?? here };
}

/** A payment's status may be filtered by only when nothing changes it, so a create is not. */
function pickList({ user_id, created_at }: Payment): Asked {
  const lists: Asked[] = [
    { filter: "customer", path: `${PATH}?user_id=${user_id}&limit=${LIMIT}` },
    { filter: "time", path: `${PATH}?created_at[gte]=${created_at}&limit=${LIMIT}` },
    { filter: "none", path: `${PATH}?limit=${LIMIT}` },
  ];
  const [first] = lists;
  return lists[Math.floor(Math.random() * lists.length)] ?? (first as Asked);
}
