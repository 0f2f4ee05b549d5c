/** What a relay delivers events to, and how a delivery reports a failure. */
import type { EventRecord, EventType } from "../../domain/transaction/event";
import type { DestinationName } from "../rpc";

/** Bounds a delivery in events, and in about so many characters of their data. */
export type BatchLimits = { rows: number; characters: number };

/** How a destination takes events. */
export type Delivery = {
  /** Resolves when all of these events have arrived. May be called again with the same events.
   *  @param failures how many deliveries have failed in a row before this one
   *  @throws when some have not arrived; a `DeliveryFault` may say when to retry */
  deliver: (events: EventRecord[], failures: number) => Promise<void>;
  /** The most that one delivery holds. By default 200 events, or 600,000 characters of their data. */
  max_batch?: BatchLimits;
  /** The first of these events that may go into one delivery, at least one. By default all of them. */
  selectBatch?: (events: EventRecord[]) => EventRecord[];
  /** The only types of events that are delivered. By default all types. */
  types?: readonly EventType[];
  /** For how long events are gathered before a drain. By default they are not. */
  gather_ms?: () => number;
  /** When a delivery is due without new events; undefined for never. */
  due_at_ms?: () => number | undefined;
  /** How many events the destination has set aside to deliver later. */
  waiting?: () => number;
  /** The position of the first event that is set aside, of a merchant or of all (null). */
  waiting_from?: (merchantId: string | null) => number | undefined;
  /** Called when all events are to be delivered again, from the first one on. */
  rewind?: () => void;
  /** A delivery that takes longer has failed. */
  timeout_ms?: number;
};

export type Destination = Delivery & {
  name: DestinationName;
  onDelivery?: (rows: number) => void;
  onFailure: (fault: unknown, rows: number, failures: number) => void;
};

/** A failed delivery whose destination may request a delay. */
export class DeliveryFault extends Error {
  override readonly name = "DeliveryFault";
  readonly retry_after_ms: number;

  /** @param reason made for the log: it quotes no data of merchants */
  constructor(reason: string, retryAfterMs = 0) {
    super(reason);
    this.retry_after_ms = retryAfterMs;
  }
}
