/** `process: true` on a create. */
import { beforeAll, describe, expect, it } from "vitest";
import { type Client, newClient, problem, processorSaw } from "../../../support/api";

let shop: Client;
beforeAll(async () => {
  shop = await newClient();
});

describe("process: true", () => {
  it("charges in the same request, and a repeat never charges again", async () => {
    const first = await shop.create({ process: true }, "pay-1");
    const text = await first.text();
    expect(first.status).toBe(201);
    const { id, ...rest } = JSON.parse(text);
    expect(rest).toMatchObject({ status: "completed", amount_captured_minor: 1000, version: 3 });
    expect(first.headers.get("Location")).toBe(`/api/v1/transactions/${id}`);
    const again = await shop.create({ process: true }, "pay-1");
    expect([again.status, await again.text()]).toEqual([201, text]);
    expect(again.headers.get("Idempotent-Replayed")).toBe("true");
    expect(await processorSaw(id)).toMatchObject({ calls: 1, charges: 1 });
  });

  it("is 202 while the outcome is unknown", async () => {
    const metadata = { processor: "pending,pending,settle" };
    const response = await shop.create({ process: true, metadata });
    expect(response.status).toBe(202);
    expect(Number(response.headers.get("Retry-After"))).toBeGreaterThan(0);
    expect(await response.json()).toMatchObject({ status: "processing" });
  });

  it("authorizes a manual one", async () => {
    const response = await shop.create({ process: true, capture_method: "manual" });
    expect([response.status, await response.json()]).toMatchObject([201, { status: "authorized" }]);
  });

  it("is answered with a decline as created", async () => {
    const response = await shop.create({
      process: true,
      metadata: { processor: "decline:no_funds" },
    });
    expect([response.status, await response.json()]).toMatchObject([
      201,
      { status: "failed", failure: { code: "no_funds" } },
    ]);
  });

  it("is no part of the comparison: it charges what was created before", async () => {
    const { id } = await shop.created({}, "pay-2");
    const paid = await shop.create({ process: true }, "pay-2");
    expect([paid.status, await paid.json()]).toMatchObject([201, { id, status: "completed" }]);
    const created = await shop.create({}, "pay-2");
    expect(await created.json()).toMatchObject({ id, status: "pending", version: 1 });
    expect(await processorSaw(id)).toMatchObject({ calls: 1, charges: 1 });
  });

  it("50 at once charge once", async () => {
    const responses = await Promise.all(
      Array.from({ length: 50 }, () =>
        shop.create({ process: true, metadata: { processor: "slow" } }, "pay-3"),
      ),
    );
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([201]));
    const bodies = new Set(await Promise.all(responses.map((response) => response.text())));
    expect(bodies.size).toBe(1);
    expect(await processorSaw(JSON.parse([...bodies][0] ?? "{}").id)).toMatchObject({
      calls: 1,
      charges: 1,
    });
  });

  it("A blocked one is created and never charged", async () => {
    const response = await shop.create({ process: true, amount: 90_000_000 });
    const transaction = (await response.json()) as { id: string; status: string };
    expect([response.status, transaction.status]).toEqual([201, "failed"]);
    expect((await processorSaw(transaction.id)).calls).toBe(0);
  });

  it("must be true or false", async () => {
    const refused = await problem(await shop.create({ process: "yes" }));
    expect(refused.errors).toMatchObject([{ pointer: "#/process" }]);
  });
});
