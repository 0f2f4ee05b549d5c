/** The fixed wait after a shared dependency has failed. */
import { describe, expect, it } from "vitest";
import { Cooldown } from "../../../src/runtime/cooldown";
import { NOW_MS } from "../../support/examples";

describe("a cooldown", () => {
  it("A cooldown is active from a failure until its length has passed", () => {
    const cooldown = new Cooldown(2_000);
    expect(cooldown.isActive(NOW_MS)).toBe(false);
    cooldown.start(NOW_MS);
    const active = [0, 1_999, 2_000].map((ms) => cooldown.isActive(NOW_MS + ms));
    expect(active).toEqual([true, true, false]);
  });

  it("A cooldown begins again with another failure, and ends with a success", () => {
    const cooldown = new Cooldown(2_000);
    cooldown.start(NOW_MS);
    cooldown.start(NOW_MS + 1_000);
    expect(cooldown.isActive(NOW_MS + 2_500)).toBe(true);
    cooldown.end();
    expect(cooldown.isActive(NOW_MS + 2_500)).toBe(false);
  });

  it("A cooldown is over when the clock was set back further than its length", () => {
    const cooldown = new Cooldown(2_000);
    cooldown.start(NOW_MS);
    expect(cooldown.isActive(NOW_MS - 60_000)).toBe(false);
  });
});
