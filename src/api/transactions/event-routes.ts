/** The routes of events: the log of one transaction, and the feed of all. */
import type { z } from "@hono/zod-openapi";
import { openDatabase } from "../../d1/query";
import { eventText, listEvents } from "../../d1/transaction-queries";
import type { AppContext } from "../context";
import { formatPositionCursor, parsePositionCursor } from "../http/cursor";
import { type App, defineRoute } from "../http/define-route";
import { pageResponse } from "../http/response";
import { authenticate } from "../middleware/authenticate";
import { callOwner, requireAccepted, transactionParams } from "./owner";
import { EventList, EventsQuery } from "./schemas";

const canRead = authenticate("transactions:read");
const canList = authenticate("transactions:read", "list");

export function eventRoutes(app: App): void {
  defineRoute(app, {
    method: "get",
    path: "/api/v1/transactions/{id}/events",
    operationId: "listTransactionEvents",
    summary: "List the events of a transaction, in order",
    description: "All of them, from its owner.",
    tag: "Events",
    security: "api_key",
    request: { params: transactionParams },
    answers: { 200: { description: "All of its events.", schema: EventList } },
    problems: ["transaction_not_found"],
    before: [canRead],
    handle: eventsOfOne,
  });

  defineRoute(app, {
    method: "get",
    path: "/api/v1/events",
    operationId: "listEvents",
    summary: "List all events, oldest first",
    description:
      "`next_cursor` is given on the last page too, and when there is no event yet: send it again later to read on.",
    tag: "Events",
    security: "api_key",
    request: { query: EventsQuery },
    answers: { 200: { description: "A page.", schema: EventList } },
    problems: ["invalid_request"],
    before: [canList],
    handle: events,
  });
}

async function eventsOfOne(
  c: AppContext,
  { params: { id } }: { params: { id: string } },
): Promise<Response> {
  const reply = requireAccepted(await callOwner(c, id, (owner, address) => owner.events(address)));
  return pageResponse(c, reply.events.map(eventText), false, undefined);
}

async function events(
  c: AppContext,
  { query: { limit, cursor } }: { query: z.output<typeof EventsQuery> },
): Promise<Response> {
  const after = cursor === undefined ? 0 : await parsePositionCursor(c, "event", cursor);
  const page = await listEvents(openDatabase(c.env.DB), c.get("merchant_id"), after, limit);
  return pageResponse(
    c,
    page.items,
    page.hasMore,
    await formatPositionCursor(c, "event", page.next ?? after),
  );
}
