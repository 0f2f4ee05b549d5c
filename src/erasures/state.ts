/** What an erasure's object stores: the request, how far it has come, and the payments that were found and are not done. All
 *  methods are synchronous. */
import type { ListPlace } from "../d1/transactions/list-source";
import { hasTable } from "../runtime/migrations";
import type { ErasurePlace } from "../transactions/rpc";
import type { Place as VelocityPlace } from "../velocity/rpc";
import type { Erasure, ErasureCounts, ErasureRequest } from "./rpc";
import { migrateErasure } from "./schema";

/** How far an erasure has come. Stages follow each other in this order. */
export type Progress =
  /** `is_new`: whether this pass through the list has found payments that were not known. `waits`: how many passes have found
   *  only payments that have to wait. `resumes`: whether those are tried again before the pass. */
  | {
      stage: "payments";
      after: ListPlace | null;
      is_new: boolean;
      waits: number;
      resumes: boolean;
    }
  | { stage: "earlier_events"; book: number; after: string | null }
  | { stage: "velocity"; shard: number; after: VelocityPlace | null }
  | { stage: "archive"; shard: number; after: ErasurePlace };

export const FIRST_PASS: Progress & { stage: "payments" } = {
  stage: "payments",
  after: null,
  is_new: false,
  waits: 0,
  resumes: false,
};

/** An erasure that is not complete. */
export type Running = ErasureRequest & {
  created_at_ms: number;
  progress: Progress;
  failures: number;
  due_at_ms: number;
};

type Row = Omit<Running, "progress" | "user_id"> & {
  user_id: string | null;
  completed_at_ms: number | null;
  place: string | null;
  counts: string;
};

const NOTHING: ErasureCounts = {
  transactions: 0,
  deliveries: 0,
  counted_payments: 0,
  segments: 0,
  objects: 0,
};

export class ErasureState {
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;

  /** An object that is only asked for an erasure which does not exist stores nothing. */
  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#sql = storage.sql;
    if (this.#hasTables) storage.transactionSync(() => migrateErasure(this.#sql));
  }

  /** Stores the request, unless it is stored already. */
  start({ id, merchant_id, user_id, traceparent }: ErasureRequest, nowMs: number): void {
    this.#storage.transactionSync(() => {
      migrateErasure(this.#sql);
      this.#sql.exec(
        `INSERT OR IGNORE INTO erasure
           (id, merchant_id, user_id, traceparent, created_at_ms, place, counts, failures, due_at_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?5)`,
        id,
        merchant_id,
        user_id,
        traceparent,
        nowMs,
        JSON.stringify(FIRST_PASS),
        JSON.stringify(NOTHING),
      );
    });
  }

  /** The erasure if it is the merchant's. */
  find(merchantId: string): Erasure | undefined {
    const row = this.#read();
    if (row?.merchant_id !== merchantId) return undefined;
    const { id, user_id, created_at_ms, completed_at_ms } = row;
    const counts = JSON.parse(row.counts) as ErasureCounts; // Our own text.
    return { id, user_id, created_at_ms, completed_at_ms, waiting: this.countWaiting(), counts };
  }

  /** The erasure if it is not complete. */
  running(): Running | undefined {
    const row = this.#read();
    if (!row || row.user_id === null || row.place === null) return undefined;
    const { id, merchant_id, user_id, traceparent, created_at_ms, failures, due_at_ms } = row;
    const progress = JSON.parse(row.place) as Progress; // Our own text.
    return {
      ...{ id, merchant_id, user_id, traceparent, created_at_ms, progress, failures, due_at_ms },
    };
  }

  /** Stores what a step has done, in one commit.
   *  @param done payments that are erased, or are of another customer */
  advance(
    progress: Progress,
    { due_at_ms = 0, counted = {}, found = [], waiting = [], done = [], resumes }: Advance = {},
  ): void {
    this.#storage.transactionSync(() => {
      const { counts } = this.#read() ?? { counts: JSON.stringify(NOTHING) };
      const sums = JSON.parse(counts) as ErasureCounts; // Our own text.
      for (const name of Object.keys(counted) as (keyof ErasureCounts)[]) {
        sums[name] += counted[name] ?? 0; // The record's own keys.
      }
      this.#sql.exec(
        "UPDATE erasure SET place = ?, counts = ?, failures = 0, due_at_ms = ?",
        JSON.stringify(progress),
        JSON.stringify(sums),
        due_at_ms,
      );
      if (resumes) this.#sql.exec("UPDATE found_payments SET is_waiting = 0 WHERE is_waiting = 1");
      this.#insert(found);
      for (const id of waiting) {
        this.#sql.exec("UPDATE found_payments SET is_waiting = 1 WHERE transaction_id = ?", id);
      }
      for (const id of done) {
        this.#sql.exec("DELETE FROM found_payments WHERE transaction_id = ?", id);
      }
    });
  }

  /** The step is to be repeated. */
  retry(failures: number, dueAtMs: number): void {
    this.#sql.exec("UPDATE erasure SET failures = ?, due_at_ms = ?", failures, dueAtMs);
  }

  /** The erasure is complete. Its own trace of the customer is deleted. */
  complete(nowMs: number): void {
    this.#sql.exec(
      "UPDATE erasure SET user_id = NULL, place = NULL, completed_at_ms = ?, failures = 0",
      nowMs,
    );
  }

  /** Payments that were found and not tried since. */
  due(limit: number): string[] {
    return this.#sql
      .exec<{ id: string }>(
        "SELECT transaction_id AS id FROM found_payments WHERE is_waiting = 0 LIMIT ?",
        limit,
      )
      .toArray()
      .map(({ id }) => id);
  }

  /** Of these, the payments that are not known. */
  selectNew(ids: string[]): string[] {
    const known = this.#sql
      .exec<{ id: string }>(
        "SELECT transaction_id AS id FROM found_payments WHERE transaction_id IN (SELECT value FROM json_each(?))",
        JSON.stringify(ids),
      )
      .toArray();
    const isKnown = new Set(known.map(({ id }) => id));
    return ids.filter((id) => !isKnown.has(id));
  }

  get #hasTables(): boolean {
    return hasTable(this.#sql, "erasure");
  }

  #insert(ids: string[]): void {
    for (const id of ids) {
      this.#sql.exec("INSERT OR REPLACE INTO found_payments VALUES (?, 0)", id);
    }
  }

  #read(): Row | undefined {
    if (!this.#hasTables) return undefined;
    return this.#sql.exec<Row>("SELECT * FROM erasure").toArray()[0];
  }

  /** How many payments have to wait. */
  countWaiting(): number {
    return this.#sql
      .exec<{ waiting: number }>(
        "SELECT count(*) AS waiting FROM found_payments WHERE is_waiting = 1",
      )
      .one().waiting;
  }
}

/** What a step has done. `due_at_ms`: when the next step is due, at once by default. */
type Advance = {
  due_at_ms?: number;
  counted?: Partial<ErasureCounts>;
  found?: string[];
  waiting?: string[];
  done?: string[];
  /** Payments that have waited are tried again. */
  resumes?: boolean;
};
