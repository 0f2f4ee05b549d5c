/** Webhook endpoints and deliveries over HTTP, and what the fake receiver got. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { expect } from "vitest";
import type { Env } from "../../src/env";
import type { Client } from "./api";
import { env } from "./env";
import { eventually as settled } from "./eventually";
import type { Arrival } from "./receiver";

export const ENDPOINTS = "/api/v1/webhook-endpoints";
export const DELIVERIES = "/api/v1/webhook-deliveries";
export type Endpoint = {
  id: string;
  secret: string;
  enabled: boolean;
  disabled_reason: string | null;
};

export type Delivery = {
  id: string;
  endpoint_id: string | null;
  event_id: string;
  event_type: string;
  transaction_id: string | null;
  url: string;
  status: string;
  attempts: {
    number: number;
    status_code: number | null;
    error: string | null;
    duration_ms: number;
  }[];
  next_attempt_at: string | null;
  created_at: string;
};

export const receiverUrl = (name: string, steps = "200") => `${env.RECEIVER_URL}/${name}/${steps}`;
export async function arrivals(name: string): Promise<Arrival[]> {
  return (await (await fetch(`${env.RECEIVER_URL}/${name}`)).json()) as Arrival[];
}

export async function json<Body>(response: Response, status: number): Promise<Body> {
  const text = await response.text();
  expect(response.status, text).toBe(status);
  return JSON.parse(text) as Body;
}

export async function endpoint(client: Client, url: string, more: object = {}): Promise<Endpoint> {
  return json(await client.ask("POST", ENDPOINTS, { url, ...more }), 201);
}

export async function deliveries(client: Client, query = ""): Promise<Delivery[]> {
  const all: Delivery[] = [];
  let cursor = "";
  do {
    const page = await json<{ data: Delivery[]; next_cursor: string | null }>(
      await client.get(`${DELIVERIES}?limit=100${query}${cursor}`),
      200,
    );
    all.push(...page.data);
    cursor = page.next_cursor ? `&cursor=${page.next_cursor}` : "";
  } while (cursor !== "");
  return all;
}

/** Waits for something to become true in the background. */
export function eventually<Value>(
  look: () => Promise<Value>,
  holds: (value: Value) => boolean,
): Promise<Value> {
  return settled(async () => {
    const value = await look();
    if (!holds(value)) throw new Error(`still: ${JSON.stringify(value).slice(0, 2_000)}`);
    return value;
  });
}

export const received = (name: string, count: number) =>
  eventually(
    () => arrivals(name),
    (seen) => new Set(seen.map(({ id }) => id)).size >= count,
  );
export const dispatcherOf = (client: Client) => env.WEBHOOKS.getByName(client.merchant_id);

/** Lets a merchant's dispatcher send into another queue for a while. */
export async function withQueue(
  client: Client,
  sendBatch: (real: Env["WEBHOOK_QUEUE"], ...given: unknown[]) => Promise<unknown>,
  work: () => Promise<void>,
): Promise<void> {
  const stub = dispatcherOf(client);
  const real = env.WEBHOOK_QUEUE;
  const use = (queue: unknown) =>
    runInDurableObject(stub, (dispatcher) => {
      (dispatcher as unknown as { env: Record<string, unknown> }).env.WEBHOOK_QUEUE = queue;
    });
  await use({ sendBatch: (...given: unknown[]) => sendBatch(real, ...given) });
  await work().finally(() => use(real));
}

/** Ends the dispatcher as a crash would: nothing in memory survives. */
export async function crash(client: Client): Promise<void> {
  await runInDurableObject(dispatcherOf(client), (_, state) => state.abort("crash")).catch(
    () => {},
  );
}

/** Brings every waiting delivery's time forward and lets the alarm see to it. */
export async function hurry(client: Client): Promise<void> {
  const stub = dispatcherOf(client);
  await runInDurableObject(stub, (_, state) => {
    state.storage.sql.exec("UPDATE deliveries SET next_at = 0 WHERE status = 'pending'");
    state.storage.sql.exec("UPDATE endpoints SET resting_until = 0");
  });
  await runInDurableObject(stub, (_, state) => state.storage.setAlarm(Date.now() + 60_000));
  await runDurableObjectAlarm(stub);
}
