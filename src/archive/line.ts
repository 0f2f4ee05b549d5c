/** The JSON line of an archived payment. Ordinary tools can read it, and every text of the payment is restored from it to the
 *  byte: its last state is whole, and each event has what differs from that. */
import * as z from "zod";
import { isRefundId, isTransactionId, transactionOfRefund } from "../domain/identity/id";
import { formatTime } from "../domain/time/format-time";
import { EVENT_TYPES, type EventRecord } from "../domain/transaction/event";
import { type Members, packMembers, unpackMembers } from "../domain/transaction/stored/packed-text";
import { ArchiveFault } from "./archive-fault";

/** All that a shard has of a payment. */
export type ArchivedPayment = {
  /** All of them, in order. */
  events: EventRecord[];
  /** In the order of their creation. The rest of a refund is in the events that are about it. */
  refunds: ArchivedRefund[];
  /** The JSON text of what the processor needs to charge it; null when nothing is stored. */
  details: string | null;
};

/** `sent_minor`: the amount that the request named. */
type ArchivedRefund = { id: string; sent_minor: number | null };

/** A text inside a line: its object, or the text as a string when the object would not give the same text. */
const Embedded = z.union([z.string(), z.custom<Members>(isObject)]);
type Embedded = z.output<typeof Embedded>;

/** An event with the text of the last state has no `changes`. */
const LineEvent = z.strictObject({
  position: z.int().min(1),
  sequence: z.int().min(1),
  type: z.enum(EVENT_TYPES),
  created_at_ms: z.int(),
  traceparent: z.string().optional(),
  changes: Embedded.optional(),
  refund: Embedded.optional(),
});
type LineEvent = z.output<typeof LineEvent>;

const Line = z.strictObject({
  merchant_id: z.string().min(1),
  transaction: Embedded,
  events: z.array(LineEvent).min(1),
  refunds: z
    .array(z.strictObject({ id: z.string(), sent_minor: z.int().nullable() }))
    .min(1)
    .optional(),
  details: Embedded.optional(),
});
type Line = z.output<typeof Line>;

/** How a text is in a line. */
type Embed = (text: string) => Embedded;

/** A payment as a line, without the line break. It is restored from the line first, because the line is all that will be left
 *  of it. Only a text that its object does not give again is in the line as a string, and then all others too.
 *  @throws Error when the events are not those of one payment, from the first one on */
export function toLine(payment: ArchivedPayment): string {
  for (const embed of [embedObject, embedText]) {
    const line = JSON.stringify(newLine(payment, embed));
    if (isRestored(line, payment)) return line;
  }
  throw new Error("the events of an archived payment are not restored from its line");
}

function isRestored(line: string, payment: ArchivedPayment): boolean {
  try {
    const { events, refunds, details } = fromLine(line, "a new line");
    const isSame = areSame(events, payment.events) && areSame(refunds, payment.refunds);
    return isSame && details === payment.details;
  } catch {
    return false;
  }
}

/** Whether objects have the same members, of which none is an object. */
function areSame<Flat extends object>(ones: Flat[], others: Flat[]): boolean {
  const isSame = (one: Flat, other: Flat | undefined) => {
    const names = Object.keys(one) as (keyof Flat)[]; // An object has its own keys.
    return (
      other !== undefined &&
      names.length === Object.keys(other).length &&
      names.every((name) => Object.is(one[name], other[name]))
    );
  };
  return ones.length === others.length && ones.every((one, at) => isSame(one, others[at]));
}

function newLine({ events, refunds, details }: ArchivedPayment, embed: Embed): Line {
  const [first, last] = [events[0], events.at(-1)];
  if (!first || !last) throw new Error("a payment without events");
  const transaction = embed(last.data);
  return {
    merchant_id: first.merchant_id,
    transaction,
    events: events.map((event) => toLineEvent(event, { last, transaction, embed })),
    ...(refunds.length > 0 && { refunds }),
    ...(details !== null && { details: embed(details) }),
  };
}

/** The payment of a line.
 *  @param key of the object that has the line, for the fault
 *  @throws ArchiveFault when the line is malformed */
export function fromLine(line: string, key: string): ArchivedPayment {
  try {
    return restore(Line.parse(JSON.parse(line)));
  } catch {
    // What was thrown may quote the line.
    throw new ArchiveFault("altered", key, "a line is not an archived payment");
  }
}

type InLine = { last: EventRecord; transaction: Embedded; embed: Embed };

function toLineEvent(event: EventRecord, { last, transaction, embed }: InLine): LineEvent {
  const { position, sequence, type, created_at_ms, traceparent, data, refund } = event;
  return {
    position,
    sequence,
    type,
    created_at_ms,
    ...(traceparent !== null && { traceparent }),
    ...(data !== last.data && { changes: packChanges(event, transaction, embed(data)) }),
    ...(refund !== null && { refund: embed(refund) }),
  };
}

function packChanges(event: EventRecord, transaction: Embedded, own: Embedded): Embedded {
  if (typeof transaction === "string" || typeof own === "string") return event.data;
  return packMembers(own, baseOf(transaction, event)) ?? event.data;
}

/** What an event is packed against: the last state, with what the event has as members of its own. */
function baseOf(state: Members, event: Pick<LineEvent, "sequence" | "created_at_ms">): Members {
  const { sequence, created_at_ms } = event;
  return { ...state, version: sequence, updated_at: formatTime(created_at_ms) };
}

/** @throws when the line's parts contradict each other */
function restore({ merchant_id, transaction, events, refunds = [], details }: Line) {
  const lastText = extract(transaction);
  const transaction_id = readId(transaction);
  const [first_position = 0] = events.map(({ position }) => position);
  let before = 0;
  const records = events.map((event, at): EventRecord => {
    const { position, sequence, type, created_at_ms, traceparent = null, refund } = event;
    check(sequence === at + 1 && position > before);
    before = position;
    return {
      position,
      merchant_id,
      transaction_id,
      sequence,
      type,
      created_at_ms,
      data: restoreText(event, lastText, transaction),
      traceparent,
      first_position,
      refund: refund === undefined ? null : extract(refund),
    };
  });
  check(events.at(-1)?.changes === undefined);
  for (const { id } of refunds) check(isRefundId(id) && transactionOfRefund(id) === transaction_id);
  return { events: records, refunds, details: details === undefined ? null : extract(details) };
}

function restoreText(event: LineEvent, lastText: string, transaction: Embedded): string {
  const { changes } = event;
  if (changes === undefined) return lastText;
  if (typeof changes === "string") return changes;
  check(typeof transaction === "object");
  return JSON.stringify(unpackMembers(changes, baseOf(transaction, event)));
}

function embedText(text: string): string {
  return text;
}

function embedObject(text: string): Embedded {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : text;
  } catch {
    return text;
  }
}

function extract(embedded: Embedded): string {
  return typeof embedded === "string" ? embedded : JSON.stringify(embedded);
}

/** @throws when there is none */
function readId(transaction: Embedded): string {
  const { id } = typeof transaction === "string" ? JSON.parse(transaction) : transaction;
  check(typeof id === "string" && isTransactionId(id));
  return id;
}

function isObject(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function check(holds: boolean): asserts holds {
  if (!holds) throw new Error("malformed");
}
