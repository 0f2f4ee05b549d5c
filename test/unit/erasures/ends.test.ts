/** Erasures that find what was erased before end, and do not go on without a pause. */
import { beforeEach, expect, it, vi } from "vitest";
import { verify } from "../../../scripts/archive/bundled/verify";
import { CUSTOMER, TEXTS } from "../../support/erasure/customer";
import { Deployment } from "../../support/erasure/deployment";
import { sourceOf } from "../../support/erasure/shard-source";
import { NOW_MS } from "../../support/examples";

let deployment: Deployment;
beforeEach(() => {
  vi.stubGlobal("scheduler", { wait: () => Promise.resolve() });
  deployment = new Deployment(NOW_MS);
  vi.spyOn(Date, "now").mockImplementation(() => deployment.nowMs);
  return () => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  };
});

async function finish(): Promise<void> {
  for (let step = 0; !(await deployment.step()); step += 1) expect(step).toBeLessThan(40);
}

it("While D1 lists payments as they were before they were erased, the erasure waits ever longer, and ends when D1 was written again", async () => {
  await deployment.create("a1", CUSTOMER);
  await deployment.create("a2", CUSTOMER);
  await deployment.refreshBook();
  const before = deployment.bookRows("SELECT * FROM listed_transactions");
  deployment.start(CUSTOMER.user_id);
  while (deployment.counts().transactions < 2) await deployment.step();
  await deployment.refreshBook();
  const after = deployment.bookRows("SELECT * FROM listed_transactions");
  expect(after).not.toEqual(before);

  deployment.setBookRows("listed_transactions", before);
  const startedMs = deployment.nowMs;
  for (let step = 0; step < 40; step += 1) expect(await deployment.step()).toBe(false);
  expect(deployment.nowMs - startedMs).toBeGreaterThan(600_000);
  expect(deployment.counts().transactions).toBe(2);
  expect(deployment.erasedBefore.length).toBeGreaterThan(5);

  deployment.setBookRows("listed_transactions", after);
  await finish();
  expect(deployment.placesWith(TEXTS)).toEqual([]);
});

it("An erasure of the name that erased payments have ends, and changes only a customer of that name", async () => {
  await deployment.create("a1", CUSTOMER);
  await deployment.create("a2", CUSTOMER);
  for (const key of ["a1", "a2"]) await deployment.execute(key, { kind: "cancel" });
  await deployment.archive();
  deployment.start(CUSTOMER.user_id);
  await finish();
  await deployment.archive();
  await deployment.create("e1", { ...CUSTOMER, user_id: "erased" });
  deployment.start("erased");
  await finish();
  expect(deployment.counts()).toMatchObject({ transactions: 1, segments: 0 });
  for (const key of ["a1", "a2"]) {
    const reply = await deployment.execute(key, { kind: "erase", user_id: "erased" });
    expect(reply).toMatchObject({ kind: "done", wrote: false });
  }
  for (const [name, shard] of deployment.shards) {
    expect((await verify(sourceOf(shard, name))).breaks).toEqual([]);
  }
});

it("A payment whose object has a clock a little ahead of the erasure's is erased, and one of two seconds later is not", async () => {
  for (const [key, aheadMs] of Object.entries({ a1: 400, a2: 2_000 })) {
    deployment.nowMs = NOW_MS + aheadMs;
    await deployment.create(key, CUSTOMER);
  }
  deployment.nowMs = NOW_MS;
  deployment.start(CUSTOMER.user_id);
  await finish();
  expect(deployment.counts()).toMatchObject({ transactions: 1 });
});
