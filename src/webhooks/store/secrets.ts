/** The secrets that sign a merchant's webhooks: one for each endpoint, several during a rotation. */
import { formatWebhookSecret, WEBHOOK_SECRET_RANDOM_BYTES } from "../../domain/webhook/signature";
import { MAX_RETAINED_SECRETS } from "../../domain/webhook/webhook";
import { DEFAULT_SECRET, isOrigin } from "../rpc";

export function newSecret(): string {
  return formatWebhookSecret(crypto.getRandomValues(new Uint8Array(WEBHOOK_SECRET_RANDOM_BYTES)));
}

export class Secrets {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** The secrets that sign a delivery now, the newest first. An origin has the merchant's default secrets. */
  list(id: string, nowMs: number): string[] {
    const owner = isOrigin(id) ? DEFAULT_SECRET : id;
    return this.#sql
      .exec<{ secret: string }>(
        `SELECT secret FROM secrets WHERE endpoint_id = ? AND (expires_at IS NULL OR expires_at > ?)
         ORDER BY position DESC`,
        owner,
        nowMs,
      )
      .toArray()
      .map(({ secret }) => secret);
  }

  add(id: string, secret: string): void {
    this.#sql.exec("INSERT INTO secrets (endpoint_id, secret) VALUES (?, ?)", id, secret);
  }

  /** Adds a new secret; the old ones sign until `expiresAtMs`. */
  rotate(id: string, secret: string, expiresAtMs: number, nowMs: number): void {
    this.#sql.exec(
      `UPDATE secrets SET expires_at = ?1
       WHERE endpoint_id = ?2 AND (expires_at IS NULL OR expires_at > ?1)`,
      expiresAtMs,
      id,
    );
    this.add(id, secret);
    this.#sql.exec(
      `DELETE FROM secrets WHERE endpoint_id = ?1 AND (expires_at <= ?2 OR position NOT IN
         (SELECT position FROM secrets WHERE endpoint_id = ?1 ORDER BY position DESC LIMIT ?3))`,
      id,
      nowMs,
      MAX_RETAINED_SECRETS,
    );
  }

  /** Makes the default secret when it is first needed. */
  ensureDefault(nowMs: number): void {
    if (this.list(DEFAULT_SECRET, nowMs).length === 0) this.add(DEFAULT_SECRET, newSecret());
  }

  remove(id: string): void {
    this.#sql.exec("DELETE FROM secrets WHERE endpoint_id = ?", id);
  }
}
