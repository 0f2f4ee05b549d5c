/** An erasure beside a D1 that was set back: its list has payments as they were before they were erased. */
import { beforeEach, expect, it, vi } from "vitest";
import { CUSTOMER, TEXTS } from "../../support/erasure/customer";
import { Deployment } from "../../support/erasure/deployment";
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

  deployment.setBookRows("listed_transactions", after);
  for (let step = 0; !(await deployment.step()); step += 1) expect(step).toBeLessThan(40);
  expect(deployment.placesWith(TEXTS)).toEqual([]);
});
