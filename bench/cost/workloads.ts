// What is sent to a metered server: payments (create, then process) at once or at a pace, and reads.
import { setTimeout as sleep } from "node:timers/promises";
import { CASES, type Context, newContext } from "../cases.ts";
import { Connection } from "../connection.ts";
import { PRICED, type Priced } from "./cases.ts";
import { type Counts, isSame } from "./counts.ts";
import type { MeteredServer } from "./metered-server.ts";

/** The counts do not change for so long when nothing is under way: longer than any delay before a write or an attempt
 *  of something that has succeeded. */
const QUIET_MS = 3_000;
const QUIET_LIMIT_MS = 180_000;
const CUSTOMERS = 1_000_000;

/** Sends units of work over connections that each send the next one when they have the response. */
async function sendAll(
  origin: string,
  connections: number,
  units: number,
  unit: () => ReturnType<typeof CASES.create>,
): Promise<void> {
  let sent = 0;
  const errors: string[] = [];
  const next = () => {
    if (sent === units || errors.length > 0) return undefined;
    sent += 1;
    return unit();
  };
  const observer = { request() {}, unit() {}, error: (text: string) => void errors.push(text) };
  const open = Array.from({ length: connections }, () => new Connection(origin));
  await Promise.all(open.map((connection) => connection.run(next, observer)));
  await Promise.all(open.map((connection) => connection.close()));
  if (errors.length > 0) throw new Error(errors[0]);
}

export function newRun({ key }: MeteredServer): Context {
  return newContext({ key, run: crypto.randomUUID() });
}

/** Makes payments in a closed loop. */
export function payAtOnce(
  { origin }: MeteredServer,
  context: Context,
  { payments, connections }: Record<"payments" | "connections", number>,
): Promise<void> {
  return sendAll(origin, connections, payments, () => CASES["create+process"](context));
}

/** Makes one payment of each list of keys in turn, so that every list has one each `intervalMs`. */
export async function payPaced(
  { origin, key }: MeteredServer,
  keys: string[][],
  intervalMs: number,
): Promise<void> {
  const startedAt = performance.now();
  const rounds = Math.max(...keys.map(({ length }) => length));
  const payments: Promise<void>[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const [at, list] of keys.entries()) {
      const dueAt = startedAt + (round + at / keys.length) * intervalMs;
      await sleep(Math.max(0, dueAt - performance.now()));
      const idempotencyKey = list[round];
      if (idempotencyKey !== undefined) payments.push(pay(origin, key, idempotencyKey));
    }
  }
  await sleep(Math.max(0, startedAt + rounds * intervalMs - performance.now()));
  await Promise.all(payments);
}

async function pay(origin: string, key: string, idempotencyKey: string): Promise<void> {
  const user_id = `customer_${Math.floor(Math.random() * CUSTOMERS)}`;
  const post = async (path: string, body: string | null) => {
    const response = await fetch(`${origin}/api/v1/transactions${path}`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${key}`,
        "content-type": "application/json",
        ...(body === null ? {} : { "idempotency-key": idempotencyKey }),
      },
      body,
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return JSON.parse(text) as { id: string; status: string };
  };
  const { id } = await post("", JSON.stringify({ user_id, amount: 10.5, currency: "USD" }));
  const { status } = await post(`/${id}/process`, null);
  if (status !== "completed") throw new Error(`${id} is ${status}`);
}

/** Makes as many of what else is priced, in a closed loop. */
export function makeAtOnce(
  { origin }: MeteredServer,
  context: Context,
  name: Priced,
  { payments, connections }: Record<"payments" | "connections", number>,
): Promise<void> {
  return sendAll(origin, connections, payments, () => PRICED[name](context));
}

/** Sends `times` requests that read what `context` made, one after the other. */
export function read(
  { origin }: MeteredServer,
  context: Context,
  name: "get" | "list",
  times: number,
): Promise<void> {
  return sendAll(origin, 1, times, () => CASES[name](context));
}

/** Waits until nothing is under way any more, and reads what was counted. */
export async function waitUntilQuiet(server: MeteredServer): Promise<Counts> {
  const limit = performance.now() + QUIET_LIMIT_MS;
  let counts = await server.readCounts();
  while (performance.now() < limit) {
    await sleep(QUIET_MS);
    const later = await server.readCounts();
    if (isSame(counts, later)) return later;
    counts = later;
  }
  throw new Error("the server never becomes quiet");
}
