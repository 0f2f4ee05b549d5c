// Waits, for a bounded time, until the system says that it has nothing left to do: no charge is open,
// every outbox is empty, and nothing is to be delivered except to receivers that never answer.
import { setTimeout as sleep } from "node:timers/promises";
import { within } from "./within.mjs";

const POLL_MS = 1_000;
const READY_LIMIT_MS = 10_000;
const DELIVERIES = "/api/v1/webhook-deliveries?limit=100&status=pending";

/** Pending ones that somebody answers, as many as the first page with such has. */
async function pendingDeliveries({ api, endpoints }) {
  const hanging = new Set(endpoints.filter(({ kind }) => kind === "hanging").map(({ id }) => id));
  let at = "";
  for (;;) {
    const { data, has_more, next_cursor } = await api.must("GET", `${DELIVERIES}${at}`);
    const open = data.filter(({ endpoint_id }) => !hanging.has(endpoint_id)).length;
    // A page may be short although there is more.
    if (open > 0 || !has_more) return open;
    at = `&cursor=${encodeURIComponent(next_cursor)}`;
  }
}

async function openOf({ server, merchants }) {
  const ready = await within(READY_LIMIT_MS, async (signal) =>
    (await fetch(`${server.address()}/health/ready`, { signal })).json(),
  );
  if (ready.outboxes === null) throw new Error("not every shard answers");
  const depths = Object.values(ready.outboxes).map((outbox) => outbox?.depth ?? 0);
  const processing = await Promise.all(
    merchants.map(({ api }) => api.must("GET", "/api/v1/transactions?limit=100&status=processing")),
  );
  const deliveries = await Promise.all(merchants.map(pendingDeliveries));
  const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
  return {
    "events in outboxes": sum(depths),
    "open charges": sum(processing.map(({ data }) => data.length)),
    "pending deliveries": sum(deliveries),
  };
}

const textOf = (open) =>
  Object.entries(open)
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${count} ${what}`)
    .join(", ");

/** Gives what was still open when the time was over, as text; "" when everything has settled. */
export async function settle({ server, merchants, limit_ms, progress }) {
  const started = Date.now();
  let text = "nothing has answered";
  for (;;) {
    const open = await openOf({ server, merchants }).catch((error) => ({ [error.message]: 1 }));
    text = textOf(open);
    if (text === "") return "";
    const share = (Date.now() - started) / limit_ms;
    if (share >= 1) return text;
    progress.show(share, `settling: ${text} left`);
    await sleep(POLL_MS);
  }
}
