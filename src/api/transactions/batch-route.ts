/** `POST /transactions/batch`: up to a hundred creates in one request, each with an outcome of its own. */
import { z } from "@hono/zod-openapi";
import { deriveTransactionId } from "../../domain/identity/id";
import { isIdempotencyKey, NOT_A_KEY } from "../../domain/transaction/idempotency";
import { describeFault } from "../../observability/log";
import type { Outcome, SharedCall } from "../../transactions/rpc";
import type { AppContext } from "../context";
import { type App, BODY_PROBLEMS, defineRoute } from "../http/define-route";
import { Problem, problemDocument, toFaultCode } from "../http/problem";
import { Problem as ProblemSchema } from "../http/problem-schema";
import { parsePart } from "../http/request-body";
import { jsonTextResponse } from "../http/response";
import { authenticate } from "../middleware/authenticate";
import { consumeMore } from "../middleware/rate-limit";
import { refuseNewPayment } from "./create-route";
import { BatchItem, type SentCreate, selectCreateSchema } from "./create-schema";
import { callOwner, callOwnersTogether } from "./owner";
import { toProblem } from "./refusal-problem";
import { Transaction } from "./schemas";

const MAX_ITEMS = 100;
/** A hundred items of common size have some 30 kB; this leaves room for items with much metadata. */
const MAX_BATCH_BYTES = 1_048_576;

const COUNT = `must be an array of 1 to ${MAX_ITEMS} items`;
const BatchBody = z
  .strictObject({ items: z.array(BatchItem, COUNT).min(1, COUNT).max(MAX_ITEMS, COUNT) })
  .openapi("TransactionBatch");
/** The items are checked one by one, so that a faulty one does not affect the others. */
const sentBatch = z.strictObject({
  items: z.array(z.unknown(), COUNT).min(1, COUNT).max(MAX_ITEMS, COUNT),
});

const BatchResult = z
  .object({
    index: z.int().min(0).openapi({ description: "Index of the item in the request.", example: 0 }),
    status: z.int().openapi({
      description: "Status that a create request of its own would have had.",
      example: 201,
    }),
    replayed: z.boolean().optional().openapi({
      description: "`true` if the idempotency key was already used: no transaction was created.",
      example: true,
    }),
    transaction: Transaction.optional().openapi({
      description: "Present if the status is 201 or 202.",
    }),
    problem: ProblemSchema.optional().openapi({
      description: "Present if the status is 400 or higher.",
    }),
  })
  .openapi("BatchResult");
export const BatchResults = z.object({ data: z.array(BatchResult) }).openapi("BatchResults");

export function batchRoute(app: App): void {
  defineRoute(app, {
    method: "post",
    path: "/api/v1/transactions/batch",
    operationId: "createTransactions",
    summary: "Create up to 100 transactions",
    description:
      "Each item is a create request with its own idempotency key, and has its own result: the results are in the order of the items, and a faulty item does not affect the others. Each item counts as a request. Safe to retry as a whole.",
    tag: "Transactions",
    security: "api_key",
    request: {
      body: { documentedAs: BatchBody, checkedBy: sentBatch, max_bytes: MAX_BATCH_BYTES },
    },
    responses: { 200: { description: "The result of each item.", schema: BatchResults } },
    problems: BODY_PROBLEMS.slice(),
    before: [authenticate("transactions:write")],
    handle: createAll,
  });
}

/** An item that can be executed. `only_repeats` is the reason why it may only repeat an earlier request. */
type Item = {
  id: string;
  call: SharedCall & { kind: "create" };
  only_repeats: Problem | undefined;
};

