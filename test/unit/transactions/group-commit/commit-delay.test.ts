/** How long a batch waits for the callers of the one before. */
import { describe, expect, it, vi } from "vitest";
import { CommitDelay } from "../../../../src/transactions/group-commit/commit-delay";
import { fakeClock, turn } from "../../../support/fake-clock";

describe("a round's company", () => {
  fakeClock();

  function expecting(callers: number) {
    const company = new CommitDelay();
    for (let caller = 0; caller < callers; caller++) company.responded();
    let gathered = 0;
    const gather = () => void company.wait().then(() => (gathered += 1));
    return { company, gather, gathered: () => gathered };
  }

  it("is nobody at first, and nobody when as many came as were answered", async () => {
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

  it("is waited for until all are back, by everybody who waits, and not a tick longer", async () => {
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

  it("is forgotten after four milliseconds in which nobody came", async () => {
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

  it("is waited for sixteen milliseconds at most, however many keep coming", async () => {
    const { company, gather, gathered } = expecting(100);
    gather();
    for (let tick = 0; tick < 16; tick++) {
      expect(gathered()).toBe(0);
      company.arrived();
      await vi.advanceTimersByTimeAsync(1);
    }
    expect(gathered()).toBe(1);
  });

  it("owes nobody anything: strangers do not make up for those who are answered later", async () => {
    const { company, gather, gathered } = expecting(0);
    for (let stranger = 0; stranger < 5; stranger++) company.arrived();
    company.responded();
    gather();
    await turn();
    expect(gathered()).toBe(0);
  });
});
