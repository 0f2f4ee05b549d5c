// Makes the simulation's world: merchants through the admin API, a key and receivers for each, and
// the endpoints through which these hear of what happens.
import { openApi } from "./api.mjs";
import { ENDPOINTS } from "./plan.mjs";
import { startReceiver } from "./receiver.mjs";

const ENDPOINTS_PATH = "/api/v1/webhook-endpoints";

async function register(api, { kind, events }, seed) {
  const receiver = await startReceiver(kind, seed);
  const { id, secret } = await api.must("POST", ENDPOINTS_PATH, { url: receiver.url, events });
  receiver.trust(secret);
  return { ...receiver, id, events };
}

/** The receiver of webhooks whose URL the transactions name themselves. */
async function ownReceiver(api, seed) {
  const receiver = await startReceiver("fine", seed);
  const { secret } = await api.must("POST", `${ENDPOINTS_PATH}/default/rotate-secret`);
  receiver.trust(secret);
  return receiver;
}

/** The merchants, `{ id, api, endpoints, own }`; `seen` is told of each attempt of a request of theirs. */
export async function makeMerchants({ plan, server, seen }) {
  const admin = openApi({ address: server.address, token: server.ADMIN_TOKEN });
  const merchants = [];
  for (let at = 0; at < plan.merchants; at++) {
    const { id } = await admin.must("POST", "/api/v1/merchants", { name: `Merchant ${at + 1}` });
    const { key } = await admin.must("POST", `/api/v1/merchants/${id}/api-keys`, {});
    const api = openApi({ address: server.address, token: key, seen });
    const seed = `${plan.seed} ${at}`;
    const endpoints = [];
    for (const wanted of ENDPOINTS) endpoints.push(await register(api, wanted, seed));
    merchants.push({ id, api, endpoints, own: await ownReceiver(api, seed) });
  }
  return merchants;
}

/** Ends all receivers. */
export function closeReceivers(merchants) {
  for (const { endpoints, own } of merchants) {
    for (const receiver of [...endpoints, own]) receiver.close();
  }
}
