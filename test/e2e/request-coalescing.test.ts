/** Requests that share a call, over real HTTP: the test runner's own Worker cannot share, because there the
 *  runtime does not carry a promise from request to request. */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Transaction } from "../../src/domain/transaction/transaction";
import { type BuiltServer, startBuilt } from "../support/built-server";
import { type Processor, startProcessor } from "../support/processor";
import { sized } from "../support/sized";

const TRANSACTIONS = "/api/v1/transactions";
const FAR_AWAY = "1000000000";
/** So many that everything a request does has been compiled, and compiled again, before they end. */
const LONG_RUN = sized(8_000, 40_000);

let processor: Processor;
let server: BuiltServer;
let key = "";
let stranger = "";

beforeAll(async () => {
  processor = await startProcessor();
  server = await startBuilt({
    TRANSACTION_SHARDS: "1",
    PROCESSOR: "http",
    PROCESSOR_URL: processor.url,
    // As long as it may be: what hangs here ends when the test says so.
    PROCESSOR_TIMEOUT_MS: "60000",
    MAX_DAILY_TRANSACTIONS: FAR_AWAY,
    RATE_LIMIT_REQUESTS: FAR_AWAY,
    LOG_LEVEL: "error",
  });
  [key, stranger] = server.keys;
});

afterAll(async () => {
  await server.remove();
  await processor.close();
});

it("Racing creates with one key get one transaction, and those with other fields get the names of the fields", async () => {
  const asked = times(200, (at) => (at % 10 === 3 ? 13 : 12));
  const answers = await Promise.all(
    asked.map(async (amount) => ({ amount, ...(await answerOf(create("race", { amount }))) })),
  );
  const won = answers.find(({ status }) => status === 201)?.amount;
  for (const { amount, status } of answers) expect(status).toBe(amount === won ? 201 : 422);
  const same = answers.filter(({ status }) => status === 201);
  expect(new Set(same.map(({ body }) => JSON.stringify(body))).size).toBe(1);
  expect(same.filter(({ replayed }) => !replayed)).toHaveLength(1);
  const { data } = (await answerOf(get(`${same[0]?.body.id}/events`))).body as never as {
    data: unknown[];
  };
  expect(data).toHaveLength(1);
});

it("50 concurrent calls of process charge once", async () => {
  const { id } = (await answerOf(create("once", { metadata: { processor: "slow" } }))).body;
  const answers = await Promise.all(times(50, () => answerOf(process(id))));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
  expect(processor.seen.get(id)?.calls).toBe(1);
});

it("Each request of a shared call gets its own response, and another merchant gets none of them", async () => {
  const made = await Promise.all(
    times(40, async (at) => (await answerOf(create(`own-${at}`, { amount: 1 + at }))).body),
  );
  const answers = await Promise.all(
    times(400, async (at) => {
      const isStranger = at % 5 === 0;
      const wanted = made[at % made.length];
      const found = await answerOf(get(wanted?.id ?? "", isStranger ? stranger : key));
      return { isStranger, wanted, found };
    }),
  );
  for (const { isStranger, wanted, found } of answers) {
    expect(found.status).toBe(isStranger ? 404 : 200);
    if (!isStranger) expect(found.body).toEqual(wanted);
  }
});

it("A charge that hangs delays no other request's response", async () => {
  const steps = times(12, (at) => (at === 5 ? "wait" : "settle"));
  const made = await Promise.all(
    steps.map(async (step, at) => {
      const { body } = await answerOf(create(`hang-${at}`, { metadata: { processor: step } }));
      return body.id;
    }),
  );
  const asked = made.map((id) => answerOf(process(id)));
  const [held, ...others] = [asked[5], ...asked.toSpliced(5, 1)];
  const answers = await Promise.all(others);
  expect(answers.map(({ status }) => status)).toEqual(others.map(() => 200));
  expect((await fetch(`${processor.url}/release/${made[5]}`)).ok).toBe(true);
  expect((await held)?.status).toBe(200);
});

it("Requests of a shared call get their responses when the clients of other requests disconnect", async () => {
  for (let round = 0; round < 20; round++) {
    const { id } = (await answerOf(create(`stay-${round}`))).body;
    const work = times(40, async (at) => {
      if (at % 2 === 1) return answerOf(at % 4 === 1 ? get(id) : create(`stay-${round}`));
      const hangUp = new AbortController();
      setTimeout(() => hangUp.abort(), at % 8);
      await get(id, key, hangUp.signal).then(
        (response) => response.text(),
        () => {},
      );
      return null;
    });
    const stayed = (await Promise.all(work)).filter((answer) => answer !== null);
    expect(stayed).toHaveLength(20);
    for (const { status, body } of stayed) {
      expect([200, 201]).toContain(status);
      expect(body.id).toBe(id);
    }
  }
});

it("Each request gets its own response in the compiled Worker, too", async () => {
  const { id } = (await answerOf(create("long"))).body;
  const statuses = new Map<number, number>();
  let left = LONG_RUN;
  await Promise.all(
    times(16, async () => {
      while (left > 0) {
        left -= 1;
        const response = await get(id);
        await response.text();
        statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
      }
    }),
  );
  expect([...statuses.keys()]).toEqual([200]);
});

type Answer = { status: number; replayed: boolean; body: Transaction };

async function answerOf(asked: Promise<Response>): Promise<Answer> {
  const response = await asked;
  const replayed = response.headers.has("Idempotent-Replayed");
  return { status: response.status, replayed, body: (await response.json()) as Transaction };
}

function create(idempotencyKey: string, body: object = {}): Promise<Response> {
  return fetch(server.origin + TRANSACTIONS, {
    method: "POST",
    headers: { ...headersOf(key), "Idempotency-Key": idempotencyKey },
    body: JSON.stringify({ user_id: "user_1", amount: 12, ...body }),
  });
}

function process(id: string): Promise<Response> {
  return fetch(`${server.origin}${TRANSACTIONS}/${id}/process`, {
    method: "POST",
    headers: headersOf(key),
  });
}

function get(path: string, apiKey = key, signal: AbortSignal | null = null): Promise<Response> {
  return fetch(`${server.origin}${TRANSACTIONS}/${path}`, { headers: headersOf(apiKey), signal });
}

function headersOf(apiKey: string): Record<string, string> {
  return { Authorization: `Bearer ${apiKey}`, "Content-Type": "application/json" };
}

function times<Value>(count: number, make: (at: number) => Value): Value[] {
  return Array.from({ length: count }, (_, at) => make(at));
}
