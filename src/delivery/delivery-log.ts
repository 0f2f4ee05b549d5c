/** The delivery log: what a merchant sees of its deliveries. */
import type { Delivery, DeliveryStatus } from "./delivery";

export type Attempt = {
  number: number;
  started_at: number;
  duration_ms: number;
  status_code: number | null;
  error: string | null;
};

export type DeliveryFilter = {
  endpoint_id?: string | undefined;
  status?: DeliveryStatus | undefined;
  event_type?: string | undefined;
  transaction_id?: string | undefined;
};

export type ShownDelivery = Delivery & { log: Attempt[] };

export class DeliveryLog {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** A delivery with all of its attempts. */
  shown(delivery: Delivery): ShownDelivery {
    return { ...delivery, log: this.#attemptsOf(delivery.position) };
  }

  #attemptsOf(position: number): Attempt[] {
    return this.#sql
      .exec<Attempt>(
        `SELECT number, started_at, duration_ms, status_code, error FROM attempts
         WHERE delivery = ? ORDER BY number`,
        position,
      )
      .toArray();
  }

  /** Newest first, below `before`. */
  list(filter: DeliveryFilter, before: number | undefined, limit: number): ShownDelivery[] {
    const given = Object.entries({ ...filter }).filter(([, value]) => value !== undefined);
    // Names of columns come from our own type, never from a caller.
    const wheres = given.map(([column]) => `${column} = ?`);
    return this.#sql
      .exec<Delivery>(
        `SELECT * FROM deliveries WHERE ${["position < ?", ...wheres].join(" AND ")}
         ORDER BY position DESC LIMIT ?`,
        before ?? Number.MAX_SAFE_INTEGER,
        ...given.map(([, value]) => value),
        limit,
      )
      .toArray()
      .map((delivery) => this.shown(delivery));
  }
}
