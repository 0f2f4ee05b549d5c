// A receiver of webhooks that prints what arrives. It does what every receiver should: it verifies
// first, does nothing twice, and answers at once.
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";
import { HOST } from "../local/local-deployment.ts";
import { errorMessage } from "../processes/errors.ts";
import { readBody } from "./read-body.ts";

const PATH = "/webhooks";
// Enough for several hours of use; the oldest entries are dropped first.
const REMEMBERED_MAX = 10_000;

/** The parts of an event that are shown. */
type Data = { id?: string; status?: string; amount?: number; currency?: string; version?: number };
type Event = { type: string; data?: Data };
type Print = (line: string) => void;
type Options = { port: number; failPercent: number; print: Print };

export type Receiver = { url: string; trust(secrets: string[]): void; close(): void };

/** Sets an entry and drops the oldest ones above the limit. */
function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= REMEMBERED_MAX) return;
    map.delete(oldest);
  }
}

/** The verified event; throws when none of the secrets made the signature. */
function verify(secrets: string[], body: Buffer, headers: Record<string, string>): Event {
  let fault: unknown = new Error("no secret is known");
  for (const secret of secrets) {
    try {
      return new Webhook(secret).verify(body, headers) as Event;
    } catch (error) {
      fault = error;
    }
  }
  throw fault;
}

function describe({ type, data = {} }: Event): string {
  const { id, status, amount, currency, version } = data;
  const money = amount === undefined ? undefined : `${amount} ${currency}`;
  const number = version === undefined ? undefined : `version ${version}`;
  const parts = [type.padEnd("transaction.capture_expired".length), id, status, money, number];
  return parts.filter((part) => part !== undefined).join("  ");
}

/** Decides what to answer to deliveries, and prints a line for each. */
function createDesk({ failPercent, print }: Omit<Options, "port">) {
  const arrivals = new Map<string, number>();
  const handled = new Map<string, true>();
  const versions = new Map<string, number>();

  /** What a receiver that goes by `data.version` would notice. */
  function order({ id, version }: Data = {}): string {
    if (id === undefined || version === undefined) return "";
    const newest = versions.get(id) ?? 0;
    if (version < newest) return `, late: version ${newest} is here already`;
    remember(versions, id, version);
    return "";
  }

  return (secrets: string[], body: Buffer, received: IncomingHttpHeaders): number => {
    const headers = received as Record<string, string>; // A signature's headers come once.
    const eventId = headers["webhook-id"] ?? "";
    let event: Event;
    try {
      event = verify(secrets, body, headers);
    } catch (fault) {
      print(`SIGNATURE NOT OK (${errorMessage(fault)}): answered 400`);
      return 400;
    }
    const arrival = (arrivals.get(eventId) ?? 0) + 1;
    remember(arrivals, eventId, arrival);
    const nth = `arrival ${arrival}`;
    if (handled.has(eventId)) {
      print(`${eventId} again, ${nth}, signature ok: dropped, answered 204`);
      return 204;
    }
    const line = `${describe(event)}  ${eventId}, ${nth}, signature ok`;
    if (Math.random() * 100 < failPercent) {
      print(`${line}: answered 500 on purpose, it will come again`);
      return 500;
    }
    remember(handled, eventId, true);
    print(`${line}${order(event.data)}`);
    return 204;
  };
}

/**
 * Listens at `port` of this machine, 0 for any free one. Deliveries wait until `trust(secrets)` has
 * set the accepted secrets, since the first may arrive before the secret does.
 */
export async function startReceiver({ port, failPercent, print }: Options): Promise<Receiver> {
  const decide = createDesk({ failPercent, print });
  const { promise: trusted, resolve: trust } = Promise.withResolvers<string[]>();
  const server = createServer(async (request, response) => {
    const end = (status: number) => response.writeHead(status).end();
    try {
      if (request.method !== "POST") return end(405);
      const body = await readBody(request);
      return end(decide(await trusted, body, request.headers));
    } catch {
      // The sender closed the connection early, or the body exceeded its limit.
      response.destroy();
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, HOST, resolve);
  });
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  const { port: own } = server.address() as AddressInfo; // It listens at a port, not at a pipe.
  return { url: `http://${HOST}:${own}${PATH}`, trust, close };
}
