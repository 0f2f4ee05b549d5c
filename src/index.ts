/** Composition only: what the platform calls, and where it is done. */
import type { Env } from "./config";
import { app } from "./http/app";

export { TransactionShard } from "./transaction/object";
export { VelocityShard } from "./velocity/object";

export default { fetch: app.fetch } satisfies ExportedHandler<Env>;
