/** Which attempts are repeated, and after what delay. */
import type { OperationId } from "./errors.js";

/**
 * Whether a repetition leaves everything as the first request did, even if that one had its effect and only its response
 * was lost. The others are repeated only when the API refused them before any effect.
 */
const IS_REPEATABLE: Record<OperationId, boolean> = {
  // Under an idempotency key, which is the same in every attempt.
  createTransaction: true,
  createTransactions: true,
  createRefund: true,
  // The status decides: what was done already is not done again.
  processTransaction: true,
  captureTransaction: true,
  cancelTransaction: true,
  reviewTransaction: true,
  addRiskListEntry: true,
  removeRiskListEntry: true,
  changeWebhookEndpoint: true,
  removeWebhookEndpoint: true,
  backtestRiskRules: true,
  // A second one would be refused because of the first: `rule_set_version_conflict`.
  replaceRiskRules: false,
  // Each makes an endpoint, a secret, an event or a delivery.
  createWebhookEndpoint: false,
  rotateWebhookSecret: false,
  testWebhookEndpoint: false,
  recoverWebhookDeliveries: false,
  redeliverWebhook: false,
  getTransaction: true,
  getTransactionByIdempotencyKey: true,
  listTransactions: true,
  listTransactionRefunds: true,
  listTransactionEvents: true,
  listEvents: true,
  getRefund: true,
  listRefunds: true,
  getRiskRules: true,
  listRiskRulesVersions: true,
  listRiskListEntries: true,
  getRiskListEntry: true,
  listWebhookEndpoints: true,
  getWebhookEndpoint: true,
  listWebhookDeliveries: true,
  getWebhookDelivery: true,
  eraseCustomer: true,
  getErasure: true,
};

/** Problems that only an operator or another key can solve. */
const IS_LASTING = new Set([
  "processor_not_configured",
  "shard_count_changed",
  "book_count_reduced",
  "too_many_failed_authentications",
]);

const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 8_000;
/** A quota resets within a minute. What takes longer is the caller's decision. */
const MAX_RETRY_AFTER_S = 60;
/** Above `Retry-After`, so that many clients do not return at once. */
const RETRY_AFTER_JITTER_MS = 500;

export type FailedAttempt = {
  operation: OperationId;
  /** 1 for the first attempt. */
  attempt: number;
  /** Absent if no complete response arrived. */
  status?: number;
  code?: string;
  retryAfterS?: number | undefined;
};

/** How long to wait before the next attempt; undefined if there is none.
 *  @param random from 0 to 1 */
export function retryDelayMs(failed: FailedAttempt, random: number): number | undefined {
  if (!isRetried(failed)) return undefined;
  const { attempt, retryAfterS } = failed;
  if (retryAfterS !== undefined) {
    if (retryAfterS > MAX_RETRY_AFTER_S) return undefined;
    return retryAfterS * 1000 + random * RETRY_AFTER_JITTER_MS;
  }
  const longest = Math.min(FIRST_DELAY_MS * 2 ** (attempt - 1), MAX_DELAY_MS);
  return longest / 2 + (random * longest) / 2;
}

function isRetried({ operation, status, code }: FailedAttempt): boolean {
  if (code !== undefined && IS_LASTING.has(code)) return false;
  // The quota refuses a request before it has an effect.
  if (status === 429) return true;
  return IS_REPEATABLE[operation] && (status === undefined || status >= 500);
}
