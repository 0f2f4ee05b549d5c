/** Work that runs once at a time for each key. */
import { describe, expect, it } from "vitest";
import { SingleFlight } from "../../../src/runtime/single-flight";

/** Counts how often work was started, and ends it when the test says so. */
function startable() {
  const ends: PromiseWithResolvers<number>[] = [];
  const start = () => {
    const end = Promise.withResolvers<number>();
    ends.push(end);
    return end.promise;
  };
  return { ends, start };
}

describe("a single flight", () => {
  it("A single flight runs work once for all callers that arrive before it ends", async () => {
    const flights = new SingleFlight<string, number>();
    const { ends, start } = startable();
    const results = Promise.all([1, 2, 3].map(() => flights.run("a", start)));
    expect([ends.length, flights.size, flights.has("a")]).toEqual([1, 1, true]);
    ends[0]?.resolve(7);
    expect(await results).toEqual([7, 7, 7]);
    expect([flights.size, flights.has("a")]).toEqual([0, false]);
  });

  it("A single flight runs the work of different keys side by side", async () => {
    const flights = new SingleFlight<string, number>();
    const { ends, start } = startable();
    const results = Promise.all([flights.run("a", start), flights.run("b", start)]);
    ends.forEach((end, at) => {
      end.resolve(at);
    });
    expect(await results).toEqual([0, 1]);
  });

  it("A single flight gives a fault to every caller that shares the work, and starts anew for the next", async () => {
    const flights = new SingleFlight<string, number>();
    const { ends, start } = startable();
    const results = Promise.allSettled([flights.run("a", start), flights.run("a", start)]);
    ends[0]?.reject(new Error("down"));
    expect((await results).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    const next = flights.run("a", start);
    ends[1]?.resolve(1);
    expect(await next).toBe(1);
  });

  it("A single flight starts anew once when several callers abandon work that hangs", async () => {
    const flights = new SingleFlight<string, number>();
    const { ends, start } = startable();
    const hanging = flights.run("a", start);
    flights.abandon("a", hanging);
    const second = flights.run("a", start);
    flights.abandon("a", hanging);
    expect(flights.run("a", start)).toBe(second);
    // The end of the abandoned work does not end the second.
    ends[0]?.resolve(1);
    await hanging;
    expect(flights.has("a")).toBe(true);
    ends[1]?.resolve(2);
    expect(await second).toBe(2);
  });
});
