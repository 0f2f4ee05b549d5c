/** Composition only: what the platform calls, and where it is done. */
import type { Env } from "./config";
import { consume } from "./delivery/consumer";
import type { DeliveryNotice } from "./delivery/sending";
import { app } from "./http/app";

export { WebhookDispatcher } from "./delivery/object";
export { QuotaKeeper } from "./rate-limit/quota-keeper";
export { TransactionShard } from "./transaction/object";
export { VelocityShard } from "./velocity/velocity-shard";

export default {
  fetch: app.fetch,
  queue: consume,
} satisfies ExportedHandler<Env, DeliveryNotice>;
