// The peer's table in PostgreSQL and its statements, each a transaction of its own and prepared once a connection.
import postgres from "postgres";
import type { Outcome } from "./processor.ts";
import type { Reason } from "./risk.ts";

/** A row. `amount_minor` is a bigint, which the driver returns as text. */
export type Transaction = {
  id: string;
  idempotency_key: string;
  request_hash: string;
  user_id: string;
  amount_minor: string;
  currency: string;
  status: "pending" | "processing" | "completed" | "failed";
  fraud_score: number;
  reasons: Reason[];
  description: string | null;
  metadata: Record<string, string>;
  webhook_url: string | null;
  version: number;
  created_at: Date;
  updated_at: Date;
};

type NewTransaction = Omit<Transaction, "amount_minor" | "version" | "updated_at"> & {
  amount_minor: number;
};

export type Store = ReturnType<typeof openStore>;

/** `connections` is the size of the pool. */
export function openStore(port: number, connections: number) {
  const sql = postgres({
    host: "127.0.0.1",
    port,
    username: "bench",
    database: "postgres",
    max: connections,
    onnotice: () => {},
  });
  return {
    /** Creates the table; safe for several processes at once. */
    async migrate(): Promise<void> {
      await sql.begin(async (transaction) => {
        await transaction`SELECT pg_advisory_xact_lock(1)`;
        await transaction`
          CREATE TABLE IF NOT EXISTS transactions (
            id text PRIMARY KEY,
            idempotency_key text NOT NULL UNIQUE,
            request_hash text NOT NULL,
            user_id text NOT NULL,
            amount_minor bigint NOT NULL CHECK (amount_minor > 0),
            currency text NOT NULL,
            status text NOT NULL CHECK (status IN ('pending', 'processing', 'completed', 'failed')),
            fraud_score integer NOT NULL,
            reasons jsonb NOT NULL,
            description text,
            metadata jsonb NOT NULL,
            webhook_url text,
            version integer NOT NULL DEFAULT 1,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL
          )`;
      });
    },

    /** Inserts a transaction, or returns the one that has its idempotency key. */
    async insert(made: NewTransaction): Promise<{ is_new: boolean; row: Transaction }> {
      const [inserted] = await sql<Transaction[]>`
        INSERT INTO transactions (id, idempotency_key, request_hash, user_id, amount_minor, currency, status,
          fraud_score, reasons, description, metadata, webhook_url, created_at, updated_at)
        VALUES (${made.id}, ${made.idempotency_key}, ${made.request_hash}, ${made.user_id}, ${made.amount_minor},
          ${made.currency}, ${made.status}, ${made.fraud_score}, ${sql.json(made.reasons)}, ${made.description},
          ${sql.json(made.metadata)}, ${made.webhook_url}, ${made.created_at}, ${made.created_at})
        ON CONFLICT (idempotency_key) DO NOTHING
        RETURNING *`;
      if (inserted !== undefined) return { is_new: true, row: inserted };
      const [earlier] = await sql<Transaction[]>`
        SELECT * FROM transactions WHERE idempotency_key = ${made.idempotency_key}`;
      if (earlier === undefined) throw new Error("a transaction that exists was not found");
      return { is_new: false, row: earlier };
    },

    /** Moves a pending transaction to processing; undefined when it is not pending. Only one caller succeeds. */
    async claim(id: string) {
      type Claimed = Pick<Transaction, "id" | "amount_minor" | "currency">;
      const [claimed] = await sql<Claimed[]>`
        UPDATE transactions SET status = 'processing', version = version + 1, updated_at = now()
        WHERE id = ${id} AND status = 'pending'
        RETURNING id, amount_minor, currency`;
      return claimed;
    },

    async recordOutcome(id: string, outcome: Outcome): Promise<Transaction> {
      const [recorded] = await sql<Transaction[]>`
        UPDATE transactions SET status = ${outcome}, version = version + 1, updated_at = now()
        WHERE id = ${id} AND status = 'processing'
        RETURNING *`;
      if (recorded === undefined) throw new Error("a claimed transaction was not processing");
      return recorded;
    },

    async find(id: string): Promise<Transaction | undefined> {
      const [found] = await sql<Transaction[]>`SELECT * FROM transactions WHERE id = ${id}`;
      return found;
    },

    close: () => sql.end(),
  };
}
