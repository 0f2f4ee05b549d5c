// What the peer keeps in Redis: a lock and later the response of each idempotency key, and the payments of each
// customer in the last 24 hours. PostgreSQL's unique key decides when Redis has lost it.
import { Redis } from "ioredis";

/** The response to a create, and the hash of the request that it answers. */
export type Answer = { request_hash: string; body: string };

/** `earlier` is null when this request is the first with its key; `customer_count` includes this payment. */
type Begun = { earlier: Answer | "in_progress" | null; customer_count: number };

export type FastStore = ReturnType<typeof openFastStore>;

const DAY_S = 86_400;
const DAY_MS = DAY_S * 1_000;
/** Longer than a create takes; after that a repetition relies on PostgreSQL alone. */
const LOCK_S = 30;
const LOCKED = "locked";

/** Commands of one turn of the event loop, whichever request they belong to, are sent together. */
export function openFastStore(port: number) {
  const redis = new Redis({ host: "127.0.0.1", port, enableAutoPipelining: true });
  const complain = (error: unknown) => console.error("redis:", error);
  redis.on("error", complain);
  return {
    /** Takes the lock of `key` and counts the payment, in one round trip. A repetition is not counted again. */
    async begin(key: string, user_id: string, now_ms: number): Promise<Begun> {
      const window = `velocity:${user_id}`;
      const [held, , , customer_count] = await Promise.all([
        redis.set(`idempotency:${key}`, LOCKED, "EX", LOCK_S, "NX", "GET"),
        redis.zremrangebyscore(window, 0, now_ms - DAY_MS),
        redis.zadd(window, "NX", now_ms, key),
        redis.zcard(window),
        redis.expire(window, DAY_S),
      ]);
      if (held === null) return { earlier: null, customer_count };
      const earlier = held === LOCKED ? "in_progress" : (JSON.parse(held) as Answer);
      return { earlier, customer_count };
    },

    /** Replaces the lock by the response. */
    keepAnswer(key: string, answer: Answer): void {
      redis.set(`idempotency:${key}`, JSON.stringify(answer), "EX", DAY_S).catch(complain);
    },

    /** Gives the lock up after a failure, so that the client may repeat the request. */
    release(key: string): void {
      redis.del(`idempotency:${key}`).catch(complain);
    },

    close: () => redis.quit(),
  };
}
