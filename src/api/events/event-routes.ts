/** Routes of events: those of one transaction, and the feed of all transactions. */
import type { z } from "@hono/zod-openapi";
import { eventText, FeedPlaceExpired, listEvents } from "../../d1/events/event-queries";
import { readOwnBook } from "../books/own-book";
import type { AppContext } from "../context";
import { noParameters } from "../http/common-schemas";
import { formatPositionCursor, parsePositionCursor } from "../http/cursor";
import { type App, defineRoute } from "../http/define-route";
import { Problem } from "../http/problem";
import { bookPageResponse } from "../http/response";
import { authenticate } from "../middleware/authenticate";
import {
  callOwner,
  refreshBookFor,
  requireAccepted,
  transactionParams,
} from "../transactions/owner";
import { EventList, EventsQuery } from "./event-schemas";
import { readFeedTexts } from "./feed-texts";

const canRead = authenticate("transactions:read");
const canList = authenticate("transactions:read", "list");

export function eventRoutes(app: App): void {
  defineRoute(app, {
    method: "get",
    path: "/api/v1/transactions/{id}/events",
    operationId: "listTransactionEvents",
    summary: "List the events of a transaction",
    description: "Returns all events of the transaction and its refunds, oldest first.",
    tag: "Events",
    security: "api_key",
    request: { params: transactionParams, query: noParameters },
    responses: { 200: { description: "All events of the transaction.", schema: EventList } },
    problems: ["invalid_request", "transaction_not_found"],
    before: [canRead],
    handle: listTransactionEvents,
  });

  defineRoute(app, {
    method: "get",
    path: "/api/v1/events",
    operationId: "listEvents",
    summary: "List all events",
    description:
      "Returns events oldest first, including all that were confirmed before this request. If that cannot be ensured, `stale_since` and the header `Data-Age` tell how old the page may be. `next_cursor` is never null, even on the last page: store it to read newer events later. With `tail=true` the first page has the last events.",
    tag: "Events",
    security: "api_key",
    request: { query: EventsQuery },
    responses: {
      200: { description: "A page of events.", schema: EventList, headers: ["Data-Age"] },
    },
    problems: ["invalid_request", "cursor_expired"],
    before: [canList],
    handle: listAllEvents,
  });
}

async function listTransactionEvents(
  c: AppContext,
  { params: { id } }: { params: { id: string } },
): Promise<Response> {
  const reply = requireAccepted(await callOwner(c, id, (owner, address) => owner.events(address)));
  return bookPageResponse(c, reply.events.map(eventText), false, undefined, null);
}

async function listAllEvents(
  c: AppContext,
  { query: { limit, cursor, tail } }: { query: z.output<typeof EventsQuery> },
): Promise<Response> {
  const start = tail ? "newest" : "oldest";
  const after = cursor === undefined ? start : await parsePositionCursor(c, "event", cursor);
  const staleSinceMs = await refreshBookFor(c);
  const page = await readOwnBook(c, (db) =>
    listEvents(db, c.get("merchant_id"), after, limit),
  ).catch((fault) => {
    throw fault instanceof FeedPlaceExpired ? cursorExpired() : fault;
  });
  const { items, hasMore, next } = await readFeedTexts(c, page);
  const cursorAfter = await formatPositionCursor(c, "event", next);
  return bookPageResponse(c, items, hasMore, cursorAfter, staleSinceMs);
}

function cursorExpired(): Problem {
  return new Problem("cursor_expired", {
    detail:
      "Events after this cursor are no longer in the feed. Start without a cursor, which begins with the oldest event that is kept, and read the transactions that you may have missed.",
  });
}
