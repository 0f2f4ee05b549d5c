/** How long a batch waits for the callers of the one before. */
import { describe, expect, it, vi } from "vitest";
import { CommitDelay } from "../../../../src/transactions/group-commit/commit-delay";
import { fakeClock, turn } from "../../../support/fake-clock";

describe("the commit delay", () => {
  fakeClock();

  function expecting(callers: number) {
    const company = new CommitDelay();
    for (let caller = 0; caller < callers; caller++) company.responded();
    let gathered = 0;
    const gather = () => void company.wait().then(() => (gathered += 1));
    return { company, gather, gathered: () => gathered };
  }

  it("The commit delay expects no callers at first, and none when as many arrived as got responses", async () => {
    const { company, gather, gathered } = expecting(0);
    gather();
    await turn();
    expect(gathered()).toBe(1);
    company.responded();
    company.arrived();
    gather();
    await turn();
    expect(gathered()).toBe(2);
  });

  it("The commit delay waits until all callers are back, in every waiting batch, and not longer", async () => {
    const { company, gather, gathered } = expecting(3);
    gather();
    gather();
    for (let caller = 0; caller < 3; caller++) {
      await vi.advanceTimersByTimeAsync(1);
      expect(gathered()).toBe(0);
      company.arrived();
    }
    await turn();
    expect(gathered()).toBe(2);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("The commit delay ends after four milliseconds in which no caller arrived", async () => {
    const { company, gather, gathered } = expecting(3);
    gather();
    await vi.advanceTimersByTimeAsync(3);
    company.arrived();
    await vi.advanceTimersByTimeAsync(4);
    expect(gathered()).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(gathered()).toBe(1);
    gather();
    await turn();
    expect(gathered()).toBe(2);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("The commit delay lasts at most sixteen milliseconds, however many callers arrive", async () => {
    const { company, gather, gathered } = expecting(100);
    gather();
    for (let tick = 0; tick < 16; tick++) {
      expect(gathered()).toBe(0);
      company.arrived();
      await vi.advanceTimersByTimeAsync(1);
    }
    expect(gathered()).toBe(1);
  });

  it("Callers that got no response do not count for those that get theirs later", async () => {
    const { company, gather, gathered } = expecting(0);
    for (let stranger = 0; stranger < 5; stranger++) company.arrived();
    company.responded();
    gather();
    await turn();
    expect(gathered()).toBe(0);
  });
});
