/** A merchant's fraud rules, lists and backtests over HTTP. */
import { beforeAll, expect } from "vitest";
import { openDatabase } from "../../src/d1/query";
import type { Condition, RuleSet } from "../../src/domain/risk/rule-set";
import { type Client, newClient } from "./api";
import { ask, jsonOf } from "./contract";
import { env } from "./env";

export const RULES = "/api/v1/risk/rules";
export const LISTS = "/api/v1/risk/lists";
export const BACKTEST = "/api/v1/risk/backtest";
export const CARD = "4242424242424242";
export type Answered = RuleSet & { version: number; created_at: string | null };
export type Entry = { id: string; list: string; field: string; value: string; note: string | null };
export type Page = { data: Entry[]; has_more: boolean; next_cursor: string | null };
export const send = (method: string, path: string, key: string, body: unknown) =>
  ask(path, {
    method,
    key,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
export const put = ({ key }: Client, body: unknown) => send("PUT", RULES, key, body);
export const current = async ({ key }: Client) => jsonOf<Answered>(await ask(RULES, { key }));
export const written = async (client: Client, ruleSet: object) => {
  const { version } = await current(client);
  const response = await put(client, { ...ruleSet, version });
  expect(response.status, await response.clone().text()).toBe(200);
  return jsonOf<Answered>(response);
};

export const add = ({ key }: Client, entry: unknown) => send("POST", LISTS, key, entry);
export const added = async (client: Client, entry: object) =>
  jsonOf<Entry>(await add(client, entry));
export const listed = async ({ key }: Client, query = "") =>
  jsonOf<Page>(await ask(`${LISTS}${query}`, { key }));
export const remove = ({ key }: Client, id: string) =>
  ask(`${LISTS}/${id}`, { method: "DELETE", key });
export const db = openDatabase(env.DB);
export const rule = (when: unknown, says: object = { points: 10 }) => ({
  id: "a-rule",
  ...says,
  when,
});

export const USD: Condition = { currency: ["USD"] };
export const velocity = { of: "customer", measure: "count", window: "24h" } as const;
export let shop: Client;
beforeAll(async () => {
  shop = await newClient();
});
