// Asks the API for everything there is after the traffic: lists, feeds, each key and transaction, the
// delivery logs, the metrics. Compares nothing.
import { setTimeout as sleep } from "node:timers/promises";
import { parseExposition } from "./exposition.mjs";

const ASKED_AT_ONCE = 16;
/** The dispatchers tell their counts every five seconds at most. */
const LATE_MS = 7_000;
/** Pages of 100; several times what the largest sensible run makes. */
const PAGES_MAX = 10_000;

async function each(list, work) {
  let next = 0;
  const lane = async () => {
    while (next < list.length) await work(list[next++]);
  };
  await Promise.all(Array.from({ length: ASKED_AT_ONCE }, lane));
}

async function answerTo(api, path) {
  const { status, text } = await api.insist("GET", path);
  return status === 200 ? JSON.parse(text) : null;
}

/** All that a merchant's API says, by keys and ids; null for what it doesn't know. */
async function observeMerchant({ api }, keys, tick) {
  const [list, feed, deliveries] = await Promise.all([
    api.pages("/api/v1/transactions", PAGES_MAX),
    api.pages("/api/v1/events", PAGES_MAX),
    api.pages("/api/v1/webhook-deliveries", PAGES_MAX),
  ]);
  const by_key = new Map();
  const exact = new Map();
  const logs = new Map();
  await each(keys, async (key) => {
    const found = await answerTo(api, `/api/v1/idempotency-keys/${key}`);
    by_key.set(key, found);
    tick();
    if (found === null) return;
    const path = `/api/v1/transactions/${found.id}`;
    exact.set(found.id, await answerTo(api, path));
    logs.set(found.id, (await answerTo(api, `${path}/events`))?.data ?? []);
  });
  return { list, feed, deliveries, by_key, exact, logs };
}

async function observeMetrics(server) {
  await sleep(LATE_MS);
  const headers = { authorization: `Bearer ${server.METRICS_TOKEN}` };
  const response = await fetch(`${server.address()}/metrics`, { headers });
  if (!response.ok) throw new Error(`GET /metrics answered ${response.status}`);
  return parseExposition(await response.text());
}

/** Everything that can be seen from outside, merchant by merchant, and the metrics. */
export async function observe({ plan, merchants, server, progress }) {
  let done = 0;
  const tick = () => progress.show(++done / plan.orders.length, `looking at each transaction`);
  const seen = [];
  for (const [at, merchant] of merchants.entries()) {
    const keys = plan.orders.filter((order) => order.merchant === at).map(({ key }) => key);
    const { id, own } = merchant;
    const endpoints = merchant.endpoints.map(pick);
    seen.push({ id, endpoints, own: pick(own), ...(await observeMerchant(merchant, keys, tick)) });
  }
  return { merchants: seen, metrics: await observeMetrics(server) };
}

const pick = ({ id, kind, events, url, log, unverified }) => ({
  id,
  kind,
  events,
  url,
  log,
  unverified,
});
