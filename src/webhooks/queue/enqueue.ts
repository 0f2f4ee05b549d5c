import { MAX_ATTEMPTS } from "../../domain/webhook/retry-schedule";
import type { Env } from "../../env";
import { describeFault, type Log } from "../../observability/log";
import { withTimeout } from "../../runtime/with-timeout";
import type { DeliveryNotice } from "../rpc";
import type { Deliveries } from "../store/deliveries";
import type { Delivery } from "../store/delivery";

/** A queue takes this many messages in one call. */
const MESSAGES_PER_SEND = 100;
/** A call without an end would hold the alarm, and every retry with it. What arrives late does no harm. */
const SEND_LIMIT_MS = 10_000;
/** When the queue did not take a message. */
const RETRY_MS = 5_000;

export class QueuePublisher {
  readonly #queues: Pick<Env, "WEBHOOK_QUEUE" | "WEBHOOK_DEAD_QUEUE">;
  readonly #merchantId: () => string;
  readonly #deliveries: Deliveries;
  readonly #log: Log;

  constructor(
    queues: Pick<Env, "WEBHOOK_QUEUE" | "WEBHOOK_DEAD_QUEUE">,
    merchantId: () => string,
    deliveries: Deliveries,
    log: Log,
  ) {
    this.#queues = queues;
    this.#merchantId = merchantId;
    this.#deliveries = deliveries;
    this.#log = log;
  }

  async publish(deliveries: Delivery[]): Promise<void> {
    const { WEBHOOK_QUEUE, WEBHOOK_DEAD_QUEUE } = this.#queues;
    const over = deliveries.filter(({ tries }) => tries >= MAX_ATTEMPTS);
    const open = deliveries.filter(({ tries }) => tries < MAX_ATTEMPTS);
    await Promise.all([
      this.#enqueue(WEBHOOK_QUEUE, open),
      this.#enqueue(WEBHOOK_DEAD_QUEUE, over),
    ]);
  }

  async #enqueue(queue: Queue<DeliveryNotice>, deliveries: Delivery[]): Promise<void> {
    for (let at = 0; at < deliveries.length; at += MESSAGES_PER_SEND) {
      const batch = deliveries.slice(at, at + MESSAGES_PER_SEND);
      try {
        const notices = batch.map((delivery) => ({ body: this.#noticeOf(delivery) }));
        await withTimeout(SEND_LIMIT_MS, queue.sendBatch(notices));
      } catch (fault) {
        this.#log("error", "webhook_queue.failed", {
          rows: batch.length,
          fault: describeFault(fault),
        });
        this.#deliveries.releaseLeases(batch, Date.now() + RETRY_MS);
      }
    }
  }

  #noticeOf({ id, attempts }: Delivery): DeliveryNotice {
    return { merchant_id: this.#merchantId(), delivery_id: id, number: attempts + 1 };
  }
}
