/** The producer of the webhook queues: sends notices of deliveries that are due. */
import { MAX_ATTEMPTS } from "../../domain/webhook/retry-schedule";
import type { Env } from "../../env";
import { describeFault, type Log } from "../../observability/log";
import { withTimeout } from "../../runtime/with-timeout";
import type { DeliveryNotice } from "../rpc";
import type { Deliveries } from "../store/deliveries";
import type { Delivery } from "../store/delivery";

/** A queue takes this many messages in one call. */
const MESSAGES_PER_SEND = 100;
/** A call that hangs would block the alarm, and every retry with it. A message that arrives late does no harm. */
const SEND_LIMIT_MS = 10_000;
/** When deliveries are due again that the queue did not accept. */
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

  /** Sends notices of leased deliveries to the queue, and of those without attempts left to the dead-letter queue. Never
   *  throws: deliveries that a queue does not accept are due again soon. */
  async publish(deliveries: Delivery[]): Promise<void> {
    const { WEBHOOK_QUEUE, WEBHOOK_DEAD_QUEUE } = this.#queues;
    const exhausted = deliveries.filter(({ tries }) => tries >= MAX_ATTEMPTS);
    const open = deliveries.filter(({ tries }) => tries < MAX_ATTEMPTS);
    await Promise.all([
      this.#enqueue(WEBHOOK_QUEUE, open),
      this.#enqueue(WEBHOOK_DEAD_QUEUE, exhausted),
    ]);
  }

  async #enqueue(queue: Queue<DeliveryNotice>, deliveries: Delivery[]): Promise<void> {
    for (let at = 0; at < deliveries.length; at += MESSAGES_PER_SEND) {
      const batch = deliveries.slice(at, at + MESSAGES_PER_SEND);
      try {
        const notices = batch.map((delivery) => ({ body: this.#toNotice(delivery) }));
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

  #toNotice({ id, attempts }: Delivery): DeliveryNotice {
    return { merchant_id: this.#merchantId(), delivery_id: id, number: attempts + 1 };
  }
}
