/** The producer of the webhook queues: sends notices of deliveries that are due. */
import { MAX_ATTEMPTS } from "../../domain/webhook/retry-schedule";
import type { Env } from "../../env";
import { describeFault, type Log } from "../../observability/log";
import { withTimeout } from "../../runtime/with-timeout";
import type { Leases } from "../leases";
import type { DeliveryNotice } from "../rpc";
import type { Delivery } from "../store/delivery";

/** A queue takes this many messages in one call. */
const MESSAGES_PER_SEND = 100;
/** A call that hangs would block the alarm, and every retry with it. A message that arrives late does no harm. */
const SEND_LIMIT_MS = 10_000;

export class QueuePublisher {
  readonly #queues: Pick<Env, "WEBHOOK_QUEUE" | "WEBHOOK_DEAD_QUEUE">;
  readonly #merchantId: () => string;
  readonly #leases: Leases;
  readonly #log: Log;

  constructor(
    queues: Pick<Env, "WEBHOOK_QUEUE" | "WEBHOOK_DEAD_QUEUE">,
    merchantId: () => string,
    leases: Leases,
    log: Log,
  ) {
    this.#queues = queues;
    this.#merchantId = merchantId;
    this.#leases = leases;
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
        for (const delivery of batch) this.#leases.refuse(delivery, Date.now());
      }
    }
  }

  #toNotice({ id, attempts }: Delivery): DeliveryNotice {
    return { merchant_id: this.#merchantId(), delivery_id: id, number: attempts + 1 };
  }
}
