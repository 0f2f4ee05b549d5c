/** Creates a dispatcher's parts over its storage. */
import { writeWebhookCounts } from "../d1/webhook-counts";
import type { Env } from "../env";
import type { Log } from "../observability/log";
import { StateRow } from "../runtime/state/state-row";
import { Attempts } from "./attempts";
import { WebhookCounters } from "./counters";
import { FanOut } from "./fan-out";
import { MetricsReporter } from "./metrics-reporter";
import { QueuePublisher } from "./queue/enqueue";
import { Deliveries } from "./store/deliveries";
import { DeliveryLog } from "./store/delivery-log";
import { Endpoints } from "./store/endpoints";
import { readMerchantId } from "./store/merchant-id";
import { Retention } from "./store/retention";
import { migrateWebhooks } from "./store/schema";
import { Secrets } from "./store/secrets";

export function composeDispatcher(state: DurableObjectState, env: Env, log: Log) {
  const { sql } = state.storage;
  const merchantId = (): string => readMerchantId(state);
  state.storage.transactionSync(() => migrateWebhooks(sql));
  const counters = new WebhookCounters(new StateRow(sql));
  counters.commit(state.storage, () => counters.begin(sql));
  const endpoints = new Endpoints(sql, counters);
  const secrets = new Secrets(sql);
  const deliveries = new Deliveries(sql, counters);
  const fanOut = new FanOut(endpoints, secrets, deliveries);
  return {
    counters,
    endpoints,
    secrets,
    deliveries,
    deliveryLog: new DeliveryLog(sql),
    fanOut,
    attempts: new Attempts(endpoints, secrets, deliveries, fanOut, counters, log),
    publisher: new QueuePublisher(env, merchantId, deliveries, log),
    retention: new Retention(sql, endpoints, deliveries, counters, log),
    metricsReporter: new MetricsReporter(
      () => counters.all(),
      (counts) => writeWebhookCounts(env.DB, merchantId(), counts),
      log,
    ),
  };
}
