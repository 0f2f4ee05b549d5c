/** The transactions that are kept in memory. */
import { describe, expect, it } from "vitest";
import { TransactionCache } from "../../../../src/transactions/journal/transaction-cache";
import { MERCHANT } from "../../../support/examples";

describe("the transactions kept", () => {
  const kept = (characters: number) => ({
    merchant_id: MERCHANT,
    data: "x".repeat(characters),
    transaction: undefined,
    first_position: 1,
    first: {},
  });

  it("The transaction cache keeps those used last, as far as there is room", () => {
    const hot = new TransactionCache();
    for (const id of ["a", "b", "c"]) hot.set(id, kept(1_300_000));
    hot.set("a", kept(1_300_001));
    hot.set("d", kept(1_300_000));
    expect(["a", "b", "c", "d"].map((id) => hot.get(id) !== undefined)).toEqual([
      true,
      false,
      true,
      true,
    ]);
  });

  it("A transaction takes room in the cache only once, however often it changes", () => {
    const hot = new TransactionCache();
    hot.set("a", kept(1_000_000));
    for (let times = 0; times < 10; times++) hot.set("b", kept(1_500_000));
    expect(hot.get("a")).toBeDefined();
  });

  it("A transaction is no longer recorded as missing once it exists", () => {
    const hot = new TransactionCache();
    hot.setAbsent("a");
    expect(hot.isAbsent("a")).toBe(true);
    hot.set("a", kept(1));
    expect(hot.isAbsent("a")).toBe(false);
  });

  it("The cache does not keep every transaction that was ever missing", () => {
    const hot = new TransactionCache();
    for (let id = 0; id <= 20_000; id++) hot.setAbsent(`${id}`);
    expect([hot.isAbsent("0"), hot.isAbsent("20000")]).toEqual([false, true]);
  });

  it("All objects of an isolate share the room, and none finds what another one keeps", () => {
    const [first, second] = [new TransactionCache(), new TransactionCache()];
    first.set("a", kept(2_500_000));
    second.setAbsent("b");
    expect([second.get("a"), first.isAbsent("b")]).toEqual([undefined, false]);
    second.set("a", kept(2_500_000));
    expect([first.get("a"), second.get("a")?.data.length]).toEqual([undefined, 2_500_000]);
  });
});
