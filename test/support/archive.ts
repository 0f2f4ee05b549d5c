/** Payments as a shard hands them to the archive, and segments of them. */

import type { ArchivedPayment } from "../../src/archive/line";
import type { SegmentPlace, SortKey } from "../../src/archive/manifest";
import {
  type BuiltSegment,
  buildSegment,
  type Segment,
  toSortKey,
} from "../../src/archive/segment";
import { deriveTransactionId } from "../../src/domain/identity/id";
import type { Event } from "../../src/domain/transaction/event";
import { NOW_MS, TRACEPARENT } from "./examples";
import { life, toRecord } from "./lives";

export const PLACE: SegmentPlace = {
  shard: "shard-0",
  number: 1,
  previous: null,
  sealed_at_ms: NOW_MS + 90 * 86_400_000,
};

/** The events of a payment, from a position on, with the refunds that they are about. */
export function archived(events: Event[], position = 1, details: string | null = null) {
  const records = events.map((event, at) => ({
    ...toRecord(event),
    position: position + 2 * at,
    first_position: position,
    traceparent: at === 0 ? TRACEPARENT : null,
  }));
  const refunds = events.flatMap(({ type, refund }) =>
    refund && type === "refund.created" ? [{ id: refund.id, sent_minor: null }] : [],
  );
  return { events: records, refunds, details } satisfies ArchivedPayment;
}

/** Completed payments of some merchants in turn, a second after each other. */
export function paymentsOf(merchants: string[], count: number): ArchivedPayment[] {
  return Array.from({ length: count }, (_, at) => {
    const merchant = merchants[at % merchants.length] ?? "";
    return renamed(
      archived(life(`key-${at}`, "completed"), 1 + 10 * at),
      merchant,
      `key-${at}`,
      at,
    );
  });
}

/** The same payment of another merchant, some seconds later. */
function renamed(payment: ArchivedPayment, merchant_id: string, key: string, seconds: number) {
  const transaction_id = deriveTransactionId(merchant_id, key);
  const created_at_ms = NOW_MS + seconds * 1_000;
  const created_at = new Date(created_at_ms).toISOString();
  const events = payment.events.map((event) => {
    const transaction = { ...JSON.parse(event.data), id: transaction_id, created_at };
    return {
      ...event,
      merchant_id,
      transaction_id,
      created_at_ms,
      data: JSON.stringify(transaction),
    };
  });
  return { ...payment, events };
}

export function keyOf({ events: [first] }: ArchivedPayment): SortKey {
  if (!first) throw new Error("no events");
  return toSortKey(first);
}

/** Builds a segment of payments that are in memory. */
export function build(
  payments: ArchivedPayment[],
  place: Partial<SegmentPlace> = {},
): Promise<BuiltSegment> {
  const byId = new Map(payments.map((payment) => [keyOf(payment).id, payment]));
  const read = (keys: SortKey[]) => keys.map(({ id }) => byId.get(id) as ArchivedPayment); // Of the same list.
  return buildSegment({ ...PLACE, ...place }, payments.map(keyOf), read);
}

/** The segment of payments of which none is too large. */
export async function sealed(
  payments: ArchivedPayment[],
  place: Partial<SegmentPlace> = {},
): Promise<Segment> {
  const { segment } = await build(payments, place);
  if (!segment) throw new Error("no segment");
  return segment;
}
