/** The consumers of the two webhook queues. A message only says that a delivery is due; the dispatcher returns what to
 *  send, and receives the result. A message that arrives twice finds nothing to do. */
import { readConfig } from "../../config";
import type { Env } from "../../env";
import { createLog, describeFault, type Log, traceFields } from "../../observability/log";
import { reportAttempts, webhookDispatcher } from "../client";
import type { AttemptOrder, DeliveryNotice } from "../rpc";
import { sendAttempt } from "./http-attempt";

const DEAD_QUEUE = "webhooks-dead";

/** After a dispatcher could not be called. Its own alarm would send the deliveries again as well. */
const RETRY_S = 5;

/** The queue handler of the Worker. */
export async function consume(
  batch: MessageBatch<DeliveryNotice>,
  env: Env,
  ctx: ExecutionContext,
): Promise<void> {
  const log = createLog(readConfig(env).log_level);
  const byMerchant = Map.groupBy(batch.messages, ({ body }) => body.merchant_id);
  await Promise.all(
    [...byMerchant].map(async ([merchantId, messages]) => {
      try {
        const dispatcher = webhookDispatcher(env, merchantId);
        const notices = messages.map(({ body }) => body);
        if (batch.queue === DEAD_QUEUE) {
          for (const { delivery_id } of notices) await dispatcher.giveUp(delivery_id);
        } else {
          const orders = await dispatcher.take(notices);
          // Not awaited: a receiver that hangs must not delay the next batch, which belongs to other merchants.
          for (const order of orders) ctx.waitUntil(carryOut(env, merchantId, order, log));
        }
        for (const message of messages) message.ack();
      } catch (fault) {
        log("error", "webhook_consumer.failed", {
          merchant_id: merchantId,
          fault: describeFault(fault),
        });
        for (const message of messages) message.retry({ delaySeconds: RETRY_S });
      }
    }),
  );
}

async function carryOut(
  env: Env,
  merchantId: string,
  order: AttemptOrder,
  log: Log,
): Promise<void> {
  const { delivery_id, number } = order;
  const startedAtMs = Date.now();
  const result = await sendAttempt(order, readConfig(env).allow_insecure_webhooks);
  const { status_code, error, duration_ms } = result;
  log(error === null ? "info" : "warn", "webhook.attempt", {
    merchant_id: merchantId,
    delivery_id,
    attempt: number,
    duration_ms,
    outcome: error ?? "delivered",
    ...traceFields(order.traceparent),
    ...(status_code === null ? {} : { status: status_code }),
  });
  const report = { delivery_id, number, started_at_ms: startedAtMs, result };
  // A lost report costs another attempt: the delivery becomes due again.
  await reportAttempts(env, merchantId, [report]).catch((fault) =>
    log("error", "webhook_report.failed", { delivery_id, fault: describeFault(fault) }),
  );
}
