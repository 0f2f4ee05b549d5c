// Makes the merchants of a simulation: each through the admin API, a key and receivers for each, and
// the endpoints through which these hear of what happens.

import { ENDPOINTS, type EndpointKind, type Plan } from "../plan/plan.ts";
import { type Api, type AttemptEnd, openApi } from "../traffic/api.ts";
import { type Receiver, startReceiver } from "./receiver.ts";
import type { SimulatedServer } from "./server.ts";

/** `id` is null for the receiver that is no endpoint. */
export type OpenReceiver = Receiver & { id: string | null; events: string[] };

export type OpenMerchant = { id: string; api: Api; endpoints: OpenReceiver[]; own: OpenReceiver };

type Wanted = { plan: Plan; server: SimulatedServer; seen(end: AttemptEnd): void };

const ENDPOINTS_PATH = "/api/v1/webhook-endpoints";

async function register(
  api: Api,
  { kind, events }: { kind: EndpointKind; events: string[] },
  seed: string,
): Promise<OpenReceiver> {
  const receiver = await startReceiver(kind, seed);
  const wanted = { url: receiver.url, events };
  type Endpoint = { id: string; secret: string };
  const { id, secret } = await api.must<Endpoint>("POST", ENDPOINTS_PATH, wanted);
  receiver.trust(secret);
  return { ...receiver, id, events };
}

/** The receiver of webhooks whose URL the transactions name themselves. */
async function ownReceiver(api: Api, seed: string): Promise<OpenReceiver> {
  const receiver = await startReceiver("fine", seed);
  const path = `${ENDPOINTS_PATH}/default/rotate-secret`;
  const { secret } = await api.must<{ secret: string }>("POST", path);
  receiver.trust(secret);
  return { ...receiver, id: null, events: [] };
}

/** The merchants, `{ id, api, endpoints, own }`; `seen` is called for each attempt of a request of theirs. */
export async function makeMerchants({ plan, server, seen }: Wanted): Promise<OpenMerchant[]> {
  const admin = openApi({ address: server.address, token: server.ADMIN_TOKEN });
  const merchants: OpenMerchant[] = [];
  for (let at = 0; at < plan.merchants; at++) {
    const path = "/api/v1/merchants";
    const { id } = await admin.must<{ id: string }>("POST", path, { name: `Merchant ${at + 1}` });
    const { key } = await admin.must<{ key: string }>("POST", `${path}/${id}/api-keys`, {});
    const api = openApi({ address: server.address, token: key, seen });
    const seed = `${plan.seed} ${at}`;
    const endpoints: OpenReceiver[] = [];
    for (const wanted of ENDPOINTS) endpoints.push(await register(api, wanted, seed));
    merchants.push({ id, api, endpoints, own: await ownReceiver(api, seed) });
  }
  return merchants;
}

/** Ends all receivers. */
export function closeReceivers(merchants: OpenMerchant[]): void {
  for (const { endpoints, own } of merchants) {
    for (const receiver of [...endpoints, own]) receiver.close();
  }
}
