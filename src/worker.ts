/** The entry module: the handlers and classes that the platform calls. */

import { app } from "./api/app";
import { console, isForConsole } from "./console/app";
import type { Env } from "./env";
import { consume } from "./webhooks/queue/consumer";
import type { DeliveryNotice } from "./webhooks/rpc";

export { CustomerEraser } from "./erasures/customer-eraser";
export { QuotaKeeper } from "./rate-limit/quota-keeper";
export { TransactionShard } from "./transactions/transaction-shard";
export { VelocityShard } from "./velocity/velocity-shard";
export { WebhookDispatcher } from "./webhooks/webhook-dispatcher";

export default {
  fetch: (request: Request, env: Env, context: ExecutionContext) =>
    (isForConsole(request) ? console : app).fetch(request, env, context),
  queue: consume,
} satisfies ExportedHandler<Env, DeliveryNotice>;
