/** A payment processor for tests: a real HTTP server in a process outside the Worker.
 *
 *  It keeps the promise that processors make (one result per idempotency key, however often it is called) and behaves as a
 *  list of steps requests, one for each call under a key, the last one for all further calls. The steps of a charge, an
 *  authorization and a refund are in their `metadata.processor`, those of a capture and a void in the payment's
 *  `metadata.processor_capture` and `metadata.processor_void`:
 *  `settle` (carries it out), `named:ID` (the same, and names an id of its own), `decline:CODE`, `pending`, `error` (HTTP
 *  500), `drop` (carries it out, then cuts the connection), `hang` (carries it out, never answers), `slow` (answers after
 *  300 ms), `garbage`, `card` (declines with a card number in its words), `other_payment` (done, with the echo of another
 *  amount), `other_word` (done, in the word of another operation), `wait` (carried out as soon as
 *  `GET /release/{key}` is called).
 *
 *  `GET /operations/{key}` says what became of an operation, in the processor's protocol. `GET /{key}` has what was seen
 *  under a key, `GET /payments/{transaction id}` what was done about a payment, and `GET /violations` what was asked for
 *  that a processor would not allow. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import type { TestProject } from "vitest/node";
import type { OperationName } from "../../src/domain/transaction/operation";
import { type Fake, sendJson, serve } from "./http-server";
import { type Ledger, newLedger, newPayment, type Payment } from "./processor-ledger";

const SLOW_MS = 300;

const DECLINED_WITH_CARD = {
  status: "declined",
  code: "no_funds_4242424242424242",
  message: "No funds on 4242 4242 4242 4242",
};

/** The operations by their paths, and the words that say that they are done. */
export const OPERATIONS: Record<string, { operation: OperationName; done: string; steps: string }> =
  {
    charges: { operation: "charge", done: "settled", steps: "processor" },
    authorizations: { operation: "authorize", done: "authorized", steps: "processor" },
    captures: { operation: "capture", done: "captured", steps: "processor_capture" },
    voids: { operation: "void", done: "voided", steps: "processor_void" },
    refunds: { operation: "refund", done: "refunded", steps: "processor" },
  };
const WORDS = Object.values(OPERATIONS).map(({ done }) => done);

type Result =
  | { status: string; processor_reference?: string }
  | { status: "declined"; code: string; message: string };
type Seen = {
  /** How often the operation was called, and how often it was looked up. */
  calls: number;
  finds: number;
  /** How often it was carried out or declined: at most once. */
  charges: number;
  amounts: number[];
  traceparents: (string | undefined)[];
  result?: Result;
};

export type Processor = Fake & {
  /** By idempotency key. */
  seen: Map<string, Seen>;
  /** By transaction id. */
  payments: Map<string, Payment>;
  /** What was asked of it that is not allowed; empty unless there is a fault. */
  violations: string[];
};

type State = { seen: Map<string, Seen>; ledger: Ledger; waiting: Map<string, () => void> };

export async function startProcessor(): Promise<Processor> {
  const ledger = newLedger();
  const state: State = { seen: new Map(), ledger, waiting: new Map() };
  const fake = await serve(async (request, response) => {
    if (request.method === "GET") return sendJson(response, ...look(state, request.url ?? ""));
    return answer(state, request, response);
  });
  return { ...fake, seen: state.seen, payments: ledger.payments, violations: ledger.violations };
}

/** The answer to a GET: its HTTP status, and its body. */
function look({ seen, ledger, waiting }: State, url: string): [number, unknown] {
  const [, path = "", key = ""] = url.split("/");
  if (path === "release") {
    const release = waiting.get(key);
    release?.();
    return [release ? 200 : 404, {}];
  }
  if (path === "payments") return [200, ledger.payments.get(key) ?? newPayment()];
  if (path === "violations") return [200, ledger.violations];
  if (path !== "operations") return [200, seen.get(path) ?? nothing()];
  const record = seen.get(key);
  if (record) record.finds += 1;
  if (!record?.result) return [404, { status: "not_found" }];
  return [200, { reference: key, ...record.result }];
}

async function answer(
  { seen, ledger, waiting }: State,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = request.url?.split("/").at(-1) ?? "";
  const kind = OPERATIONS[path];
  if (!kind) return sendJson(response, 404, { status: "no such operation" });
  const sent = await text(request);
  const body = JSON.parse(sent);
  const key = String(request.headers["idempotency-key"]);
  const { reference, payment = reference, amount_minor, currency } = body;
  const record = seen.get(key) ?? nothing();
  seen.set(key, record);
  record.calls += 1;
  record.amounts.push(amount_minor);
  record.traceparents.push(request.headers.traceparent as string | undefined); // Comes once.
  ledger.check({ key, path, reference, sent });
  const steps = String(body.metadata[kind.steps] ?? "settle").split(",");
  const step = steps[Math.min(record.calls, steps.length) - 1] ?? "settle";
  const echo = { reference, ...(body.payment ? { payment } : {}), amount_minor, currency };
  if (step === "pending") return sendJson(response, 202, { status: "pending" });
  if (step === "error") return sendJson(response, 500, { status: kind.done });
  if (step === "garbage") return sendJson(response, 200, "certainly");
  if (step === "card") return sendJson(response, 200, DECLINED_WITH_CARD);
  if (step === "other_payment") {
    return sendJson(response, 200, { ...echo, status: kind.done, amount_minor: amount_minor + 1 });
  }
  if (step === "other_word") {
    return sendJson(response, 200, { ...echo, status: WORDS.find((word) => word !== kind.done) });
  }
  if (!record.result) {
    record.result = resultOf(step, kind.done);
    record.charges += 1;
    ledger.add(payment, kind.operation, record.result.status === "declined" ? null : amount_minor);
  }
  if (step === "wait") await new Promise<void>((resolve) => waiting.set(key, resolve));
  if (step === "hang") return;
  if (step === "drop") return void response.destroy();
  if (step === "slow") await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
  sendJson(response, 200, { ...echo, ...record.result });
}

const nothing = (): Seen => ({ calls: 0, finds: 0, charges: 0, amounts: [], traceparents: [] });

function resultOf(step: string, done: string): Result {
  const [kind, detail = ""] = step.split(":");
  if (kind === "decline") return { status: "declined", code: detail, message: "No." };
  return kind === "named" ? { status: done, processor_reference: detail } : { status: done };
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
