// Receivers of webhooks, good and bad. Each is an HTTP server of its own that verifies what arrives
// with the Standard Webhooks library and keeps a log of it.
import { createServer, type IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { Webhook } from "standardwebhooks";
import { readBody } from "../../scripts/listen/read-body.ts";
import { errorMessage } from "../../scripts/processes/errors.ts";
import type { EndpointKind } from "../plan/plan.ts";
import { type Random, randomOf } from "../plan/random.ts";
import type { Arrival } from "../world.ts";
import { listen } from "./listen.ts";

export type Receiver = {
  kind: EndpointKind;
  url: string;
  log: Map<string, Arrival[]>;
  unverified: string[];
  trust(secret: string): void;
  close(): void;
};

const SLOW_MS: [number, number] = [200, 900];
const FLAKY_SHARE = 0.3;
/** A flaky receiver accepts an event after so many failures: delays double, so more would take too long. */
const FLAKY_FAILURES_MAX = 3;

/** What a receiver of each kind answers to the `nth` arrival of an event; null for nothing, ever. */
const ANSWERS: Record<EndpointKind, (random: Random, nth: number) => Promise<number | null>> = {
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
 * `unverified` counts the others. Deliveries wait until `trust(secret)` has set the accepted secret.
 */
export async function startReceiver(kind: EndpointKind, seed: string): Promise<Receiver> {
  const log = new Map<string, Arrival[]>();
  const unverified: string[] = [];
  const { promise: trusted, resolve } = Promise.withResolvers<Webhook>();

  async function receive(request: IncomingMessage): Promise<number | null> {
    const text = String(await readBody(request));
    const webhook = await trusted;
    const id = String(request.headers["webhook-id"]);
    try {
      // The headers of a signature come once.
      webhook.verify(text, request.headers as Record<string, string>);
    } catch (error) {
      unverified.push(`${id}: ${errorMessage(error)}`);
      return 400;
    }
    const arrivals = log.get(id) ?? [];
    log.set(id, arrivals);
    const arrival: Arrival = { text, status: null };
    arrivals.push(arrival);
    const random = randomOf(seed, kind, id, arrivals.length);
    arrival.status = await ANSWERS[kind](random, arrivals.length);
    return arrival.status;
  }

  const server = createServer((request, response) => {
    receive(request).then(
      (status) => status !== null && response.writeHead(status).end(),
      // The sender closed the connection before the end of the request, perhaps because it was killed.
      () => response.destroy(),
    );
  });
  const { url, close } = await listen(server);
  const trust = (secret: string) => resolve(new Webhook(secret));
  return { kind, log, unverified, trust, url: `${url}/webhooks`, close };
}
