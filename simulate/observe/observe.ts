// Reads everything from the API after the traffic: lists, feeds, each key and transaction, the
// delivery logs, the metrics. Compares nothing.
import { setTimeout as sleep } from "node:timers/promises";
import type { Plan } from "../plan/plan.ts";
import type { Progress } from "../progress.ts";
import type { OpenMerchant, OpenReceiver } from "../system/merchants.ts";
import type { SimulatedServer } from "../system/server.ts";
import type { Api } from "../traffic/api.ts";
import { splitAction } from "../traffic/requests.ts";
import type {
  Delivery,
  MerchantView,
  ReceiverView,
  Refund,
  Transaction,
  TransactionEvent,
} from "../world.ts";
import { parseExposition, type Sample } from "./exposition.ts";

type Seen = Omit<MerchantView, "id" | "endpoints" | "own">;
type Observed = {
  plan: Plan;
  merchants: OpenMerchant[];
  server: SimulatedServer;
  progress: Progress;
};

const ASKED_AT_ONCE = 16;
/** The dispatchers tell their counts every five seconds at most. */
const LATE_MS = 7_000;
/** Pages of 100; several times what the largest sensible run makes. */
const PAGES_MAX = 10_000;

async function each<Value>(list: Value[], work: (one: Value) => Promise<void>): Promise<void> {
  const left = list.values();
  const lane = async () => {
    for (const one of left) await work(one);
  };
  await Promise.all(Array.from({ length: ASKED_AT_ONCE }, lane));
}

async function find<Answer>(api: Api, path: string): Promise<Answer | null> {
  const { status, text } = await api.insist("GET", path);
  return status === 200 ? (JSON.parse(text) as Answer) : null;
}

/** All that a merchant's API says, by keys and ids; null for what it doesn't know. */
async function observeMerchant(api: Api, keys: string[], tick: () => void): Promise<Seen> {
  const [list, refund_list, feed, deliveries] = await Promise.all([
    api.pages<Transaction>("/api/v1/transactions", PAGES_MAX),
    api.pages<Refund>("/api/v1/refunds", PAGES_MAX),
    api.pages<TransactionEvent>("/api/v1/events", PAGES_MAX),
    api.pages<Delivery>("/api/v1/webhook-deliveries", PAGES_MAX),
  ]);
  const by_key = new Map<string, Transaction | null>();
  const exact = new Map<string, Transaction | null>();
  const logs = new Map<string, TransactionEvent[]>();
  const refunds = new Map<string, Refund[]>();
  const exact_refunds = new Map<string, Refund | null>();
  await each(keys, async (key) => {
    const found = await find<Transaction>(api, `/api/v1/idempotency-keys/${key}`);
    by_key.set(key, found);
    tick();
    if (found === null) return;
    const path = `/api/v1/transactions/${found.id}`;
    const exactly = await find<Transaction>(api, path);
    exact.set(found.id, exactly && splitAction(exactly).transaction);
    const log = await find<{ data: TransactionEvent[] }>(api, `${path}/events`);
    logs.set(found.id, log?.data ?? []);
    const own = await find<{ data: Refund[] }>(api, `${path}/refunds`);
    refunds.set(found.id, own?.data ?? []);
    for (const { id } of own?.data ?? []) {
      exact_refunds.set(id, await find<Refund>(api, `/api/v1/refunds/${id}`));
    }
  });
  return { list, refund_list, feed, deliveries, by_key, exact, logs, refunds, exact_refunds };
}

async function observeMetrics(server: SimulatedServer): Promise<Sample[]> {
  await sleep(LATE_MS);
  const headers = { authorization: `Bearer ${server.METRICS_TOKEN}` };
  const response = await fetch(`${server.address()}/metrics`, { headers });
  if (!response.ok) throw new Error(`GET /metrics answered ${response.status}`);
  return parseExposition(await response.text());
}

/** Everything that can be seen from outside, merchant by merchant, and the metrics. */
export async function observe({ plan, merchants, server, progress }: Observed) {
  let done = 0;
  const tick = () => progress.show(++done / plan.orders.length, `looking at each transaction`);
  const seen: MerchantView[] = [];
  for (const [at, merchant] of merchants.entries()) {
    const keys = plan.orders.filter((order) => order.merchant === at).map(({ key }) => key);
    const { id, own, api } = merchant;
    const endpoints = merchant.endpoints.map(pick);
    seen.push({ id, endpoints, own: pick(own), ...(await observeMerchant(api, keys, tick)) });
  }
  return { merchants: seen, metrics: await observeMetrics(server) };
}

const pick = ({ id, kind, events, url, log, unverified }: OpenReceiver): ReceiverView => ({
  id,
  kind,
  events,
  url,
  log,
  unverified,
});
