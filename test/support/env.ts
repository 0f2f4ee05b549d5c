/** The bindings of a test: those of the Worker, and what vitest.config.ts adds. */
import type { D1Migration } from "cloudflare:test";
import { env as bindings } from "cloudflare:workers";
import type { Env } from "../../src/env";
import type { CustomerEraser } from "../../src/erasures/customer-eraser";
import type { QuotaKeeper } from "../../src/rate-limit/quota-keeper";
import type { TransactionShard } from "../../src/transactions/transaction-shard";
import type { VelocityShard } from "../../src/velocity/velocity-shard";
import type { WebhookDispatcher } from "../../src/webhooks/webhook-dispatcher";

/** The objects' whole classes: tests reach inside. */
type Objects = {
  TRANSACTIONS: DurableObjectNamespace<TransactionShard>;
  VELOCITY: DurableObjectNamespace<VelocityShard>;
  WEBHOOKS: DurableObjectNamespace<WebhookDispatcher>;
  QUOTAS: DurableObjectNamespace<QuotaKeeper>;
  ERASURES: DurableObjectNamespace<CustomerEraser>;
};

export type TestEnv = Omit<Env, keyof Objects> &
  Objects & {
    TEST_MIGRATIONS: D1Migration[];
    PROCESSOR_URL: string;
    RECEIVER_URL: string;
    KAFKA_REST_URL: string;
    ADMIN_TOKEN: string;
    METRICS_TOKEN: string;
    ARCHIVES_BEFORE_CALLS?: string;
  };

export const env = bindings as unknown as TestEnv; // vitest.config.ts sets the rest.
