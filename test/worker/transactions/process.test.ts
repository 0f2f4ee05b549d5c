/** Charges and cancels, also when the processor fails. */
import { describe, expect, it } from "vitest";
import { problem, processorDid, processorSaw } from "../../support/api";
import { eventTypes, ringUntil, shop, times } from "../../support/owner";
import { endHanging } from "../../support/with-timeout";

describe("processing", () => {
  it("50 concurrent calls of process charge once and get the same response", async () => {
    const { id } = await shop.created({ metadata: { processor: "slow" } });
    const responses = await Promise.all(times(50, () => shop.process(id)));
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
    const bodies = new Set(await Promise.all(responses.map((response) => response.text())));
    expect(bodies.size).toBe(1);
    expect(JSON.parse([...bodies][0] ?? "")).toMatchObject({ id, status: "completed", version: 3 });
    expect(await processorSaw(id)).toMatchObject({ calls: 1, charges: 1, amounts: [1000] });
    expect(await processorDid(id)).toMatchObject({ taken: 1000, violations: [] });
    expect(await eventTypes(id)).toEqual([
      "transaction.created",
      "transaction.processing",
      "transaction.completed",
    ]);
    expect(await (await shop.process(id)).text()).toBe([...bodies][0]);
    expect((await processorSaw(id)).calls).toBe(1);
  });

  it("A decline is 200 with the processor's code, also when it is repeated", async () => {
    const { id } = await shop.created({ metadata: { processor: "decline:insufficient_funds" } });
    const first = await shop.process(id);
    const text = await first.text();
    expect(first.status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({
      status: "failed",
      failure: { code: "insufficient_funds" },
    });
    const again = await shop.process(id);
    expect([again.status, await again.text()]).toEqual([200, text]);
    expect((await processorSaw(id)).calls).toBe(1);
    expect((await problem(await shop.cancel(id))).code).toBe("illegal_transition");
  });

  /** An answer to a charge that the processor plays so; to one that hangs it has to be ended. */
  async function unknown(fault: string, process: () => Promise<Response>): Promise<Response> {
    if (fault !== "hang") return process();
    let answer = new Response();
    await endHanging("processor/processor", 1, async () => {
      answer = await process();
    });
    return answer;
  }

  it.each(["pending", "error", "garbage", "drop", "hang"])(
    "A charge with %s is 202 and gets its outcome without another request, under one key",
    async (fault) => {
      const { id } = await shop.created({ metadata: { processor: `${fault},settle` } });
      const first = await unknown(fault, () => shop.process(id));
      expect(first.status).toBe(202);
      expect(Number(first.headers.get("Retry-After"))).toBeGreaterThan(0);
      expect(await first.json()).toMatchObject({ status: "processing" });
      expect((await shop.process(id)).status).toBe(202);
      expect((await problem(await shop.cancel(id))).code).toBe("illegal_transition");
      await ringUntil(id, "completed");
      expect(await processorSaw(id)).toMatchObject({ calls: 2, charges: 1 });
      expect((await shop.process(id)).status).toBe(200);
    },
  );

  it("Exactly one of process and cancel succeeds", async () => {
    const outcomes = await Promise.all(
      times(20, async (index) => {
        const { id } = await shop.created({ user_id: `racer_${index}` });
        const calls =
          index % 2 === 0
            ? [shop.process(id), shop.cancel(id)]
            : [shop.cancel(id), shop.process(id)];
        const statuses = (await Promise.all(calls)).map(({ status }) => status).sort();
        const { status } = await shop.find(id);
        const { charges } = await processorSaw(id);
        expect(statuses).toEqual([200, 409]);
        expect(charges).toBe(status === "completed" ? 1 : 0);
        return status;
      }),
    );
    expect(outcomes.every((status) => status === "completed" || status === "cancelled")).toBe(true);
  });

  it("A cancel succeeds once, and its response is repeated", async () => {
    const { id } = await shop.created();
    const first = await (await shop.cancel(id)).text();
    const again = await shop.cancel(id);
    expect([again.status, await again.text()]).toEqual([200, first]);
    expect((await problem(await shop.process(id))).code).toBe("illegal_transition");
    expect(await eventTypes(id)).toEqual(["transaction.created", "transaction.cancelled"]);
  });
});
