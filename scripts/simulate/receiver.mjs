// Receivers of webhooks, good and bad. Each is an HTTP server of its own that verifies what arrives
// with the Standard Webhooks library and keeps a log of it.
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { Webhook } from "standardwebhooks";
import { readBody } from "../listen/read-body.ts";
import { listen } from "./listen.mjs";
import { randomOf } from "./random.mjs";

const SLOW_MS = [200, 900];
const FLAKY_SHARE = 0.3;
/** A flaky receiver takes an event after so many failures: delays double, and nobody waits for a tenth. */
const FLAKY_FAILURES_MAX = 3;

/** What a receiver of each kind answers to the `nth` arrival of an event; null for nothing, ever. */
const ANSWERS = {
  fine: async () => 204,
  slow: async (random) => {
    await sleep(random.whole(...SLOW_MS));
    return 200;
  },
  flaky: async (random, nth) =>
    nth <= FLAKY_FAILURES_MAX && random.chance(FLAKY_SHARE) ? 500 : 204,
  hanging: async () => null,
};

/**
 * Listens at a free port. `log` maps the id of each verified event to its arrivals, `{ text, status }`;
 * `unverified` counts the others. Deliveries wait until `trust(secret)` has said whose signature counts.
 */
export async function startReceiver(kind, seed) {
  const log = new Map();
  const receiver = { kind, log, unverified: [] };
  const trusted = new Promise((resolve) => {
    receiver.trust = (secret) => resolve(new Webhook(secret));
  });

  async function receive(request) {
    const text = String(await readBody(request));
    const webhook = await trusted;
    const id = String(request.headers["webhook-id"]);
    try {
      webhook.verify(text, request.headers);
    } catch (error) {
      receiver.unverified.push(`${id}: ${error.message}`);
      return 400;
    }
    const arrivals = log.get(id) ?? [];
    log.set(id, arrivals);
    const arrival = { text, status: null };
    arrivals.push(arrival);
    const random = randomOf(seed, kind, id, arrivals.length);
    arrival.status = await ANSWERS[kind](random, arrivals.length);
    return arrival.status;
  }

  const server = createServer((request, response) => {
    receive(request).then(
      (status) => status !== null && response.writeHead(status).end(),
      // The sender has gone away in the middle: killed, perhaps.
      () => response.destroy(),
    );
  });
  const { url, close } = await listen(server);
  return Object.assign(receiver, { url: `${url}/webhooks`, close });
}
