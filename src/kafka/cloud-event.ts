/** An event in the form in which the stream carries it: CloudEvents 1.0, JSON, structured mode. */

import { eventId } from "../domain/identity/id";
import { formatTime } from "../domain/time/format-time";
import { announcedText, type EventRecord } from "../domain/transaction/event";

/** How a record's header names that form, where a server can carry headers. */
export const CLOUD_EVENT_MEDIA_TYPE = "application/cloudevents+json; charset=UTF-8";

/** Ids are unique within it, so it is a constant: consumers drop what has the same source and id. */
const SOURCE = "/payments";
/** Texts of one length compare like the numbers they hold. */
const SEQUENCE_DIGITS = 10;

/** The event as text, for all time the same bytes: what is sent again must be what was sent.
 *  The own text of the transaction or the refund is taken over as it is, never parsed and written anew. The subject is the
 *  transaction also of a refund's event, because `txseq` counts the transaction's events. */
export function toCloudEvent(event: EventRecord): string {
  const attributes = JSON.stringify({
    specversion: "1.0",
    id: eventId(event.transaction_id, event.sequence),
    source: SOURCE,
    type: `payments.${event.type}.v1`,
    subject: event.transaction_id,
    time: formatTime(event.created_at_ms),
    datacontenttype: "application/json",
    partitionkey: event.transaction_id,
    merchantid: event.merchant_id,
    txseq: String(event.sequence).padStart(SEQUENCE_DIGITS, "0"),
    // The distributed tracing extension; an older event goes on without it, because its bytes must not change.
    ...(event.traceparent === null ? {} : { traceparent: event.traceparent }),
  });
  return `${attributes.slice(0, -"}".length)},"data":${announcedText(event)}}`;
}
