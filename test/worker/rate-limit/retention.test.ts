/** What a merchant's keeper has in its tables, however long it is used. */
import { runInDurableObject } from "cloudflare:test";
import { expect, it } from "vitest";
import type { Policy } from "../../../src/domain/rate-limit/quota";
import { env } from "../../support/env";

const POLICIES: Policy[] = ["requests", "lists", "repeats"];
const LIMIT = 100;
const WINDOWS_MS = [1, 2, 3, 5, 1_000, 60_000, 3_600_000];

it("A keeper has one window for each quota, however many have passed, and no hold that was freed", async () => {
  const keeper = env.QUOTAS.getByName("mer_retention");
  const count = (table: string) =>
    runInDurableObject(keeper, (_, { storage: { sql } }) =>
      Number(sql.exec(`SELECT count(*) AS n FROM ${table}`).one().n),
    );
  for (const window_ms of WINDOWS_MS) {
    for (const policy of POLICIES) await keeper.lease({ policy, limit: LIMIT, window_ms }, 1);
    expect(await keeper.hold("backtest", `holder-${window_ms}`, 60_000)).toBe(0);
    expect(await count("holds")).toBe(1);
    await keeper.free("backtest", `holder-${window_ms}`);
    expect([await count("windows"), await count("holds")]).toEqual([POLICIES.length, 0]);
  }
});
