/** The API as a client of it: a merchant with a key, and short ways to call. */
import { exports } from "cloudflare:workers";
import type { Transaction } from "../../src/domain/transaction/transaction";
import { archiveEverything } from "./archiving";
import { env } from "./env";
import type { Payment } from "./processor-ledger";

export const BASE = "https://payments.example";
export const TRANSACTIONS = "/api/v1/transactions";

type Init = RequestInit & { headers?: Record<string, string> };

/** Through the Worker's own fetch handler. In the project that archives everything, everything final is in the archive
 *  before each request. */
export async function call(path: string, init: Init = {}): Promise<Response> {
  if (env.ARCHIVES_BEFORE_CALLS) await archiveEverything();
  // The types know of no default export; vitest.config.ts makes the Worker one.
  const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
  return worker.fetch(new Request(`${BASE}${path}`, init));
}

export function admin(
  path: string,
  body?: unknown,
  method = body ? "POST" : "GET",
): Promise<Response> {
  return call(path, {
    method,
    headers: { Authorization: `Bearer ${env.ADMIN_TOKEN}`, "Content-Type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

let keys = 0;
/** An idempotency key that this file has not used yet. */
export function freshKey(name = "key"): string {
  keys += 1;
  return `${name}-${keys}`;
}

export type Client = Awaited<ReturnType<typeof newClient>>;

/** A new merchant with one API key. */
export async function newClient(scopes?: string[]) {
  const merchant = (await (await admin("/api/v1/merchants", { name: "Shop" })).json()) as {
    id: string;
  };
  const made = await admin(`/api/v1/merchants/${merchant.id}/api-keys`, {
    ...(scopes ? { scopes } : {}),
  });
  const key = (await made.json()) as { id: string; key: string };
  return clientOf(merchant.id, key.id, key.key);
}

export function clientOf(merchantId: string, keyId: string, key: string) {
  const authorization = { Authorization: `Bearer ${key}` };
  const get = (path: string) => call(path, { headers: authorization });
  const send = (body: BodyInit | undefined, headers: Record<string, string>, path = TRANSACTIONS) =>
    call(path, {
      method: "POST",
      headers: { ...authorization, "Content-Type": "application/json", ...headers },
      ...(body === undefined ? {} : { body }),
    });
  const create = (body: object, idempotencyKey = freshKey()) =>
    send(JSON.stringify({ user_id: "user_1", amount: 10, ...body }), {
      "Idempotency-Key": idempotencyKey,
    });
  return {
    merchant_id: merchantId,
    key_id: keyId,
    key,
    get,
    send,
    create,
    /** A transaction that exists, or the test fails. */
    created: async (body: object = {}, idempotencyKey = freshKey()) => {
      const response = await create(body, idempotencyKey);
      if (response.status !== 201) throw new Error(await response.text());
      return (await response.json()) as Transaction;
    },
    post: (path: string) => call(path, { method: "POST", headers: authorization }),
    /** A JSON body under any method. */
    ask: (method: string, path: string, body?: unknown) =>
      call(path, {
        method,
        headers: { ...authorization, "Content-Type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    process: (id: string) =>
      call(`${TRANSACTIONS}/${id}/process`, { method: "POST", headers: authorization }),
    cancel: (id: string) =>
      call(`${TRANSACTIONS}/${id}/cancel`, { method: "POST", headers: authorization }),
    /** @param amount in major units; all that is authorized without it */
    capture: (id: string, amount?: string | number) =>
      send(
        JSON.stringify(amount === undefined ? {} : { amount }),
        {},
        `${TRANSACTIONS}/${id}/capture`,
      ),
    refund: (id: string, body: object = {}, idempotencyKey = freshKey("refund")) =>
      send(
        JSON.stringify(body),
        { "Idempotency-Key": idempotencyKey },
        `${TRANSACTIONS}/${id}/refunds`,
      ),
    batch: (items: unknown) => send(JSON.stringify({ items }), {}, `${TRANSACTIONS}/batch`),
    find: async (id: string) => (await (await get(`${TRANSACTIONS}/${id}`)).json()) as Transaction,
  };
}

/** What the fake processor has seen under a key: a transaction's id, a refund's id, or that of a capture or void. */
export async function processorSaw(key: string) {
  const response = await fetch(`${env.PROCESSOR_URL}/${key}`);
  return (await response.json()) as {
    calls: number;
    charges: number;
    amounts: number[];
    traceparents: string[];
  };
}

/** What the fake processor has done about a payment. */
export async function processorDid(transactionId: string): Promise<Payment> {
  const response = await fetch(`${env.PROCESSOR_URL}/payments/${transactionId}`);
  return (await response.json()) as Payment;
}

export type ProblemBody = {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  request_id: string;
  errors?: { pointer?: string; parameter?: string; header?: string; message: string }[];
};

export async function problem(response: Response): Promise<ProblemBody> {
  return (await response.json()) as ProblemBody;
}
