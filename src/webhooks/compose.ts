import { writeWebhookCounts } from "../d1/webhook-counts";
import type { Env } from "../env";
import type { Log } from "../observability/log";
import { Attempts } from "./attempts";
import { Intake } from "./fan-out";
import { WebhookCounters } from "./metrics";
import { Telling } from "./metrics-reporter";
import { Sending } from "./queue/enqueue";
import { Deliveries } from "./store/deliveries";
import { DeliveryLog } from "./store/delivery-log";
import { Endpoints } from "./store/endpoints";
import { merchantIdOf } from "./store/merchant-id";
import { Sweeping } from "./store/retention";
import { makeDeliveryTables } from "./store/schema";
import { Secrets } from "./store/secrets";

export function partsOf(state: DurableObjectState, env: Env, log: Log) {
  const { sql } = state.storage;
  const merchantId = (): string => merchantIdOf(state);
  makeDeliveryTables(sql);
  const counters = new WebhookCounters(sql, true);
  counters.commit(state.storage, () => counters.begin(sql));
  const endpoints = new Endpoints(sql, counters);
  const secrets = new Secrets(sql);
  const deliveries = new Deliveries(sql, counters);
  const intake = new Intake(endpoints, secrets, deliveries);
  return {
    counters,
    endpoints,
    secrets,
    deliveries,
    deliveryLog: new DeliveryLog(sql),
    intake,
    attempts: new Attempts(endpoints, secrets, deliveries, intake, counters, log),
    sending: new Sending(env, merchantId, deliveries, log),
    sweeping: new Sweeping(sql, endpoints, deliveries, counters, log),
    telling: new Telling(
      () => counters.all(),
      (counts) => writeWebhookCounts(env.DB, merchantId(), counts),
      log,
    ),
  };
}