async function createAll(
  c: AppContext,
  { body: { items } }: { body: z.output<typeof sentBatch> },
): Promise<Response> {
  await consumeMore(c, items.length);
  const parsed = items.map((item, index) => asProblem(() => parseItem(c, item, index)));
  const executable = parsed.filter((item) => !(item instanceof Problem)) as Item[];
  const together = executable.filter(({ only_repeats }) => !only_repeats);
  const outcomes = new Map<Item, Outcome>();
  const calls = together.map(({ id, call }) => ({ transaction_id: id, call }));
  const [replies] = await Promise.all([
    callOwnersTogether(c, calls),
    ...executable
      .filter(({ only_repeats }) => only_repeats)
      .map(async (item) => outcomes.set(item, await repeat(c, item))),
  ]);
  together.forEach((item, at) => {
    const outcome = replies[at];
    if (outcome) outcomes.set(item, outcome);
  });
  const results = parsed.map((item, index) =>
    item instanceof Problem
      ? problemText(c, index, item)
      : resultText(c, index, outcomes.get(item)),
  );
  c.set("outcome", "batch");
  return jsonTextResponse(c, 200, `{"data":[${results.join(",")}]}`);
}

function asProblem<Value>(read: () => Value): Value | Problem {
  try {
    return read();
  } catch (fault) {
    if (fault instanceof Problem) return fault;
    throw fault;
  }
}

/** @throws Problem */
function parseItem(c: AppContext, item: unknown, index: number): Item {
  const path = ["items", index];
  const { idempotency_key: key, ...sent } = parsePart(anyItem, item, path);
  if (typeof key !== "string" || !isIdempotencyKey(key)) {
    const message = key === undefined ? `is required, and ${NOT_A_KEY}` : NOT_A_KEY;
    throw new Problem(key === undefined ? "idempotency_key_missing" : "idempotency_key_invalid", {
      detail: `items/${index}/idempotency_key ${message}.`,
      errors: [{ pointer: `#/items/${index}/idempotency_key`, message }],
    });
  }
  const insecure = c.get("config").allow_insecure_webhooks;
  const schema = selectCreateSchema(insecure, c.get("default_currency"));
  const body: SentCreate = parsePart(schema, sent, path);
  const merchant_id = c.get("merchant_id");
  const command = { merchant_id, idempotency_key: key, request: body.request };
  return {
    id: deriveTransactionId(merchant_id, key),
    call: { kind: "create", command, process: body.process },
    only_repeats: refuseNewPayment(c, body, path),
  };
}

/** Takes an item as it is, so that its own schema sees every member: a record would leave out `__proto__`. */
const anyItem = z.custom<Record<string, unknown>>(
  (item) => typeof item === "object" && item !== null && !Array.isArray(item),
  "must be a JSON object",
);

/** The earlier response to an item that can create no payment now. */
async function repeat(c: AppContext, { id, call, only_repeats }: Item): Promise<Outcome> {
  const { command, process = false } = call;
  try {
    const reply = await callOwner(c, id, (owner, address) =>
      owner.repeat(address, command.request, process),
    );
    const isNew = !reply.ok && reply.refusal.code === "transaction_not_found";
    return isNew ? { fault: only_repeats } : { reply };
  } catch (fault) {
    return { fault };
  }
}

function resultText(c: AppContext, index: number, outcome: Outcome | undefined): string {
  if (!outcome || "fault" in outcome) {
    const fault = outcome?.fault;
    if (fault instanceof Problem) return problemText(c, index, fault);
    c.get("log")("error", "fault", { fault: describeFault(fault) });
    return problemText(c, index, new Problem(toFaultCode(fault)));
  }
  const { reply } = outcome;
  if (!reply.ok) {
    return problemText(c, index, toProblem(reply.refusal, `#/items/${index}`));
  }
  const status = reply.pending ? 202 : 201;
  const replayed = reply.replayed ? `"replayed":true,` : "";
  return `{"index":${index},"status":${status},${replayed}"transaction":${reply.body}}`;
}

function problemText(c: AppContext, index: number, { code, details }: Problem): string {
  const problem = problemDocument(c, code, details);
  return JSON.stringify({ index, status: problem.status, problem });
}
