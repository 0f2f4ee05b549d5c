/** Every operation over HTTP, with a processor that keeps its promises and one that fails on the way. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createProcessor } from "../../../src/processor/create";
import { type Answer, callWithin, type OperationRequest } from "../../../src/processor/processor";
import { LONG_MS, OPERATIONS, requestOf } from "../../support/charge-request";
import { OPERATIONS as PATHS, type Processor, startProcessor } from "../../support/processor";

let fake: Processor;
beforeAll(async () => {
  fake = await startProcessor();
});
afterAll(() => fake.close());

/** The steps go where the fake looks for those of the operation. */
const withSteps = ({ operation }: OperationRequest, steps: string) => {
  const own = operation === "capture" || operation === "void" ? `processor_${operation}` : "";
  return { [own || "processor"]: steps };
};

const processorWith = (operations: string[]) =>
  createProcessor({ processor: { kind: "http", url: fake.url, token: "", operations } });

/** The answers to the first attempts of an operation. */
async function attempt(
  request: OperationRequest,
  steps: string,
  attempts: number,
  operations: string[] = [],
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let number = 1; number <= attempts; number++) {
    const sent = { ...request, metadata: withSteps(request, steps), attempt: number };
    answers.push(await callWithin(processorWith(operations), sent, LONG_MS));
  }
  return answers;
}

const UNKNOWN = { kind: "unknown", reason: expect.any(String) };

describe.each(OPERATIONS)("the operation %s", (operation) => {
  let count = 0;
  /** A request for a payment of its own. An authorization, a charge or what is needed before it is done already. */
  async function prepared(): Promise<OperationRequest> {
    count += 1;
    const transaction_id = `txn_${operation}${count}`;
    const begin = requestOf({ transaction_id, idempotency_key: transaction_id, metadata: {} });
    if (operation === "charge" || operation === "authorize") return { ...begin, operation };
    const first = operation === "refund" ? "charge" : "authorize";
    await callWithin(processorWith([]), { ...begin, operation: first }, LONG_MS);
    return { ...begin, operation, idempotency_key: `${transaction_id}:${operation}:3` };
  }

  it.each([
    ["is done", "settle", { kind: "done" }],
    ["is done and named", "named:psp_1", { kind: "done", processor_reference: "psp_1" }],
    ["is declined", "decline:no", { kind: "declined", failure: { code: "no", message: "No." } }],
  ])("An operation %s, and a repetition gets the same answer", async (_, step, answer) => {
    const request = await prepared();
    expect(await attempt(request, step, 3)).toEqual([answer, answer, answer]);
    expect(fake.seen.get(request.idempotency_key)).toMatchObject({
      calls: 3,
      finds: 0,
      charges: 1,
      amounts: Array(3).fill(request.amount_minor),
    });
    const { done, declined } = fake.payments.get(request.transaction_id) ?? {};
    const counted = [done?.[operation], declined?.[operation]];
    expect(counted).toEqual(answer.kind === "done" ? [1, 0] : [0, 1]);
  });

  it.each(["pending", "error", "garbage", "drop", "other_payment", "other_word"])(
    "An operation with %s has an unknown outcome, and is carried out once by a repetition",
    async (step) => {
      const request = await prepared();
      expect(await attempt(request, `${step},settle`, 2)).toEqual([
        expect.objectContaining(UNKNOWN),
        { kind: "done" },
      ]);
      expect(fake.seen.get(request.idempotency_key)).toMatchObject({ calls: 2, charges: 1 });
    },
  );

  it.each([
    ["drop", 1],
    ["pending", 2],
    ["error", 2],
  ])(
    "A processor that can find an operation is asked before it is repeated, after %s",
    async (step, calls) => {
      const request = await prepared();
      const answers = await attempt(request, `${step},settle`, 2, ["find"]);
      expect(answers).toEqual([UNKNOWN, { kind: "done" }]);
      const { idempotency_key } = request;
      expect(fake.seen.get(idempotency_key)).toMatchObject({ calls, finds: 1, charges: 1 });
    },
  );
});

it("No operation was carried out that a processor would not allow", () => {
  expect(fake.violations).toEqual([]);
  expect(fake.payments.size).toBeGreaterThan(0);
});

it("docs/processor.md has the path and the word of every operation, and no other", () => {
  const text = readFileSync(join(import.meta.dirname, "../../../docs/processor.md"), "utf8");
  const rows = [...text.matchAll(/^\| (\w+) \| `POST \/(\w+)` \| `(\w+)` \|/gm)];
  expect(rows.map(([, operation, path, done]) => ({ operation, path, done }))).toEqual(
    Object.entries(PATHS).map(([path, { operation, done }]) => ({ operation, path, done })),
  );
});

it("The fake processor reports what a processor would not allow", async () => {
  const other = await startProcessor();
  const processor = createProcessor({
    processor: { kind: "http", url: other.url, token: "", operations: [] },
  });
  const asked: [OperationRequest["operation"], string, number][] = [
    ["authorize", "a", 100],
    ["capture", "a:capture:3", 101],
    ["capture", "a:capture:5", 1],
    ["void", "a:void:7", 100],
    ["charge", "b", 100],
    ["charge", "b", 101],
    ["refund", "r1", 60],
    ["refund", "r2", 41],
    ["void", "v1", 100],
  ];
  for (const [operation, idempotency_key, amount_minor] of asked) {
    const transaction_id = idempotency_key.startsWith("a") ? "a" : "b";
    const request = requestOf({ operation, idempotency_key, transaction_id, amount_minor });
    await callWithin(processor, request, LONG_MS);
  }
  expect(other.violations).toEqual([
    "a: a capture of 101 of 100",
    "a: a second capture",
    "a: a void of a captured payment",
    "b: another request",
    "b: a refund of 41 of 40",
    "b: a void of 100 of 0",
  ]);
  await other.close();
});
