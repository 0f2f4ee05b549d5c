/** A merchant, and requests of it whose every response is checked. */
import { beforeAll } from "vitest";
import type { Refusal } from "../../src/domain/transaction/refusal";
import { type Client, freshKey, newClient, TRANSACTIONS } from "./api";
import { type Asked, ask, type Bindings, CANARY, createWith } from "./contract";
import { env } from "./env";

export let shop: Client;
beforeAll(async () => {
  shop = await newClient();
});

export const canaryKey = () => freshKey(CANARY);

/** A create body as JSON text; `more` goes in as it is written. */
export const body = (more = "", amount = '"1.00"') =>
  `{"user_id":"${canaryKey()}","amount":${amount}${more && `,${more}`}}`;
export const create = (sent: Asked["body"], headers?: Record<string, string>, key = canaryKey()) =>
  createWith(shop.key, key, sent, headers);
export const get = (path: string) => ask(path, { key: shop.key });
export const REBUILD = "/api/v1/operations/rebuild-book";
export const asAdmin = (path: string, sent?: object) =>
  ask(path, {
    key: env.ADMIN_TOKEN,
    ...(sent && {
      body: JSON.stringify(sent),
      headers: { "Content-Type": "application/json" },
    }),
  });

/** A transaction namespace whose objects answer `find` like this. */
export const ownersThat = (find: () => unknown): Bindings => ({
  TRANSACTIONS: { getByName: () => ({ find: async () => find() }) },
});

/** The same for `process`. */
export const refusing = (refusal: Refusal) => {
  const process = async () => ({ ok: false, refusal });
  const env: Bindings = { TRANSACTIONS: { getByName: () => ({ process }) } };
  return ask(`${missing}/process`, { method: "POST", key: shop.key, env });
};

export const faulty = (signs: object = {}) => Object.assign(new Error(`${CANARY} fault`), signs);
export const raising = (fault: unknown) => () => {
  throw fault;
};

export const ENDPOINTS = "/api/v1/webhook-endpoints";
export const DELIVERIES = "/api/v1/webhook-deliveries";
export const LISTS = "/api/v1/risk/lists";
export const missing = `${TRANSACTIONS}/txn_${"a".repeat(26)}`;
export const resolve = (id: string, fields = {}) =>
  asAdmin(`/api/v1/operations/charges/${id}/resolve`, {
    outcome: "settled",
    reason: "In the report",
    resolved_by: "ann",
    ...fields,
  });

/** So many metadata pairs, as JSON members. */
export function pairs(count: number): string {
  return Array.from({ length: count }, (_, at) => `"k${at}":"v"`).join();
}

export function streamOf(bytes: Uint8Array, size: number): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at + size));
      at += size;
    },
  });
}
