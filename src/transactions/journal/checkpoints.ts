/** Numbers that a shard must remember, each under its name. */
import type { Writer } from "./sql-writer";

/** How far a destination has come, and the deployment's shard count. */
export type Mark =
  | "book_delivered_through"
  | "webhooks_delivered_through"
  | "stream_delivered_through"
  | "velocity_delivered_through"
  | "transaction_shards";

export class Marks {
  readonly #writer: Writer;
  readonly #values = new Map<Mark, number>();

  /** @param sql of the journal, whose tables have been made */
  constructor(sql: SqlStorage, writer: Writer) {
    this.#writer = writer;
    const stored = sql.exec<{ name: Mark; value: number }>("SELECT name, value FROM marks");
    for (const { name, value } of stored) this.#values.set(name, value);
  }

  get(name: Mark): number | undefined {
    return this.#values.get(name);
  }

  /** Writes a mark, unless that is its value already. */
  set(name: Mark, value: number): void {
    if (this.#values.get(name) === value) return;
    this.#writer.write(
      "INSERT INTO marks (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
      name,
      value,
    );
    this.#values.set(name, value);
  }
}
