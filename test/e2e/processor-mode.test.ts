/** What a deployment does without a processor, with the sandbox, and after the change from one to another: the
 *  built Worker over real HTTP, started again on the same state with other settings. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Transaction } from "../../src/domain/transaction/transaction";
import { type BuiltServer, startBuilt } from "../support/built-server";
import { until } from "../support/eventually";
import { type Processor, startProcessor } from "../support/processor";

const TRANSACTIONS = "/api/v1/transactions";
const SETTINGS = { TRANSACTION_SHARDS: "1", VELOCITY_SHARDS: "1", LOG_LEVEL: "warn" };

type Answer = { status: number; headers: Headers; body: Transaction & Record<string, unknown> };

let processor: Processor;
let server: BuiltServer;

async function ask(path: string, method = "GET", body?: object, key = ""): Promise<Answer> {
  const response = await fetch(`${server.origin}${path}`, {
    method,
    headers: {
      Authorization: `Bearer ${server.keys[0]}`,
      ...(key ? { "Idempotency-Key": key, "Content-Type": "application/json" } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const { status, headers } = response;
  return { status, headers, body: (await response.json()) as Answer["body"] };
}

const create = (key: string, fields: object = {}) =>
  ask(TRANSACTIONS, "POST", { user_id: key, amount: 10, currency: "USD", ...fields }, key);
const find = (id: string) => ask(`${TRANSACTIONS}/${id}`);
const act = (id: string, action: "process" | "cancel") =>
  ask(`${TRANSACTIONS}/${id}/${action}`, "POST");
/** As an operator does for a charge that has no outcome. */
const resolve = (id: string) =>
  fetch(`${server.origin}/api/v1/operations/charges/${id}/resolve`, {
    method: "POST",
    headers: { Authorization: `Bearer ${server.adminToken}`, "Content-Type": "application/json" },
    body: JSON.stringify({ outcome: "settled", reason: "test", resolved_by: "ann", force: true }),
  });
const logged = (event: string) =>
  server
    .log()
    .split("\n")
    .filter((line) => line.includes(`"event":"${event}"`));

const live = () => ({ ...SETTINGS, PROCESSOR: "http", PROCESSOR_URL: processor.url });

beforeAll(async () => {
  processor = await startProcessor();
  server = await startBuilt({ ...SETTINGS, PROCESSOR: "" });
});
afterAll(async () => {
  await server?.remove();
  await processor.close();
});

// One deployment through its life, because a start takes seconds: without a processor, with a real one, with the
// sandbox, and with the real one again. Each test goes on where the one before has ended.
describe("a deployment whose PROCESSOR is not set", () => {
  it("A deployment without a PROCESSOR creates, reads and cancels, but refuses a charge with 503, names the setting and claims nothing", async () => {
    const { status, body } = await create("unset-1");
    expect([status, body.livemode]).toEqual([201, true]);
    const refused = await act(body.id, "process");
    expect(refused.status).toBe(503);
    expect(refused.body).toMatchObject({ code: "processor_not_configured", status: 503 });
    expect(refused.body.detail).toContain("PROCESSOR");
    expect(refused.headers.get("Retry-After")).toBe("60");
    expect((await find(body.id)).body).toMatchObject({ status: "pending", version: 1 });
    expect((await act(body.id, "cancel")).body.status).toBe("cancelled");
    expect((await act(body.id, "process")).body.code).toBe("illegal_transition");
  });

  it("A deployment without a PROCESSOR is not ready, and logs that it has no processor", async () => {
    const { status, body } = await ask("/health/ready");
    expect(status).toBe(503);
    expect(body).toMatchObject({
      status: "unready",
      dependencies: { processor: "not_configured" },
    });
    expect(logged("processor.not_configured")).toHaveLength(1);
  });

  it("A deployment charges earlier payments for real once a processor is set", async () => {
    const { body } = await create("unset-2");
    await server.restart(live());
    const charged = await act(body.id, "process");
    expect(charged.body).toMatchObject({ status: "completed", livemode: true });
    expect(charged.headers.has("Processor-Mode")).toBe(false);
    expect((await ask("/health/ready")).body.dependencies).toMatchObject({ processor: "ok" });
  });
});

describe("a deployment with the sandbox", () => {
  let real: Answer;
  let open: Answer;
  let unasked: Answer;

  it("A deployment with the sandbox shows it in every response about a charge, in the transaction, in readiness and in the log", async () => {
    real = await create("real-1");
    open = await create("real-2", { metadata: { processor: "pending" } });
    expect((await act(open.body.id, "process")).status).toBe(202);
    await server.restart({ ...SETTINGS, PROCESSOR: "sandbox" });
    const made = await create("sandbox-1");
    const charged = await act(made.body.id, "process");
    expect(charged.body).toMatchObject({ status: "completed", livemode: false });
    const slow = await create("sandbox-2", {
      metadata: { sandbox_outcome: "unknown_then_settle" },
    });
    const pending = await act(slow.body.id, "process");
    expect(pending.status).toBe(202);
    const ended = await resolve(slow.body.id);
    expect(ended.status).toBe(200);
    for (const { headers } of [made, charged, pending, await find(made.body.id), ended]) {
      expect(headers.get("Processor-Mode")).toBe("sandbox");
    }
    const { body } = await ask("/health/ready");
    expect(body).toMatchObject({ dependencies: { processor: "sandbox" } });
    expect(body.status).not.toBe("unready");
    expect(logged("processor.sandbox")).toHaveLength(1);
    const { data } = (await ask(`${TRANSACTIONS}/${made.body.id}/events`)).body as never as {
      data: { data: Transaction }[];
    };
    expect(data.map((event) => event.data.livemode)).toEqual([false, false, false]);
  });

  it("The sandbox charges no real payment, neither a new one nor one whose charge is open", async () => {
    for (const { body } of [real, open]) {
      const refused = await act(body.id, "process");
      expect([refused.status, refused.body.code]).toEqual([409, "livemode_mismatch"]);
    }
    expect((await find(real.body.id)).body).toMatchObject({ status: "pending", version: 1 });
    // The shard's alarm takes up what is open, and must not have the sandbox decide it.
    const about = () => logged("charge.unknown").filter((line) => line.includes(open.body.id));
    await until(() => about().length > 0);
    expect(about().join()).toContain("not asked: livemode_mismatch");
    expect((await find(open.body.id)).body.status).toBe("processing");
  });

  it("Payments made with the sandbox are never charged for real later", async () => {
    unasked = await create("sandbox-3");
    const charged = await create("sandbox-4");
    await act(charged.body.id, "process");
    await server.restart(live());
    const refused = await act(unasked.body.id, "process");
    expect([refused.status, refused.body.code]).toEqual([409, "livemode_mismatch"]);
    expect((await find(unasked.body.id)).body).toMatchObject({ status: "pending", version: 1 });
    expect((await find(charged.body.id)).headers.get("Processor-Mode")).toBe("sandbox");
    for (const { body } of [unasked, charged]) expect(processor.seen.has(body.id)).toBe(false);
    expect((await act(real.body.id, "process")).body.status).toBe("completed");
  });
});
