/** A shard's stored numbers, each with a name. */
import type { SqlWriter } from "./sql-writer";

/** The position up to which a destination has every event, and the deployment's shard count. */
export type CheckpointName =
  | "book_delivered_through"
  | "webhooks_delivered_through"
  | "stream_delivered_through"
  | "velocity_delivered_through"
  | "transaction_shards";

export class Checkpoints {
  readonly #writer: SqlWriter;
  readonly #values = new Map<CheckpointName, number>();

  /** @param sql with the journal's tables */
  constructor(sql: SqlStorage, writer: SqlWriter) {
    this.#writer = writer;
    const stored = sql.exec<{ name: CheckpointName; value: number }>(
      "SELECT name, value FROM marks",
    );
    for (const { name, value } of stored) this.#values.set(name, value);
  }

  get(name: CheckpointName): number | undefined {
    return this.#values.get(name);
  }

  /** Writes a number, unless it has this value already. */
  set(name: CheckpointName, value: number): void {
    if (this.#values.get(name) === value) return;
    this.#writer.write(
      "INSERT INTO marks (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
      name,
      value,
    );
    this.#values.set(name, value);
  }
}
