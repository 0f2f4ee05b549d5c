// A payment processor as docs/processor.md describes it: it carries out each key once, keeps what it did, and answers as
// the plan's outcomes say, also not at all.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { readBody } from "../../scripts/listen/read-body.ts";
import { type Operation, type Outcome, outcomeOf } from "../plan/expectation.ts";
import type { Operated, ProcessorView } from "../world.ts";
import { listen } from "./listen.ts";

export type SimulatedProcessor = ProcessorView & { url: string; close(): void };

/** The path of each operation, and the word by which it is done. */
const OPERATIONS: Record<string, { operation: Operation; done: string }> = {
  charges: { operation: "charge", done: "settled" },
  authorizations: { operation: "authorize", done: "authorized" },
  captures: { operation: "capture", done: "captured" },
  voids: { operation: "void", done: "voided" },
  refunds: { operation: "refund", done: "refunded" },
};
const WORDS = new Map(Object.values(OPERATIONS).map(({ operation, done }) => [operation, done]));
const SLOW_MS = 1_000;

type Body = {
  reference: string;
  payment?: string;
  processor_reference?: string;
  amount_minor: number;
  currency: string;
  metadata: Record<string, string>;
};
type Known = Operated & { outcome: Outcome };

/** Why no money can be moved so, whatever the plan's outcome; null when it can.
 *  @param of all operations of the payment so far */
function whyImpossible(operation: Operation, amount_minor: number, of: Known[]): string | null {
  if (operation === "charge" || operation === "authorize") return null;
  const sumOf = (...kinds: Operation[]) =>
    of
      .filter((one) => one.code === null && kinds.includes(one.operation))
      .reduce((sum, one) => sum + one.amount_minor, 0);
  const isOver = sumOf("capture", "void") > 0;
  if (operation === "refund") {
    const left_minor = sumOf("charge", "capture") - sumOf("refund");
    return amount_minor > left_minor ? "nothing_left" : null;
  }
  return isOver || amount_minor > sumOf("authorize") ? "nothing_held" : null;
}

/** Listens at a free port. `operations` are by their keys, in the order in which they came. */
export async function startProcessor(): Promise<SimulatedProcessor> {
  const operations = new Map<string, Known>();
  const complaints: string[] = [];

  function complain(key: string, body: Body, known: Known): void {
    const { payment = key, amount_minor, currency } = body;
    const first = [known.payment, known.amount_minor, known.currency];
    if (String([payment, amount_minor, currency]) !== String(first) || body.reference !== key) {
      complaints.push(`${key} came with another request`);
    }
    if (payment === key) return;
    const begun = operations.get(payment);
    if (begun?.code !== null || !begun.is_decided) {
      complaints.push(`${key} is about ${payment}, which has no money`);
    } else if (body.processor_reference !== begun.reference) {
      complaints.push(`${key} calls ${payment} ${body.processor_reference}`);
    }
  }

  function receive(operation: Operation, key: string, body: Body): Known {
    const { payment = key, amount_minor, currency, metadata } = body;
    const of = [...operations.values()].filter((one) => one.payment === payment);
    const earlier = of.filter((one) => one.operation === operation && one.key !== key).length;
    const outcome = outcomeOf(operation, metadata, earlier);
    const code = outcome.code ?? whyImpossible(operation, amount_minor, of);
    const known = operations.get(key) ?? {
      ...{ key, operation, payment, amount_minor, currency, code, outcome },
      ...{ is_decided: false, contacts: 0, unclear: 0, reference: `psp_${operations.size + 1}` },
    };
    operations.set(key, known);
    complain(key, body, known);
    return known;
  }

  async function answer(known: Known, response: ServerResponse): Promise<void> {
    const { key, operation, payment, amount_minor, currency, code, outcome, reference } = known;
    const isFirst = !known.is_decided;
    const unclear = isFirst ? outcome.unclear[known.contacts++] : undefined;
    if (unclear) known.unclear++;
    if (unclear === "error") return sendJson(response, 500, { error: "try again" });
    if (unclear === "pending") return sendJson(response, 200, { status: "pending" });
    known.is_decided = true;
    if (unclear === "cut") return void response.destroy();
    if (unclear === "hang") return;
    if (isFirst && outcome.is_slow) await sleep(SLOW_MS);
    const about = payment === key ? {} : { payment };
    const told = { reference: key, ...about, amount_minor, currency };
    const said =
      code === null
        ? { status: WORDS.get(operation), processor_reference: reference }
        : { status: "declined", code, message: "It is declined" };
    sendJson(response, 200, { ...said, ...told });
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, path = "", asked = ""] = (request.url ?? "").split("/");
    if (request.method === "GET" && path === "operations") {
      const known = operations.get(asked);
      // A call that failed has left nothing.
      const hasBegun = known?.is_decided || known?.outcome.unclear.includes("pending");
      if (!known || !hasBegun) return sendJson(response, 404, { status: "not_found" });
      return answer(known, response);
    }
    const named = OPERATIONS[path];
    const key = request.headers["idempotency-key"];
    const body = JSON.parse(String(await readBody(request))) as Body;
    const isMoney =
      Number.isSafeInteger(body?.amount_minor) && body.amount_minor > 0 && body.currency;
    if (!named || typeof key !== "string" || !isMoney) {
      complaints.push(`${request.method} ${request.url} with the key ${key}`);
      return sendJson(response, named ? 400 : 404, {});
    }
    await answer(receive(named.operation, key, body), response);
  }

  const server = createServer((request, response) => {
    // The sender closed the connection before the end of the request, perhaps because it was killed.
    serve(request, response).catch(() => response.destroy());
  });
  return { operations, complaints, ...(await listen(server)) };
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
