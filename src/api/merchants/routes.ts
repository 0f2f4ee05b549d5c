/** Merchants and their API keys: the administrator's routes. */

import {
  type ApiKey as ApiKeyRow,
  endApiKey,
  findApiKey,
  findMerchant,
  insertApiKey,
  insertMerchant,
  listApiKeys,
  listMerchants,
  type Merchant as MerchantRow,
  type NewApiKey as NewApiKeyRow,
  replaceApiKey,
} from "../../d1/merchants";
import { openDatabase } from "../../d1/query";
import {
  API_KEY_RANDOM_BYTES,
  formatApiKey,
  hashApiKey,
  type Scope,
} from "../../domain/identity/api-key";
import { formatRandomId } from "../../domain/identity/id";
import type { AppContext } from "../context";
import { type App, BODY_PROBLEMS, defineRoute, jsonBody } from "../http/define-route";
import { Problem } from "../http/problem";
import { readBody, readOptionalBody } from "../http/request-body";
import { jsonResponse, respond, timeText } from "../http/response";
import { authenticateAdmin, forgetKeys } from "../middleware/authenticate";
import {
  ApiKeyBody,
  ApiKeyList,
  KeyParams,
  Merchant,
  MerchantBody,
  MerchantList,
  MerchantParam,
  NewApiKey,
  RollBody,
} from "./schemas";

const PATH = "/api/v1/merchants";
/** As many as an operator can read; a deployment with more merchants lists them from D1. */
const MAX_LISTED = 1_000;
/** More than any merchant's services and people; each is a secret that somebody has to keep. */
export const MAX_API_KEYS = 100;
const ID_RANDOM_BYTES = 20;
const admin = { tag: "Merchants", security: "admin_token", before: [authenticateAdmin] } as const;

export function merchantRoutes(app: App): void {
  defineRoute(app, {
    ...admin,
    method: "post",
    path: PATH,
    operationId: "createMerchant",
    summary: "Create a merchant",
    description: "Not safe to repeat: each call makes another merchant.",
    request: { body: jsonBody(MerchantBody) },
    answers: { 201: { description: "The merchant.", schema: Merchant } },
    problems: [...BODY_PROBLEMS, "card_number_refused"],
    handle: createMerchant,
  });
  defineRoute(app, {
    ...admin,
    method: "get",
    path: PATH,
    operationId: "listMerchants",
    summary: "List merchants",
    description: `The newest ${MAX_LISTED} at most.`,
    answers: { 200: { description: "The newest first.", schema: MerchantList } },
    problems: [],
    handle: async (c) =>
      jsonResponse(c, 200, {
        data: (await listMerchants(openDatabase(c.env.DB), MAX_LISTED)).map(shownMerchant),
      }),
  });
  defineRoute(app, {
    ...admin,
    method: "post",
    path: `${PATH}/{id}/api-keys`,
    operationId: "createApiKey",
    summary: "Create an API key",
    description: "Not safe to repeat: each call makes another key.",
    request: { params: MerchantParam, body: jsonBody(ApiKeyBody) },
    answers: { 201: { description: "The key, shown this once.", schema: NewApiKey } },
    problems: [...BODY_PROBLEMS, "card_number_refused", "merchant_not_found", "too_many_api_keys"],
    handle: createKey,
  });
  defineRoute(app, {
    ...admin,
    method: "get",
    path: `${PATH}/{id}/api-keys`,
    operationId: "listApiKeys",
    summary: "List a merchant's API keys",
    description: "With those that have ended, and without the keys themselves.",
    request: { params: MerchantParam },
    answers: { 200: { description: "Without the keys themselves.", schema: ApiKeyList } },
    problems: ["merchant_not_found"],
    handle: async (c) => {
      const merchant = await merchantOf(c);
      const keys = await listApiKeys(openDatabase(c.env.DB), merchant.id, MAX_LISTED);
      return jsonResponse(c, 200, { data: keys.map(shownKey) });
    },
  });
  defineRoute(app, {
    ...admin,
    method: "post",
    path: `${PATH}/{id}/api-keys/{key_id}/roll`,
    operationId: "rollApiKey",
    summary: "Replace an API key",
    description:
      "The old key lives on for `overlap_s` seconds. A key is replaced once: whoever repeats this, or comes second, gets `api_key_rolled`.",
    request: { params: KeyParams, body: jsonBody(RollBody, false) },
    answers: { 201: { description: "The new key, shown this once.", schema: NewApiKey } },
    problems: [
      ...BODY_PROBLEMS,
      "merchant_not_found",
      "api_key_not_found",
      "api_key_rolled",
      "too_many_api_keys",
    ],
    handle: rollKey,
  });
  defineRoute(app, {
    ...admin,
    method: "delete",
    path: `${PATH}/{id}/api-keys/{key_id}`,
    operationId: "revokeApiKey",
    summary: "Revoke an API key",
    description: "Safe to repeat.",
    answers: { 204: { description: "The key works no more, everywhere within ten seconds." } },
    request: { params: KeyParams },
    problems: ["merchant_not_found", "api_key_not_found"],
    handle: async (c) => {
      await endKey(c, await keyOf(c), Date.now());
      return respond(c, 204, "", null);
    },
  });
}

