/** Reads the texts of a page of the feed from the owners of its transactions. */
import { eventText, type FeedEntry, type FeedPage } from "../../d1/events/event-queries";
import { eventId } from "../../domain/identity/id";
import { describeFault } from "../../observability/log";
import { TimeoutError } from "../../runtime/with-timeout";
import { RecordsRefused, readEvents } from "../../transactions/client";
import type { EventRange } from "../../transactions/rpc";
import type { AppContext } from "../context";
import { Problem } from "../http/problem";
import { buildCaller } from "../transactions/owner";
import { toProblem } from "../transactions/refusal-problem";

/** A page whose items are JSON text. It ends before the first event whose owner fails, and continues there later.
 *  @throws Problem, or the fault of the call, when that is its first event */
export async function readFeedTexts(c: AppContext, { entries, hasMore, next }: FeedPage) {
  const { events, faults } = await readEvents(buildCaller(c), toRanges(entries));
  const [fault] = faults.values();
  if (fault) c.get("log")("warn", "feed.owner_failed", { fault: describeFault(fault) });
  const end = entries.findIndex(
    ({ event, transaction_id }) => !event && faults.has(transaction_id),
  );
  if (end === 0) throw toOwnerFault(fault);
  const page = end < 0 ? entries : entries.slice(0, end);
  const texts = new Map(
    events.map((event) => [eventId(event.transaction_id, event.sequence), eventText(event)]),
  );
  const items = page.flatMap(({ event, transaction_id, sequence }) =>
    event ? eventText(event) : (texts.get(eventId(transaction_id, sequence)) ?? []),
  );
  // An object that was set back lacks its newest events, which must not end the feed.
  const rows = page.length - items.length;
  if (rows > 0) c.get("log")("error", "feed.events_missing", { rows });
  if (end < 0) return { items, hasMore, next };
  return { items, hasMore: true, next: page.at(-1)?.place ?? next };
}

/** The events whose text an owner has, of each transaction together. */
function toRanges(entries: FeedEntry[]): EventRange[] {
  const ranges = new Map<string, EventRange>();
  for (const { event, transaction_id, sequence } of entries) {
    if (event) continue;
    const { first, last } = ranges.get(transaction_id) ?? { first: sequence, last: sequence };
    const range = { first: Math.min(first, sequence), last: Math.max(last, sequence) };
    ranges.set(transaction_id, { transaction_id, ...range });
  }
  return [...ranges.values()];
}

function toOwnerFault(fault: unknown): unknown {
  if (fault instanceof RecordsRefused) return toProblem(fault.refusal);
  return fault instanceof TimeoutError ? new Problem("unavailable") : fault;
}
