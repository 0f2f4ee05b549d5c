/** A payment processor for tests: a real HTTP server in a process outside the Worker.
 *
 *  It keeps the promise that processors make (one result per idempotency key, however often it is
 *  asked) and behaves as a payment's metadata requests: `metadata.processor` is a list of steps, one
 *  for each call under the key, the last one for all further calls:
 *  `settle`, `decline:CODE`, `pending`, `error` (HTTP 500), `drop` (charges, then cuts the connection),
 *  `hang` (charges, never answers), `slow` (answers after 300 ms), `garbage`, `card` (declines with a card
 *  number in its words), `other_payment` (settles with the echo of another amount), `wait` (settles as soon as
 *  `GET /release/{key}` is called). */
import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import type { TestProject } from "vitest/node";
import { type Fake, sendJson, serve } from "./http-server";

const SLOW_MS = 300;

const DECLINED_WITH_CARD = {
  status: "declined",
  code: "no_funds_4242424242424242",
  message: "No funds on 4242 4242 4242 4242",
};

type Charge = { status: "settled" } | { status: "declined"; code: string; message: string };
type Seen = {
  calls: number;
  charges: number;
  amounts: number[];
  traceparents: (string | undefined)[];
  result?: Charge;
};

export type Processor = Fake & { seen: Map<string, Seen> };

export async function startProcessor(): Promise<Processor> {
  const seen = new Map<string, Seen>();
  const waiting = new Map<string, () => void>();
  const fake = await serve(async (request, response) => {
    const [, path, key = ""] = (request.url ?? "").split("/");
    if (path !== "release") return answer(seen, waiting, request, response);
    const release = waiting.get(key);
    release?.();
    sendJson(response, release ? 200 : 404, {});
  });
  return { ...fake, seen };
}

async function answer(
  seen: Map<string, Seen>,
  waiting: Map<string, () => void>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method === "GET") {
    const key = request.url?.split("/").at(-1) ?? "";
    sendJson(response, 200, seen.get(key) ?? nothing());
    return;
  }
  const body = JSON.parse(await text(request));
  const key = String(request.headers["idempotency-key"]);
  const record = seen.get(key) ?? nothing();
  seen.set(key, record);
  record.calls += 1;
  record.amounts.push(body.amount_minor);
  record.traceparents.push(request.headers.traceparent as string | undefined); // Comes once.
  const steps = String(body.metadata.processor ?? "settle").split(",");
  const step = steps[Math.min(record.calls, steps.length) - 1] ?? "settle";
  if (step === "pending") return sendJson(response, 202, { status: "pending" });
  if (step === "error") return sendJson(response, 500, { status: "settled" });
  if (step === "garbage") return sendJson(response, 200, "certainly");
  if (step === "card") return sendJson(response, 200, DECLINED_WITH_CARD);
  if (step === "other_payment") {
    return sendJson(response, 200, { status: "settled", amount_minor: body.amount_minor + 1 });
  }
  const result = charge(record, step);
  if (step === "wait") await new Promise<void>((resolve) => waiting.set(key, resolve));
  if (step === "hang") return;
  if (step === "drop") return void response.destroy();
  if (step === "slow") await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
  sendJson(response, 200, result);
}

const nothing = (): Seen => ({ calls: 0, charges: 0, amounts: [], traceparents: [] });

/** Charges once; a later call under the same key gets the first result. */
function charge(record: Seen, step: string): Charge {
  if (record.result) return record.result;
  const [kind, code = ""] = step.split(":");
  record.charges += 1;
  record.result =
    kind === "decline" ? { status: "declined", code, message: "No." } : { status: "settled" };
  return record.result;
}

/** vitest's global set-up. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const processor = await startProcessor();
  project.provide("processorUrl", processor.url);
  return processor.close;
}

declare module "vitest" {
  interface ProvidedContext {
    processorUrl: string;
  }
}
