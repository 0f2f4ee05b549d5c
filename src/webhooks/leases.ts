/** Leases: which deliveries are on their way to a consumer or with one. Until a lease ends, no other attempt is made.
 *
 *  They are in memory only, because a dispatcher alone hands its deliveries out. After a restart there are none, so
 *  whatever was under way is due again; a message from before finds no lease and has no effect. */

import { ClockWatch } from "../domain/time/clock";

/** A queue message that no consumer has taken by then counts as lost. */
const SENT_LEASE_MS = 30_000;
/** Three times the limit of an attempt. */
const TAKEN_LEASE_MS = 15_000;
/** When deliveries are due again that the queue did not accept. */
const REFUSED_MS = 5_000;

/** `sent`: in the queue. `taken`: with a consumer. `refused`: the queue reported a failure, and may hold the message all
 *  the same. */
type Kind = "sent" | "taken" | "refused";
const LENGTHS_MS: Record<Kind, number> = {
  sent: SENT_LEASE_MS,
  taken: TAKEN_LEASE_MS,
  refused: REFUSED_MS,
};

type Lease = { kind: Kind; until_ms: number };
/** What a lease belongs to. */
export type Leased = { endpoint_id: string; position: number };

export class Leases {
  /** By endpoint and position. A lease that has ended stays until the delivery is sent again or ends: a consumer that
   *  comes late must not get a delivery that was taken before. */
  readonly #leases = new Map<string, Map<number, Lease>>();
  readonly #clock = new ClockWatch();

  /** The delivery goes into the queue. */
  send(delivery: Leased, nowMs: number): void {
    this.#set(delivery, "sent", nowMs);
  }

  /** A consumer asks for a delivery. @returns whether it gets it: the first one does, once for each sending */
  take(delivery: Leased, nowMs: number): boolean {
    const kind = this.#find(delivery)?.kind;
    if (kind !== "sent" && kind !== "refused") return false;
    this.#set(delivery, "taken", nowMs);
    return true;
  }

  /** The queue reported a failure, so the delivery is due again soon, unless a consumer took it all the same. */
  refuse(delivery: Leased, nowMs: number): void {
    if (this.#find(delivery)?.kind === "sent") this.#set(delivery, "refused", nowMs);
  }

  /** The attempt was recorded, or the delivery ended or was restarted. */
  end({ endpoint_id, position }: Leased): void {
    const ofEndpoint = this.#leases.get(endpoint_id);
    ofEndpoint?.delete(position);
    if (ofEndpoint?.size === 0) this.#leases.delete(endpoint_id);
  }

  /** All deliveries of an endpoint ended. */
  endAll(endpointId: string): void {
    this.#leases.delete(endpointId);
  }

  /** Whether an attempt is on its way or being made. */
  isUnderWay(delivery: Leased, nowMs: number): boolean {
    this.#shortenIfClockWentBack(nowMs);
    const lease = this.#find(delivery);
    return lease !== undefined && isUnderWay(lease, nowMs);
  }

  /** How many attempts of an endpoint are on their way or being made. */
  countUnderWay(endpointId: string, nowMs: number): number {
    this.#shortenIfClockWentBack(nowMs);
    const leases = [...(this.#leases.get(endpointId)?.values() ?? [])];
    return leases.filter((lease) => isUnderWay(lease, nowMs)).length;
  }

  /** The positions of the deliveries that are not to be sent now, as JSON for a statement. */
  heldPositions(nowMs: number): string {
    return JSON.stringify(this.#running(nowMs).map(([position]) => position));
  }

  /** When the first lease ends, and its delivery is due again; undefined when there is none. */
  nextEndsAtMs(nowMs: number): number | undefined {
    const ends = this.#running(nowMs).map(([, { until_ms }]) => until_ms);
    return ends.length === 0 ? undefined : Math.min(...ends);
  }

  #find({ endpoint_id, position }: Leased): Lease | undefined {
    return this.#leases.get(endpoint_id)?.get(position);
  }

  #set({ endpoint_id, position }: Leased, kind: Kind, nowMs: number): void {
    const ofEndpoint = this.#leases.get(endpoint_id) ?? new Map<number, Lease>();
    this.#leases.set(endpoint_id, ofEndpoint);
    ofEndpoint.set(position, { kind, until_ms: nowMs + LENGTHS_MS[kind] });
  }

  #running(nowMs: number): [number, Lease][] {
    this.#shortenIfClockWentBack(nowMs);
    return this.#all().filter(([, { until_ms }]) => until_ms > nowMs);
  }

  /** A lease lasts its whole length from now at most. It does not end: the delivery would be sent twice. */
  #shortenIfClockWentBack(nowMs: number): void {
    if (!this.#clock.hasGoneBack(nowMs)) return;
    for (const [, lease] of this.#all()) {
      lease.until_ms = Math.min(lease.until_ms, nowMs + LENGTHS_MS[lease.kind]);
    }
  }

  #all(): [number, Lease][] {
    return [...this.#leases.values()].flatMap((ofEndpoint) => [...ofEndpoint]);
  }
}

function isUnderWay({ kind, until_ms }: Lease, nowMs: number): boolean {
  return kind !== "refused" && until_ms > nowMs;
}
