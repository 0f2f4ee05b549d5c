/** The bindings of the Worker and its objects, as wrangler.toml declares them. Each object's methods are
 *  those that its part's `rpc.ts` declares. */
import type { QuotaKeeperRpc } from "./rate-limit/rpc";
import type { ObjectNamespace } from "./runtime/object-stub";
import type { Setting } from "./settings";
import type { TransactionShardRpc } from "./transactions/rpc";
import type { VelocityShardRpc } from "./velocity/rpc";
import type { DeliveryNotice, WebhookDispatcherRpc } from "./webhooks/rpc";

export type Env = {
  TRANSACTIONS: ObjectNamespace<TransactionShardRpc>;
  VELOCITY: ObjectNamespace<VelocityShardRpc>;
  WEBHOOKS: ObjectNamespace<WebhookDispatcherRpc>;
  QUOTAS: ObjectNamespace<QuotaKeeperRpc>;
  /** Some runtimes have no rate limiter. */
  FAILED_KEYS?: RateLimit;
  FAILED_TOKENS?: RateLimit;
  WEBHOOK_QUEUE: Queue<DeliveryNotice>;
  WEBHOOK_DEAD_QUEUE: Queue<DeliveryNotice>;
  DB: D1Database;
  /** Without a bucket nothing is archived. */
  ARCHIVE?: R2Bucket;
  ASSETS?: Fetcher;
} & Partial<Record<Setting, string>>;
