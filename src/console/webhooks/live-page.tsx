/** The live tail: the merchant's events as they arrive. The page has the newest; its script polls for later ones. */
import type { z } from "zod";
import type { AppContext } from "../../api/context";
import type { EventList } from "../../api/events/event-schemas";
import type { Visit } from "../http/define-page";
import { PageProblem } from "../http/page-problem";
import { htmlResponse } from "../http/respond-page";
import { Money } from "../view/money";
import { Empty, Id, Status, TableFrame, Warning } from "../view/parts";
import { renderPage } from "../view/render";
import { Time } from "../view/time";
import { LIVE, LIVE_ROWS, paymentPath, WebhookTabs } from "./parts";

type Events = z.infer<typeof EventList>;

/** Rows of the page before its script adds to them. */
const NEWEST = 50;
/** Rows of one poll; what is left comes with the next one. */
const POLLED = 100;
/** Each poll is a list request of the merchant, of which it has 600 a minute by default: this is a twentieth. */
const INTERVAL_MS = 2_000;
/** More would make the page slow, and older ones have left the screen. */
const MAX_ROWS = 200;

/** With a cursor, the events after it, so that the page can be followed without JavaScript. */
export async function livePage(c: AppContext, { session, api }: Visit): Promise<Response> {
  const cursor = c.req.query("cursor");
  const start = cursor === undefined ? { tail: "true" } : { cursor };
  const events = await api.get<Events>("/api/v1/events", { ...start, limit: NEWEST });
  return renderPage(
    c,
    session,
    { title: "Live events", scripts: ["live"] },
    <>
      <div class="page-head">
        <h1>Live events</h1>
        <p class="actions">
          <button type="button" id="pause" hidden>
            Pause
          </button>
          <a class="button" id="newer" href={`${LIVE}?${toQuery(events)}`}>
            Load newer events
          </a>
        </p>
      </div>
      <WebhookTabs session={session} current={LIVE} />
      {events.stale_since === null ? null : (
        <Warning>
          Events since <Time at={events.stale_since} /> may be missing: a part of the service does
          not respond.
        </Warning>
      )}
      <p id="state" class="muted" role="status">
        Load newer events with the link. With JavaScript they appear on their own.
      </p>
      <Feed events={events} />
      <p class="muted">
        While the page is visible it is updated every {INTERVAL_MS / 1_000} seconds, and keeps the
        newest {MAX_ROWS} events. Each update counts as one list request of the merchant's quota.
      </p>
    </>,
  );
}

/** Rows alone, for the page's script. Without a session the response leads to the sign-in. */
export async function liveRows(c: AppContext, { api }: Visit): Promise<Response> {
  const cursor = c.req.query("cursor");
  const reply = await api.call<Events>("GET", "/api/v1/events", {
    query: { cursor, tail: "true", limit: POLLED },
  });
  if (!reply.ok) throw new PageProblem(reply.problem);
  const { body } = reply;
  const rows = (
    <table>
      <tbody data-cursor={body.next_cursor} data-stale={body.stale_since}>
        {newestFirst(body).map((event) => (
          <Row event={event} />
        ))}
      </tbody>
    </table>
  );
  return htmlResponse(c, 200, String(rows));
}

const toQuery = ({ next_cursor }: Events) =>
  new URLSearchParams({ ...(next_cursor !== null && { cursor: next_cursor }) });

const newestFirst = ({ data }: Events) => data.toReversed();

function Feed({ events }: { events: Events }) {
  return (
    <>
      <div id="none" hidden={events.data.length > 0}>
        <Empty title="No events yet">
          <p>Each change of a payment or a refund is an event. The next one appears here.</p>
        </Empty>
      </div>
      <div id="feed" class="feed" hidden={events.data.length === 0}>
        <TableFrame label="Events">
          <table class="stacked">
            <caption>Newest first</caption>
            <thead>
              <tr>
                <th scope="col">Time</th>
                <th scope="col">Event</th>
                <th scope="col">Status</th>
                <th scope="col" class="number">
                  Amount
                </th>
                <th scope="col">Payment</th>
              </tr>
            </thead>
            <tbody
              id="events"
              data-source={LIVE_ROWS}
              data-cursor={events.next_cursor}
              data-interval-ms={INTERVAL_MS}
              data-max-rows={MAX_ROWS}
            >
              {newestFirst(events).map((event) => (
                <Row event={event} />
              ))}
            </tbody>
          </table>
        </TableFrame>
      </div>
    </>
  );
}

function Row({ event }: { event: Events["data"][number] }) {
  const { id, type, transaction_id, created_at, data } = event;
  return (
    <tr data-id={id}>
      <td data-label="Time">
        <Time at={created_at} />
      </td>
      <td data-label="Event">{type}</td>
      <td data-label="Status">
        <Status status={data.status} />
      </td>
      <td data-label="Amount" class="number">
        <Money minor={data.amount_minor} currency={data.currency} />
      </td>
      <td data-label="Payment">
        <Id id={transaction_id} href={paymentPath(transaction_id)} />
      </td>
    </tr>
  );
}
