/** Authorize, capture and void over HTTP. */
import { beforeAll, describe, expect, it } from "vitest";
import type { Transaction } from "../../../../src/domain/transaction/transaction";
import { type Client, newClient, problem } from "../../../support/api";

let shop: Client;
beforeAll(async () => {
  shop = await newClient();
});

async function authorized(body: object = {}): Promise<Transaction> {
  const { id } = await shop.created({ capture_method: "manual", ...body });
  const response = await shop.process(id);
  expect(response.status).toBe(200);
  return (await response.json()) as Transaction;
}

const json = async (response: Response) => (await response.json()) as Transaction;

describe("capture", () => {
  it("Processing a manual transaction authorizes it", async () => {
    const transaction = await authorized();
    expect(transaction).toMatchObject({
      status: "authorized",
      capture_method: "manual",
      amount_capturable_minor: 1000,
      amount_captured_minor: 0,
    });
    expect(Date.parse(transaction.capture_before ?? "")).toBeGreaterThan(Date.now());
  });

  it("A part is captured once, and the rest is released", async () => {
    const { id } = await authorized();
    const first = await shop.capture(id, "4.25");
    const text = await first.text();
    expect(first.status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({
      status: "completed",
      amount_minor: 1000,
      amount_captured_minor: 425,
      amount_capturable_minor: 0,
    });
    const again = await shop.capture(id, 4.25);
    expect([again.status, await again.text()]).toEqual([200, text]);
    const other = await problem(await shop.capture(id, 5));
    expect(other).toMatchObject({ status: 409, code: "capture_amount_differs" });
    expect(other.detail).toContain("4.25");
    expect(other.detail).toContain("5 USD");
  });

  it.each([
    ["a body that is absent", undefined],
    ["the whole amount", "10.00"],
  ])("%s captures everything", async (_, amount) => {
    const { id } = await authorized();
    expect(await json(await shop.capture(id, amount))).toMatchObject({
      status: "completed",
      amount_captured_minor: 1000,
    });
  });

  it.each([
    [0, 400, "invalid_request"],
    ["-1", 400, "invalid_request"],
    ["1.001", 400, "invalid_request"],
    ["ten", 400, "invalid_request"],
    ["10.01", 409, "amount_exceeds_capturable"],
  ])("An amount of %s is refused and changes nothing", async (amount, status, code) => {
    const { id, version } = await authorized();
    const refused = await problem(await shop.capture(id, amount));
    expect(refused).toMatchObject({ status, code });
    if (status === 400) expect(refused.errors).toMatchObject([{ pointer: "#/amount" }]);
    expect(await shop.find(id)).toMatchObject({ status: "authorized", version });
  });

  it("Yen have no decimals and dinars three", async () => {
    const yen = await authorized({ amount: 500, currency: "JPY" });
    expect((await shop.capture(yen.id, "1.5")).status).toBe(400);
    expect(await json(await shop.capture(yen.id, 499))).toMatchObject({
      amount_captured_minor: 499,
    });
    const dinars = await authorized({ amount: "1.234", currency: "KWD" });
    expect(await json(await shop.capture(dinars.id, "1.233"))).toMatchObject({
      amount_captured_minor: 1233,
    });
  });

  it("An automatic or pending transaction is not captured", async () => {
    const { id } = await shop.created();
    expect((await problem(await shop.capture(id))).code).toBe("illegal_transition");
    await shop.process(id);
    expect((await problem(await shop.capture(id))).code).toBe("illegal_transition");
    const pending = await shop.created({ capture_method: "manual" });
    expect((await problem(await shop.capture(pending.id))).code).toBe("illegal_transition");
  });

  it("Cancelling an authorized transaction voids it", async () => {
    const { id } = await authorized();
    const first = await shop.cancel(id);
    const text = await first.text();
    expect(JSON.parse(text)).toMatchObject({
      status: "cancelled",
      cancellation_reason: "requested",
      amount_capturable_minor: 0,
    });
    expect(await (await shop.cancel(id)).text()).toBe(text);
    expect((await problem(await shop.capture(id))).code).toBe("illegal_transition");
  });

  it("An unknown field or another merchant's transaction is refused", async () => {
    const { id } = await authorized();
    const unknown = await shop.send(
      JSON.stringify({ amount_minor: 1 }),
      {},
      `/api/v1/transactions/${id}/capture`,
    );
    expect((await problem(unknown)).errors).toMatchObject([{ pointer: "#/amount_minor" }]);
    const other = await newClient();
    expect((await problem(await other.capture(id))).code).toBe("transaction_not_found");
  });

  it("The capture method is part of the idempotent request", async () => {
    await shop.created({ capture_method: "manual" }, "method-1");
    const other = await problem(await shop.create({}, "method-1"));
    expect(other).toMatchObject({ status: 422, errors: [{ pointer: "#/capture_method" }] });
    await shop.created({}, "method-2");
    expect((await shop.create({ capture_method: "automatic" }, "method-2")).status).toBe(201);
  });
});
