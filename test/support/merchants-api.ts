/** Merchants and API keys, as the administrator makes them. */
import { beforeAll, vi } from "vitest";
import { API_KEY_RANDOM_BYTES, formatApiKey } from "../../src/domain/identity/api-key";
import { type Client, freshKey, newClient, TRANSACTIONS } from "./api";
import { ask, type Bindings, CANARY, createWith, jsonOf } from "./contract";
import { env } from "./env";

export const MERCHANTS = "/api/v1/merchants";
export const DAY_MS = 86_400_000;
export type ApiKey = {
  id: string;
  last_four: string;
  scopes: string[];
  expires_at: string | null;
  last_used_at: string | null;
};
export type NewKey = ApiKey & { key: string };
export let shop: Client;
beforeAll(async () => {
  shop = await newClient();
});

/** Only `Date` moves: timers, and with them all limits, keep real time. */
export function travel(ms: number): void {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + ms });
}

export const asAdmin = (path: string, sent?: object, method?: string, bindings: Bindings = {}) =>
  ask(path, {
    method,
    key: env.ADMIN_TOKEN,
    env: bindings,
    ...(sent && {
      body: JSON.stringify(sent),
      headers: { "Content-Type": "application/json" },
    }),
  });
export const keysOf = (merchantId: string) => `${MERCHANTS}/${merchantId}/api-keys`;
export const newKey = async (merchantId: string, sent: object = {}) =>
  jsonOf<NewKey>(await asAdmin(keysOf(merchantId), sent));
export const roll = async (merchantId: string, keyId: string, sent?: object) =>
  asAdmin(`${keysOf(merchantId)}/${keyId}/roll`, sent, "POST");
export const revoke = (merchantId: string, keyId: string) =>
  asAdmin(`${keysOf(merchantId)}/${keyId}`, undefined, "DELETE");
export const listed = async (merchantId: string) =>
  (await jsonOf<{ data: ApiKey[] }>(await asAdmin(keysOf(merchantId)))).data;

/** The status with which a key is let in, or not. */
export const statusWith = async (key: string) => (await ask(TRANSACTIONS, { key })).status;
export const create = (key: string, userId = freshKey("user"), idempotencyKey = freshKey(CANARY)) =>
  createWith(key, idempotencyKey, JSON.stringify({ user_id: userId, amount: 1 }));
export const drawnKey = () =>
  formatApiKey(crypto.getRandomValues(new Uint8Array(API_KEY_RANDOM_BYTES)));
