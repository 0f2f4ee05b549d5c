/** Creates a dispatcher's parts over its storage. */
import { writeWebhookCounts } from "../d1/webhook-counts";
import type { Env } from "../env";
import type { Log } from "../observability/log";
import { StateRow } from "../runtime/state/state-row";
import { Attempts } from "./attempts";
import { WebhookCounters } from "./counters";
import { Erasure } from "./erasure";
import { FanOut } from "./fan-out";
import { Leases } from "./leases";
import { MetricsReporter } from "./metrics-reporter";
import { QueuePublisher } from "./queue/enqueue";
import { Deliveries } from "./store/deliveries";
import { DeliveryLog } from "./store/delivery-log";
import { DueDeliveries } from "./store/due-deliveries";
import { Endpoints } from "./store/endpoints";
import { readMerchantId } from "./store/merchant-id";
import { Numbering } from "./store/numbering";
import { Retention } from "./store/retention";
import { migrateWebhooks } from "./store/schema";
import { Secrets } from "./store/secrets";

export function composeDispatcher(state: DurableObjectState, env: Env, log: Log) {
  const { sql } = state.storage;
  const merchantId = (): string => readMerchantId(state);
  state.storage.transactionSync(() => migrateWebhooks(sql));
  const stateRow = new StateRow(sql);
  const counters = new WebhookCounters(stateRow);
  const numbering = new Numbering(sql, stateRow);
  counters.commit(state.storage, () => counters.begin(sql, numbering.uncounted));
  const leases = new Leases();
  const endpoints = new Endpoints(sql, counters);
  const secrets = new Secrets(sql);
  const deliveries = new Deliveries(sql, counters, leases, numbering);
  const erasure = new Erasure(sql, deliveries, endpoints);
  const fanOut = new FanOut(endpoints, secrets, deliveries, erasure);
  return {
    counters,
    leases,
    endpoints,
    secrets,
    deliveries,
    due: new DueDeliveries(sql, leases),
    deliveryLog: new DeliveryLog(sql, leases, endpoints),
    fanOut,
    erasure,
    attempts: new Attempts(endpoints, secrets, deliveries, fanOut, counters, log),
    publisher: new QueuePublisher(env, merchantId, leases, log),
    retention: new Retention(sql, { endpoints, deliveries, leases, counters, erasure }, log),
    metricsReporter: new MetricsReporter(
      () => counters.all(),
      (counts) => writeWebhookCounts(env.DB, merchantId(), counts),
      log,
    ),
  };
}
