/** The operator's routes for merchants. */
import type { z } from "@hono/zod-openapi";
import { insertMerchant, listMerchants, type Merchant as MerchantRow } from "../../d1/merchants";
import { openDatabase } from "../../d1/query";
import { randomId } from "../../runtime/random-id";
import type { AppContext } from "../context";
import { type App, BODY_PROBLEMS, defineRoute } from "../http/define-route";
import { jsonResponse, timeText } from "../http/response";
import { authenticateAdmin } from "../middleware/authenticate";
import { Merchant, MerchantBody, MerchantList } from "./schemas";

const PATH = "/api/v1/merchants";
/** A larger deployment reads its merchants from D1. */
const MAX_LISTED = 1_000;
const admin = { tag: "Merchants", security: "admin_token", before: [authenticateAdmin] } as const;

export function merchantRoutes(app: App): void {
  defineRoute(app, {
    ...admin,
    method: "post",
    path: PATH,
    operationId: "createMerchant",
    summary: "Create a merchant",
    description: "Not safe to retry: each request creates another merchant.",
    request: { body: MerchantBody },
    responses: { 201: { description: "The merchant.", schema: Merchant } },
    problems: [...BODY_PROBLEMS, "card_number_refused"],
    handle: createMerchant,
  });
  defineRoute(app, {
    ...admin,
    method: "get",
    path: PATH,
    operationId: "listMerchants",
    summary: "List merchants",
    description: `Returns the newest ${MAX_LISTED} merchants.`,
    responses: { 200: { description: "Merchants, newest first.", schema: MerchantList } },
    problems: [],
    handle: async (c) =>
      jsonResponse(c, 200, {
        data: (await listMerchants(openDatabase(c.env.DB), MAX_LISTED)).map(toMerchantJson),
      }),
  });
}

async function createMerchant(
  c: AppContext,
  { body }: { body: z.output<typeof MerchantBody> },
): Promise<Response> {
  const { name, default_currency = "USD" } = body;
  const merchant = { id: randomId("mer"), name, created_at: Date.now(), default_currency };
  await insertMerchant(openDatabase(c.env.DB), merchant);
  return jsonResponse(c, 201, toMerchantJson(merchant));
}

function toMerchantJson({ id, name, created_at, default_currency }: MerchantRow) {
  return { id, name, default_currency, created_at: timeText(created_at) };
}
