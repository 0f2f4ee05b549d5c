/** The operator's routes for a merchant's API keys. */
import type { z } from "@hono/zod-openapi";
import {
  type ApiKey as ApiKeyRow,
  endApiKey,
  findApiKey,
  findMerchant,
  insertApiKey,
  listApiKeys,
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
import { deriveApiKeyId } from "../../domain/identity/id";
import { formatTime } from "../../domain/time/format-time";
import { randomId } from "../../runtime/random-id";
import type { AppContext } from "../context";
import { noParameters } from "../http/common-schemas";
import { type App, BODY_PROBLEMS, defineRoute } from "../http/define-route";
import { optionalBody, pathParams } from "../http/parse-request";
import { Problem } from "../http/problem";
import { jsonResponse, respond } from "../http/response";
import { authenticateAdmin, forgetKeys } from "../middleware/authenticate";
import { optionalIdempotencyHeaders } from "../transactions/idempotency-header";
import { ApiKeyBody, ApiKeyList, KeyParams, MerchantParams, NewApiKey, RollBody } from "./schemas";

const PATH = "/api/v1/merchants/{id}/api-keys";
const MAX_LISTED = 1_000;
/** More than the services and people of any merchant; each key is a secret that has to be kept safe. */
export const MAX_API_KEYS = 100;
type StoredKey = ApiKeyRow & { hash: string };
/** A missing merchant or key is reported before the body is read. */
const merchantParams = pathParams(MerchantParams, async ({ id }, c) => ({
  merchant: await requireMerchant(c, id),
}));
const keyParams = pathParams(KeyParams, async ({ id, key_id }, c) => ({
  key: await requireKey(c, id, key_id),
}));
const admin = { tag: "Merchants", security: "admin_token", before: [authenticateAdmin] } as const;

export function apiKeyRoutes(app: App): void {
  defineRoute(app, {
    ...admin,
    method: "post",
    path: PATH,
    operationId: "createApiKey",
    summary: "Create an API key",
    description:
      "Safe to retry with an `Idempotency-Key`, which creates one key only. The key is shown once, so a repeated request fails with `api_key_exists`. Without an `Idempotency-Key`, each request creates another key.",
    request: { params: merchantParams, headers: optionalIdempotencyHeaders, body: ApiKeyBody },
    responses: {
      201: { description: "The API key. The secret is shown only once.", schema: NewApiKey },
    },
    problems: [
      ...BODY_PROBLEMS,
      "card_number_refused",
      "idempotency_key_invalid",
      "merchant_not_found",
      "api_key_exists",
      "too_many_api_keys",
    ],
    handle: createKey,
  });
  defineRoute(app, {
    ...admin,
    method: "get",
    path: PATH,
    operationId: "listApiKeys",
    summary: "List a merchant's API keys",
    description: "Expired and revoked keys are included. Secrets are not.",
    request: { params: merchantParams, query: noParameters },
    responses: { 200: { description: "API keys of the merchant.", schema: ApiKeyList } },
    problems: ["invalid_request", "merchant_not_found"],
    handle: async (c, { params: { merchant } }) => {
      const keys = await listApiKeys(openDatabase(c.env.DB), merchant.id, MAX_LISTED);
      return jsonResponse(c, 200, { data: keys.map(toKeyJson) });
    },
  });
  defineRoute(app, {
    ...admin,
    method: "post",
    path: `${PATH}/{key_id}/roll`,
    operationId: "rollApiKey",
    summary: "Replace an API key",
    description:
      "The old key remains valid for `overlap_s` seconds. A key can be replaced only once: further requests fail with `api_key_rolled`.",
    request: { params: keyParams, body: optionalBody(RollBody) },
    responses: {
      201: { description: "The new API key. The secret is shown only once.", schema: NewApiKey },
    },
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
    path: `${PATH}/{key_id}`,
    operationId: "revokeApiKey",
    summary: "Revoke an API key",
    description: "Safe to retry.",
    responses: { 204: { description: "The key is revoked. It stops working within ten seconds." } },
    request: { params: keyParams },
    problems: ["merchant_not_found", "api_key_not_found"],
    handle: async (c, { params: { key } }) => {
      await endKey(c, key, Date.now());
      return respond(c, 204, "", null);
    },
  });
}

async function rollKey(
  c: AppContext,
  { params, body }: { params: { key: StoredKey }; body: z.output<typeof RollBody> },
): Promise<Response> {
  const old = params.key;
  const now = Date.now();
  if (old.expires_at !== null && old.expires_at <= now) throw new Problem("api_key_not_found");
  const { key, row } = createRandomKey(old.merchant_id, old.name, old.scopes as Scope[]);
  const db = openDatabase(c.env.DB);
  const isMade = await replaceApiKey(db, row, MAX_API_KEYS, old, now + body.overlap_s * 1_000);
  if (!isMade) {
    const current = await requireKey(c, old.merchant_id, old.id);
    throw current.expires_at === null ? tooManyKeys() : rolled();
  }
  forgetKeys(old.hash);
  return jsonResponse(c, 201, { ...toKeyJson(row), key });
}

async function createKey(
  c: AppContext,
  {
    params: { merchant },
    headers: { idempotencyKey },
    body,
  }: {
    params: { merchant: MerchantRow };
    headers: { idempotencyKey: string | undefined };
    body: z.output<typeof ApiKeyBody>;
  },
): Promise<Response> {
  const { name, scopes } = body;
  const id =
    idempotencyKey === undefined ? randomId("key") : deriveApiKeyId(merchant.id, idempotencyKey);
  const { key, row } = createRandomKey(merchant.id, name ?? null, [...new Set(scopes)], id);
  const db = openDatabase(c.env.DB);
  if (!(await insertApiKey(db, row, MAX_API_KEYS))) {
    throw (await findApiKey(db, merchant.id, id)) ? alreadyCreated(id) : tooManyKeys();
  }
  return jsonResponse(c, 201, { ...toKeyJson(row), key });
}

function alreadyCreated(id: string): Problem {
  return new Problem("api_key_exists", {
    detail: `The key ${id} was already created under this Idempotency-Key, and was shown once. If it was lost, revoke it and create another one.`,
  });
}

function rolled(): Problem {
  return new Problem("api_key_rolled", {
    detail:
      "The key was already replaced, and the new key was shown once. If the new key was lost, revoke it and create another one.",
  });
}

function tooManyKeys(): Problem {
  return new Problem("too_many_api_keys", {
    detail: `A merchant can have at most ${MAX_API_KEYS} API keys without an expiry. Revoke one first.`,
  });
}

/** A new key and its row in D1. */
function createRandomKey(
  merchantId: string,
  name: string | null,
  scopes: Scope[],
  id = randomId("key"),
): { key: string; row: NewApiKeyRow } {
  const key = formatApiKey(crypto.getRandomValues(new Uint8Array(API_KEY_RANDOM_BYTES)));
  const row = {
    id,
    merchant_id: merchantId,
    name,
    last_four: key.slice(-4),
    scopes,
    hash: hashApiKey(key),
    created_at: Date.now(),
    expires_at: null,
    last_used_at: null,
  };
  return { key, row };
}

async function endKey(c: AppContext, key: StoredKey, atMs: number): Promise<void> {
  await endApiKey(openDatabase(c.env.DB), key, atMs);
  forgetKeys(key.hash);
}

async function requireMerchant(c: AppContext, id: string): Promise<MerchantRow> {
  const merchant = await findMerchant(openDatabase(c.env.DB), id);
  if (!merchant) throw new Problem("merchant_not_found");
  return merchant;
}

async function requireKey(c: AppContext, merchantId: string, id: string): Promise<StoredKey> {
  const merchant = await requireMerchant(c, merchantId);
  const key = await findApiKey(openDatabase(c.env.DB), merchant.id, id);
  if (!key) throw new Problem("api_key_not_found");
  return key;
}

function toKeyJson({
  id,
  merchant_id,
  name,
  last_four,
  scopes,
  created_at,
  expires_at,
  last_used_at,
}: ApiKeyRow) {
  return {
    id,
    merchant_id,
    name,
    last_four,
    scopes,
    created_at: formatTime(created_at),
    expires_at: expires_at === null ? null : formatTime(expires_at),
    last_used_at: last_used_at === null ? null : formatTime(last_used_at),
  };
}
