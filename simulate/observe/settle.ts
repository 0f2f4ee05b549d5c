// Waits, for a bounded time, until the system says that it has nothing left to do: no operation of the processor is open,
// what was authorized is captured, voided or expired, every outbox is empty, and nothing is to be delivered except to
// receivers that never answer.
import { setTimeout as sleep } from "node:timers/promises";
import { errorMessage } from "../../scripts/processes/errors.ts";
import type { Progress } from "../progress.ts";
import type { OpenMerchant } from "../system/merchants.ts";
import type { SimulatedServer } from "../system/server.ts";
import { within } from "../within.ts";

type System = {
  server: SimulatedServer;
  merchants: OpenMerchant[];
  /** How much has still to happen at the processor. */
  upcoming(): number;
};
type Open = Record<string, number>;
type Readiness = { outboxes: Record<string, { depth: number } | null> | null };
type Page = {
  data: { endpoint_id: string | null }[];
  has_more: boolean;
  next_cursor: string | null;
};

const POLL_MS = 1_000;
const READY_LIMIT_MS = 10_000;
/** The lists that become empty. */
const OPEN = {
  "open operations": "/api/v1/transactions?limit=100&status=processing",
  "payments that wait for a customer": "/api/v1/transactions?limit=100&status=requires_action",
  "authorized payments": "/api/v1/transactions?limit=100&status=authorized",
  "pending refunds": "/api/v1/refunds?limit=100&status=pending",
};
const DELIVERIES = "/api/v1/webhook-deliveries?limit=100&status=pending";

/** Counts pending deliveries to endpoints that answer, on the first page that has any. */
async function countPending({ api, endpoints }: OpenMerchant): Promise<number> {
  const hanging = new Set(endpoints.filter(({ kind }) => kind === "hanging").map(({ id }) => id));
  let at = "";
  for (;;) {
    const page: Page = await api.must("GET", `${DELIVERIES}${at}`);
    const { data, has_more, next_cursor } = page;
    const open = data.filter(({ endpoint_id }) => !hanging.has(endpoint_id)).length;
    // A page may be short although there is more.
    if (open > 0 || !has_more) return open;
    at = `&cursor=${encodeURIComponent(next_cursor ?? "")}`;
  }
}

async function countOpen({ server, merchants, upcoming }: System): Promise<Open> {
  const ready = await within(READY_LIMIT_MS, async (signal) => {
    const response = await fetch(`${server.address()}/health/ready`, { signal });
    return (await response.json()) as Readiness;
  });
  if (ready.outboxes === null) throw new Error("not every shard answers");
  const depths = Object.values(ready.outboxes).map((outbox) => outbox?.depth ?? 0);
  const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);
  const open: Open = { "events in outboxes": sum(depths), "events at Stripe": upcoming() };
  for (const [what, path] of Object.entries(OPEN)) {
    const pages = merchants.map(({ api }) => api.must<{ data: unknown[] }>("GET", path));
    open[what] = sum((await Promise.all(pages)).map(({ data }) => data.length));
  }
  open["pending deliveries"] = sum(await Promise.all(merchants.map(countPending)));
  return open;
}

const textOf = (open: Open) =>
  Object.entries(open)
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${count} ${what}`)
    .join(", ");

/** Gives what was still open when the time was over, as text; "" when everything has settled. */
export async function settle({
  server,
  merchants,
  upcoming,
  limit_ms,
  progress,
}: System & { limit_ms: number; progress: Progress }): Promise<string> {
  const started = Date.now();
  let text = "nothing has answered";
  for (;;) {
    const open = await countOpen({ server, merchants, upcoming }).catch((error) => ({
      [errorMessage(error)]: 1,
    }));
    text = textOf(open);
    if (text === "") return "";
    const share = (Date.now() - started) / limit_ms;
    if (share >= 1) return text;
    progress.show(share, `settling: ${text} left`);
    await sleep(POLL_MS);
  }
}
