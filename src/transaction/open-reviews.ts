/** When reviews expire. A row exists exactly while its transaction is in `review`. */
import type { Writer } from "./writer";

export class OpenReviews {
  readonly #sql: SqlStorage;
  readonly #writer: Writer;
  /** Kept, because every round asks for it and few change it. */
  #nextAtMs: number | undefined;

  /** @param sql of the journal, whose tables have been made */
  constructor(sql: SqlStorage, writer: Writer) {
    this.#sql = sql;
    this.#writer = writer;
    this.#reread();
  }

  /** When the next one expires; undefined when none is open. */
  get nextAtMs(): number | undefined {
    return this.#nextAtMs;
  }

  open(transactionId: string, expiresAtMs: number): void {
    this.#writer.write("INSERT INTO reviews VALUES (?, ?)", transactionId, expiresAtMs);
    this.#reread();
  }

  close(transactionId: string): void {
    this.#writer.write("DELETE FROM reviews WHERE transaction_id = ?", transactionId);
    this.#reread();
  }

  /** Those that have expired, the oldest first. */
  due(nowMs: number, limit: number): string[] {
    return this.#sql
      .exec<{ transaction_id: string }>(
        "SELECT transaction_id FROM reviews WHERE expires_at_ms <= ? ORDER BY expires_at_ms LIMIT ?",
        nowMs,
        limit,
      )
      .toArray()
      .map(({ transaction_id }) => transaction_id);
  }

  #reread(): void {
    const [first] = this.#sql
      .exec<{ next: number | null }>("SELECT min(expires_at_ms) AS next FROM reviews")
      .toArray();
    this.#nextAtMs = first?.next ?? undefined;
  }
}
