/** The bindings of the Worker and its objects, as wrangler.toml declares them. Each object's methods are
 *  those that its part's `rpc.ts` declares. */
import type { CustomerEraserRpc } from "./erasures/rpc";
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
  ERASURES: ObjectNamespace<CustomerEraserRpc>;
  /** Some runtimes have no rate limiter. */
  FAILED_KEYS?: RateLimit;
  FAILED_TOKENS?: RateLimit;
  WEBHOOK_QUEUE: Queue<DeliveryNotice>;
  WEBHOOK_DEAD_QUEUE: Queue<DeliveryNotice>;
  /** Without a bucket nothing is archived. */
  ARCHIVE?: R2Bucket;
  ASSETS?: Fetcher;
} & BookBindings &
  Partial<Record<Setting, string>>;

/** The books. `DB` is the first one and the directory, which says in which book each merchant is. */
export type BookBindings = { DB: D1Database } & {
  [binding: `BOOK_${number}`]: D1Database | undefined;
};
