/** Exact rolling windows over one shard's customers, in its SQLite.
 *
 *  Every payment of the last day is a row. Of customers seen lately the running counts are kept in
 *  memory: a payment adds to them, and rows that leave a window are read once and taken away. So a
 *  payment costs the same whether its customer made ten others today or ten thousand. */
import {
  type Observation,
  type Signals,
  WINDOWS,
  WINDOWS_MS,
  type Window,
} from "../domain/velocity";

/** Running counts kept in memory at most: some 10 MB of the object's 128. Others are counted from their rows. */
const MAX_HOT_CUSTOMERS = 10_000;
/** A row is kept for a day after it has left the longest window, so that a payment reported again a while
 *  later still finds all the rows that its first signals were made of. */
const KEPT_MS = 2 * WINDOWS_MS.day;
/** Rows deleted in one go: a few milliseconds, so a sweep never holds up payments. */
export const SWEEP_ROWS = 5_000;

type Row = { at: number; currency: string; amount_minor: number };
type Sums = { count: number; sum: bigint };
/** Rows up to and including `left` are no longer counted. */
type Running = { left: number; oldest: number; total: number; by_currency: Map<string, Sums> };
type Customer = Record<Window, Running>;

export class Windows {
  readonly #sql: SqlStorage;
  readonly #hot = new Map<string, Customer>();

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(`
      CREATE TABLE IF NOT EXISTS payments (
        position INTEGER PRIMARY KEY,
        transaction_id TEXT NOT NULL UNIQUE,
        customer TEXT NOT NULL,
        at INTEGER NOT NULL,
        currency TEXT NOT NULL,
        amount_minor INTEGER NOT NULL
      );
      CREATE INDEX IF NOT EXISTS payments_by_customer ON payments (customer, at, currency, amount_minor);
    `);
  }

  /** Counts a payment once and returns the customer's signals with it included. A payment reported
   *  again gets the signals it got the first time. `nowMs` must not be below that of an earlier call. */
  observe(payment: Observation, nowMs: number): Signals {
    const { transaction_id, currency, amount_minor } = payment;
    const customer = customerOf(payment);
    const running = this.#running(customer, nowMs);
    const inserted = this.#sql.exec(
      `INSERT INTO payments (transaction_id, customer, at, currency, amount_minor) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (transaction_id) DO NOTHING`,
      transaction_id,
      customer,
      nowMs,
      currency,
      amount_minor,
    );
    if (inserted.rowsWritten === 0) return this.#recall(transaction_id);
    for (const window of WINDOWS) add(running[window], { at: nowMs, currency, amount_minor });
    return signalsOf(running, currency);
  }

  /** Forgets what is in memory; after a failed commit it may count payments that were never stored. */
  forget(): void {
    this.#hot.clear();
  }

  /** The time of the newest and of the oldest payment held, if any. */
  span(): { oldest: number; newest: number } | undefined {
    const [row] = this.#sql
      .exec<{ oldest: number; newest: number }>(
        `SELECT (SELECT at FROM payments ORDER BY position LIMIT 1) AS oldest,
                (SELECT at FROM payments ORDER BY position DESC LIMIT 1) AS newest`,
      )
      .toArray();
    return row?.oldest == null ? undefined : row;
  }

  /** Deletes payments that nobody needs any more, a bounded number at a time.
   *  @returns how many were deleted. */
  sweep(nowMs: number): number {
    // Rows were inserted in the order of their times, so the expired ones are the first.
    const { rowsWritten } = this.#sql.exec(
      `DELETE FROM payments WHERE position IN
         (SELECT position FROM payments WHERE position <= (SELECT min(position) FROM payments) + ?
            AND at <= ? ORDER BY position LIMIT ?)`,
      SWEEP_ROWS,
      nowMs - KEPT_MS,
      SWEEP_ROWS,
    );
    if (rowsWritten > 0) this.forget();
    return rowsWritten;
  }

  #running(customer: string, nowMs: number): Customer {
    let running = this.#hot.get(customer);
    if (running) {
      this.#hot.delete(customer); // Back in at the young end: the first of the map is the least used.
      for (const window of WINDOWS)
        this.#leave(customer, running[window], nowMs - WINDOWS_MS[window]);
    } else {
      running = this.#load(customer, nowMs);
    }
    this.#hot.set(customer, running);
    if (this.#hot.size > MAX_HOT_CUSTOMERS) {
      const [leastUsed = ""] = this.#hot.keys();
      this.#hot.delete(leastUsed);
    }
    return running;
  }

  #load(customer: string, nowMs: number): Customer {
    const running = Object.fromEntries(
      WINDOWS.map((window) => [window, emptyFrom(nowMs - WINDOWS_MS[window])]),
    ) as Customer; // Every window is a key: WINDOWS are the keys of the record's type.
    for (const row of this.#rows(customer, nowMs - WINDOWS_MS.day, nowMs)) {
      for (const window of WINDOWS) if (row.at > running[window].left) add(running[window], row);
    }
    return running;
  }

  /** Takes away what has left a window since it was last looked at. */
  #leave(customer: string, running: Running, until: number): void {
    if (running.oldest > until) return;
    for (const { currency, amount_minor } of this.#rows(customer, running.left, until)) {
      const sums = running.by_currency.get(currency);
      if (!sums) continue;
      running.total -= 1;
      sums.count -= 1;
      sums.sum -= BigInt(amount_minor);
      if (sums.count === 0) running.by_currency.delete(currency);
    }
    running.left = until;
    const [next] = this.#sql
      .exec<{ at: number }>(
        "SELECT at FROM payments WHERE customer = ? AND at > ? ORDER BY at LIMIT 1",
        customer,
        until,
      )
      .toArray();
    running.oldest = next?.at ?? Number.POSITIVE_INFINITY;
  }

  /** The signals a payment was given when it was first counted, from the rows that were there then. */
  #recall(transactionId: string): Signals {
    const own = this.#sql
      .exec<Row & { position: number; customer: string }>(
        "SELECT * FROM payments WHERE transaction_id = ?",
        transactionId,
      )
      .one();
    const running = Object.fromEntries(
      WINDOWS.map((window) => [window, emptyFrom(own.at - WINDOWS_MS[window])]),
    ) as Customer; // As in #load.
    const rows = this.#sql.exec<Row>(
      "SELECT at, currency, amount_minor FROM payments WHERE customer = ? AND at > ? AND position <= ?",
      own.customer,
      own.at - WINDOWS_MS.day,
      own.position,
    );
    for (const row of rows) {
      for (const window of WINDOWS) if (row.at > running[window].left) add(running[window], row);
    }
    return signalsOf(running, own.currency);
  }

  #rows(customer: string, after: number, until: number): Iterable<Row> {
    return this.#sql.exec<Row>(
      "SELECT at, currency, amount_minor FROM payments WHERE customer = ? AND at > ? AND at <= ? ORDER BY at",
      customer,
      after,
      until,
    );
  }
}

/** Merchant ids have no slash, so no two customers share a name. */
function customerOf({ merchant_id, user_id }: Observation): string {
  return `${merchant_id}/${user_id}`;
}

function emptyFrom(left: number): Running {
  return { left, oldest: Number.POSITIVE_INFINITY, total: 0, by_currency: new Map() };
}

function add(running: Running, { at, currency, amount_minor }: Row): void {
  const sums = running.by_currency.get(currency) ?? { count: 0, sum: 0n };
  sums.count += 1;
  sums.sum += BigInt(amount_minor);
  running.by_currency.set(currency, sums);
  running.total += 1;
  running.oldest = Math.min(running.oldest, at);
}

const LARGEST_SUM = BigInt(Number.MAX_SAFE_INTEGER);

function signalsOf(running: Customer, currency: string): Signals {
  const signals = WINDOWS.map((window) => {
    const { total, by_currency } = running[window];
    const { count, sum } = by_currency.get(currency) ?? { count: 0, sum: 0n };
    const sumMinor = Number(sum < LARGEST_SUM ? sum : LARGEST_SUM);
    return [window, { count: total, currency_count: count, sum_minor: sumMinor }];
  });
  return Object.fromEntries(signals) as Signals; // Every window is a key, as in #load.
}
