/** The operator's routes for merchants. */
import type { z } from "@hono/zod-openapi";
import { chooseBook } from "../../d1/books/directory";
import {
  findMerchant,
  insertMerchant,
  listMerchants,
  type MerchantPlace,
  type Merchant as MerchantRow,
} from "../../d1/merchants";
import { type Database, openDatabase } from "../../d1/query";
import { deriveMerchantId } from "../../domain/identity/id";
import { formatTime } from "../../domain/time/format-time";
import { randomId } from "../../runtime/random-id";
import { requireBook } from "../books/move-merchant";
import type { AppContext } from "../context";
import { invalidCursor, openOperatorCursor, sealOperatorCursor } from "../http/cursor";
import { type App, BODY_PROBLEMS, defineRoute } from "../http/define-route";
import { pathParams } from "../http/parse-request";
import { Problem } from "../http/problem";
import { jsonResponse, jsonTextResponse, pageResponse } from "../http/response";
import { authenticateAdmin } from "../middleware/authenticate";
import { optionalIdempotencyHeaders } from "../transactions/idempotency-header";
import { Merchant, MerchantBody, MerchantList, MerchantParams, MerchantsQuery } from "./schemas";

const PATH = "/api/v1/merchants";
/** What a cursor of this list is valid for. */
const LIST = "merchants";
const admin = { tag: "Merchants", security: "admin_token", before: [authenticateAdmin] } as const;

export function merchantRoutes(app: App): void {
  defineRoute(app, {
    ...admin,
    method: "post",
    path: PATH,
    operationId: "createMerchant",
    summary: "Create a merchant",
    description:
      "Safe to retry with an `Idempotency-Key`: the same key and body always return the same merchant. Without one, each request creates another merchant.",
    request: { headers: optionalIdempotencyHeaders, body: MerchantBody },
    responses: {
      201: { description: "The merchant.", schema: Merchant, headers: ["Idempotent-Replayed"] },
    },
    problems: [
      ...BODY_PROBLEMS,
      "card_number_refused",
      "idempotency_key_invalid",
      "idempotency_key_reused",
    ],
    handle: createMerchant,
  });
  defineRoute(app, {
    ...admin,
    method: "get",
    path: PATH,
    operationId: "listMerchants",
    summary: "List merchants",
    description: "Returns merchants newest first.",
    request: { query: MerchantsQuery },
    responses: { 200: { description: "A page of merchants.", schema: MerchantList } },
    problems: ["invalid_request"],
    handle: list,
  });
  defineRoute(app, {
    ...admin,
    method: "get",
    path: `${PATH}/{id}`,
    operationId: "getMerchant",
    summary: "Get a merchant",
    description: "Its API keys are listed separately.",
    request: { params: pathParams(MerchantParams) },
    responses: { 200: { description: "The merchant.", schema: Merchant } },
    problems: ["merchant_not_found"],
    handle: async (c, { params: { id } }) => {
      const merchant = await findMerchant(openDatabase(c.env.DB), id);
      if (!merchant) throw new Problem("merchant_not_found");
      return jsonResponse(c, 200, toMerchantJson(merchant));
    },
  });
}

async function createMerchant(
  c: AppContext,
  {
    headers: { idempotencyKey },
    body,
  }: { headers: { idempotencyKey: string | undefined }; body: z.output<typeof MerchantBody> },
): Promise<Response> {
  const { name, default_currency = "USD" } = body;
  const id = idempotencyKey === undefined ? randomId("mer") : deriveMerchantId(idempotencyKey);
  const db = openDatabase(c.env.DB);
  const book = await chooseNamed(c, db, body.book);
  const merchant = { id, name, created_at: Date.now(), default_currency, book };
  if (await insertMerchant(db, merchant)) return jsonResponse(c, 201, toMerchantJson(merchant));
  const first = (await findMerchant(db, id)) ?? merchant; // Merchants are never deleted.
  // The book may have been changed since.
  const members = ["name", "default_currency"] as const;
  const different = members.filter((member) => first[member] !== merchant[member]);
  if (different.length > 0) {
    throw new Problem("idempotency_key_reused", {
      detail: `The merchant ${id} was created under this Idempotency-Key with another ${different.join(" and ")}.`,
      errors: different.map((member) => ({
        pointer: `#/${member}`,
        message: "differs from the first request",
      })),
    });
  }
  const json = JSON.stringify(toMerchantJson(first));
  return jsonTextResponse(c, 201, json, { "Idempotent-Replayed": "true" });
}

/** The book of a new merchant: the one that the request names, or the one with the fewest merchants. @throws Problem */
async function chooseNamed(c: AppContext, db: Database, named?: number): Promise<number> {
  if (named === undefined) return chooseBook(db, c.get("config").books);
  requireBook(c, named);
  return named;
}

async function list(
  c: AppContext,
  { query: { limit, cursor } }: { query: z.output<typeof MerchantsQuery> },
): Promise<Response> {
  const after =
    cursor === undefined ? undefined : parsePlace(await openOperatorCursor(c, cursor, LIST));
  const found = await listMerchants(openDatabase(c.env.DB), after, limit + 1);
  const page = found.slice(0, limit);
  const last = found.length > limit ? page.at(-1) : undefined;
  return pageResponse(
    c,
    page.map((merchant) => JSON.stringify(toMerchantJson(merchant))),
    last !== undefined,
    last && (await sealOperatorCursor(c, `${last.created_at} ${last.id}`, LIST)),
  );
}

/** @throws Problem */
function parsePlace(text: string): MerchantPlace {
  const [created_at = "", id = ""] = text.split(" ");
  if (!/^\d{1,16}$/.test(created_at)) throw invalidCursor();
  return { created_at: Number(created_at), id };
}

function toMerchantJson({ id, name, created_at, default_currency, book }: MerchantRow) {
  return { id, name, default_currency, book, created_at: formatTime(created_at) };
}
