/** Routes of a merchant's allow and block lists. */
import { z } from "@hono/zod-openapi";
import { openDatabase } from "../../d1/query";
import {
  addListEntry,
  findListEntry,
  type ListEntryRow,
  listListEntries,
  removeListEntry,
} from "../../d1/risk/risk-lists";
import { MAX_LIST_ENTRIES } from "../../domain/risk/limits";
import { formatTime } from "../../domain/time/format-time";
import { randomId } from "../../runtime/random-id";
import type { AppContext } from "../context";
import { formatPositionCursor, parsePositionCursor } from "../http/cursor";
import { type App, BODY_PROBLEMS, defineRoute } from "../http/define-route";
import { pathParams } from "../http/parse-request";
import { Problem } from "../http/problem";
import { jsonResponse, pageResponse, respond } from "../http/response";
import { authenticate } from "../middleware/authenticate";
import {
  EXAMPLE_ENTRY_ID,
  ListEntriesQuery,
  ListEntry,
  ListEntryBody,
  ListEntryList,
  newListEntry,
} from "./schemas/list";

const PATH = "/api/v1/risk/lists";
/** An id that no entry can have is not looked up. */
const params = pathParams(
  z.object({
    id: z.string().openapi({ description: "Id of the entry.", example: EXAMPLE_ENTRY_ID }),
  }),
  ({ id }) => {
    if (!/^rle_[a-z2-7]{26}$/.test(id)) throw new Problem("list_entry_not_found");
    return { id };
  },
);
const reading = {
  tag: "Risk",
  security: "api_key",
  before: [authenticate("risk:read")],
} as const;
const writing = { ...reading, before: [authenticate("risk:write")] } as const;

export function riskListRoutes(app: App): void {
  defineRoute(app, {
    ...writing,
    method: "post",
    path: PATH,
    operationId: "addRiskListEntry",
    summary: "Add a value to a list",
    description:
      "If the value is already on the list, its entry keeps its id, and the note and expiry are replaced.",
    request: { body: { documentedAs: ListEntryBody, checkedBy: newListEntry } },
    responses: {
      200: {
        description: "The updated entry of a value that was already on the list.",
        schema: ListEntry,
      },
      201: { description: "The new entry.", schema: ListEntry },
    },
    problems: [...BODY_PROBLEMS, "card_number_refused", "too_many_list_entries"],
    handle: add,
  });
  defineRoute(app, {
    ...reading,
    before: [authenticate("risk:read", "list")],
    method: "get",
    path: PATH,
    operationId: "listRiskListEntries",
    summary: "List the entries of allow and block lists",
    description: "Returns entries newest first. Expired entries are not included.",
    request: { query: ListEntriesQuery },
    responses: { 200: { description: "A page of entries.", schema: ListEntryList } },
    problems: ["invalid_request"],
    handle: list,
  });
  defineRoute(app, {
    ...reading,
    method: "get",
    path: `${PATH}/{id}`,
    operationId: "getRiskListEntry",
    summary: "Get a list entry",
    description: "Returns 404 if the entry has expired.",
    request: { params },
    responses: { 200: { description: "The entry.", schema: ListEntry } },
    problems: ["list_entry_not_found"],
    handle: async (c, { params: { id } }) => {
      const { db, merchantId, nowMs } = readScope(c);
      const found = await findListEntry(db, merchantId, id, nowMs);
      if (!found) throw new Problem("list_entry_not_found");
      return jsonResponse(c, 200, toEntryJson(found));
    },
  });
  defineRoute(app, {
    ...writing,
    method: "delete",
    path: `${PATH}/{id}`,
    operationId: "removeRiskListEntry",
    summary: "Remove a list entry",
    description: "Takes effect within seconds.",
    request: { params },
    responses: { 204: { description: "The entry was removed." } },
    problems: ["list_entry_not_found"],
    handle: async (c, { params: { id } }) => {
      const { db, merchantId, nowMs } = readScope(c);
      const wasThere = await removeListEntry(db, merchantId, id, nowMs);
      if (!wasThere) throw new Problem("list_entry_not_found");
      return respond(c, 204, "", null);
    },
  });
}

async function add(
  c: AppContext,
  { body: sent }: { body: z.output<typeof newListEntry> },
): Promise<Response> {
  const { db, merchantId, nowMs } = readScope(c);
  if (sent.expires_at !== null && sent.expires_at <= nowMs) throw alreadyExpired();
  const id = randomId("rle");
  const entry = { ...sent, id, merchant_id: merchantId, created_at: nowMs };
  const stored = await addListEntry(db, entry);
  if (!stored) {
    throw new Problem("too_many_list_entries", {
      detail: `A merchant can have at most ${MAX_LIST_ENTRIES} list entries in total.`,
    });
  }
  return jsonResponse(c, stored.id === id ? 201 : 200, toEntryJson(stored));
}

function alreadyExpired(): Problem {
  const message = "must be in the future";
  return new Problem("invalid_request", {
    detail: `expires_at ${message}.`,
    errors: [{ pointer: "#/expires_at", message }],
  });
}

async function list(
  c: AppContext,
  { query }: { query: z.output<typeof ListEntriesQuery> },
): Promise<Response> {
  const { limit, cursor, ...filter } = query;
  const before =
    cursor === undefined ? undefined : await parsePositionCursor(c, "list_entry", cursor);
  const { db, merchantId, nowMs } = readScope(c);
  const found = await listListEntries(db, merchantId, filter, before, limit + 1, nowMs);
  const page = found.slice(0, limit);
  const hasMore = found.length > limit;
  const last = page.at(-1)?.position;
  return pageResponse(
    c,
    page.map((entry) => JSON.stringify(toEntryJson(entry))),
    hasMore,
    hasMore && last !== undefined ? await formatPositionCursor(c, "list_entry", last) : undefined,
  );
}

function readScope(c: AppContext) {
  return { db: openDatabase(c.env.DB), merchantId: c.get("merchant_id"), nowMs: Date.now() };
}

function toEntryJson({ id, list, field, value, note, created_at, expires_at }: ListEntryRow) {
  return {
    id,
    list,
    field,
    value,
    note,
    created_at: formatTime(created_at),
    expires_at: expires_at === null ? null : formatTime(expires_at),
  };
}
