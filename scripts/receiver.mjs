// A receiver of webhooks that tells what arrives. It does what every receiver should: it verifies
// first, does nothing twice, and answers at once.
import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";
import { HOST } from "./local.mjs";
import { readBody } from "./read-body.mjs";

const PATH = "/webhooks";
// Enough for an evening of watching; the oldest are forgotten first.
const REMEMBERED_MAX = 10_000;

/** A Map that forgets its oldest entries. */
function remember(map, key, value) {
  map.delete(key);
  map.set(key, value);
  if (map.size > REMEMBERED_MAX) map.delete(map.keys().next().value);
}

/** The verified event; throws when none of the secrets made the signature. */
function verify(secrets, body, headers) {
  let fault = new Error("no secret is known");
  for (const secret of secrets) {
    try {
      return new Webhook(secret).verify(body, headers);
    } catch (error) {
      fault = error;
    }
  }
  throw fault;
}

function describe({ type, data }) {
  const { id, status, amount, currency, version } = data ?? {};
  const money = amount === undefined ? undefined : `${amount} ${currency}`;
  const number = version === undefined ? undefined : `version ${version}`;
  const parts = [type.padEnd("transaction.processing".length), id, status, money, number];
  return parts.filter((part) => part !== undefined).join("  ");
}

/** Decides what to answer to deliveries, and prints a line for each. */
function createDesk({ failPercent, print }) {
  const arrivals = new Map();
  const handled = new Map();
  const versions = new Map();

  /** What a receiver that goes by `data.version` would notice. */
  function order({ id, version } = {}) {
    if (version === undefined) return "";
    const newest = versions.get(id) ?? 0;
    if (version < newest) return `, late: version ${newest} is here already`;
    remember(versions, id, version);
    return "";
  }

  return (secrets, body, headers) => {
    const eventId = headers["webhook-id"];
    let event;
    try {
      event = verify(secrets, body, headers);
    } catch ({ message }) {
      print(`SIGNATURE NOT OK (${message}): answered 400`);
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
 * said whose signatures count, since the first may come before the secret does.
 */
export async function startReceiver({ port, failPercent, print }) {
  const decide = createDesk({ failPercent, print });
  let trust;
  const trusted = new Promise((resolve) => {
    trust = resolve;
  });
  const server = createServer(async (request, response) => {
    const end = (status) => response.writeHead(status).end();
    try {
      if (request.method !== "POST") return end(405);
      const body = await readBody(request);
      return end(decide(await trusted, body, request.headers));
    } catch {
      // The sender has gone away in the middle, or went on for too long.
      response.destroy();
    }
  });
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, HOST, resolve);
  });
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://${HOST}:${server.address().port}${PATH}`, trust, close };
}