async function createMerchant(c: AppContext): Promise<Response> {
  const { name, default_currency = "USD" } = await readBody(c, MerchantBody);
  const merchant = { id: newId("mer"), name, created_at: Date.now(), default_currency };
  await insertMerchant(openDatabase(c.env.DB), merchant);
  return jsonResponse(c, 201, shownMerchant(merchant));
}

async function rollKey(c: AppContext): Promise<Response> {
  const old = await keyOf(c);
  const { overlap_s } = await readOptionalBody(c, RollBody);
  const now = Date.now();
  if (old.expires_at !== null && old.expires_at <= now) throw new Problem("api_key_not_found");
  const { key, row } = drawKey(old.merchant_id, old.name, old.scopes as Scope[]);
  const db = openDatabase(c.env.DB);
  const isMade = await replaceApiKey(db, row, MAX_API_KEYS, old, now + overlap_s * 1_000);
  if (!isMade) throw (await keyOf(c)).expires_at === null ? tooManyKeys() : rolled();
  forgetKeys(old.hash);
  return jsonResponse(c, 201, { ...shownKey(row), key });
}

async function createKey(c: AppContext): Promise<Response> {
  const merchant = await merchantOf(c);
  const { name, scopes } = await readBody(c, ApiKeyBody);
  const { key, row } = drawKey(merchant.id, name ?? null, [...new Set(scopes)]);
  if (!(await insertApiKey(openDatabase(c.env.DB), row, MAX_API_KEYS))) throw tooManyKeys();
  return jsonResponse(c, 201, { ...shownKey(row), key });
}

function rolled(): Problem {
  return new Problem("api_key_rolled", {
    detail:
      "This key has been replaced and has an end. Its successor was shown once: if that was lost, revoke it and create another key.",
  });
}

function tooManyKeys(): Problem {
  return new Problem("too_many_api_keys", {
    detail: `A merchant has at most ${MAX_API_KEYS} API keys that have no end. Revoke one first.`,
  });
}

/** A new key and what is stored of it. */
function drawKey(
  merchantId: string,
  name: string | null,
  scopes: Scope[],
): { key: string; row: NewApiKeyRow } {
  const key = formatApiKey(crypto.getRandomValues(new Uint8Array(API_KEY_RANDOM_BYTES)));
  const row = {
    id: newId("key"),
    merchant_id: merchantId,
    name,
    last_four: key.slice(-4),
    scopes,
    hash: hashApiKey(key),
    created_at: Date.now(),
    expires_at: null,
  };
  return { key, row };
}

async function endKey(
  c: AppContext,
  key: ApiKeyRow & { hash: string },
  atMs: number,
): Promise<void> {
  await endApiKey(openDatabase(c.env.DB), key, atMs);
  forgetKeys(key.hash);
}

async function merchantOf(c: AppContext): Promise<MerchantRow> {
  const merchant = await findMerchant(openDatabase(c.env.DB), c.req.param("id") ?? "");
  if (!merchant) throw new Problem("merchant_not_found");
  return merchant;
}

async function keyOf(c: AppContext): Promise<ApiKeyRow & { hash: string }> {
  const merchant = await merchantOf(c);
  const key = await findApiKey(openDatabase(c.env.DB), merchant.id, c.req.param("key_id") ?? "");
  if (!key) throw new Problem("api_key_not_found");
  return key;
}

function newId(prefix: string): string {
  return formatRandomId(prefix, crypto.getRandomValues(new Uint8Array(ID_RANDOM_BYTES)));
}

function shownMerchant({ id, name, created_at, default_currency }: MerchantRow) {
  return { id, name, default_currency, created_at: timeText(created_at) };
}

function shownKey({ id, merchant_id, name, last_four, scopes, created_at, expires_at }: ApiKeyRow) {
  return {
    id,
    merchant_id,
    name,
    last_four,
    scopes,
    created_at: timeText(created_at),
    expires_at: expires_at === null ? null : timeText(expires_at),
  };
}
