/** `POST /transactions/batch`. */
import { beforeAll, describe, expect, it } from "vitest";
import type { Transaction } from "../../../../src/domain/transaction/transaction";
import {
  type Client,
  newClient,
  type ProblemBody,
  problem,
  processorSaw,
} from "../../../support/api";

let shop: Client;
beforeAll(async () => {
  shop = await newClient();
});

type Result = {
  index: number;
  status: number;
  replayed?: boolean;
  transaction?: Transaction;
  problem?: ProblemBody;
};

const results = async (response: Response) => ((await response.json()) as { data: Result[] }).data;
const item = (key: string, more: object = {}) => ({
  idempotency_key: key,
  user_id: `user_${key}`,
  amount: 10,
  ...more,
});

describe("a batch", () => {
  it("answers each item in order, and a faulty one harms no other", async () => {
    const items = [
      item("b1"),
      item("b2", { process: true }),
      item("b3", { currency: "XXX" }),
      item("b1"),
      item("b1", { amount: 11 }),
      item("b4", { amount: 90_000_000, process: true }),
      "nothing",
      item("b5", { amount: "1.001" }),
      { user_id: "user_1", amount: 1 },
      item("b 6"),
      item("b7", { metadata: { processor: "pending,pending,settle" }, process: true }),
    ];
    const response = await shop.batch(items);
    expect(response.status).toBe(200);
    const data = await results(response);
    expect(data.map(({ index }) => index)).toEqual(items.map((_, index) => index));
    expect(data.map(({ status }) => status)).toEqual([
      201, 201, 400, 201, 422, 201, 400, 400, 400, 400, 202,
    ]);
    expect(data[0]?.transaction).toMatchObject({ status: "pending", amount_minor: 1000 });
    expect(data[1]?.transaction).toMatchObject({ status: "completed" });
    expect(data[2]?.problem).toMatchObject({
      code: "invalid_request",
      errors: [{ pointer: "#/items/2/currency" }],
    });
    expect(data[3]).toMatchObject({
      replayed: true,
      transaction: { id: data[0]?.transaction?.id },
    });
    expect(data[4]?.problem).toMatchObject({
      code: "idempotency_key_reused",
      errors: [{ pointer: "#/items/4/amount" }],
    });
    expect(data[5]?.transaction).toMatchObject({
      status: "failed",
      failure: { code: "risk_blocked" },
    });
    expect(data[6]?.problem?.errors).toMatchObject([{ pointer: "#/items/6" }]);
    expect(data[7]?.problem?.errors).toMatchObject([{ pointer: "#/items/7/amount" }]);
    expect(data[8]?.problem).toMatchObject({ code: "idempotency_key_missing" });
    expect(data[9]?.problem).toMatchObject({ code: "idempotency_key_invalid" });
    expect(data[10]?.transaction).toMatchObject({ status: "processing" });
  });

  it("repeated whole, is all replays", async () => {
    const items = Array.from({ length: 100 }, (_, at) =>
      item(`whole-${at}`, { process: at % 2 === 0 }),
    );
    const first = await results(await shop.batch(items));
    expect(first.every(({ status, replayed }) => status === 201 && !replayed)).toBe(true);
    const again = await results(await shop.batch(items));
    expect(again).toEqual(first.map((result) => ({ ...result, replayed: true })));
    for (const { transaction } of first.slice(0, 4)) {
      const { charges } = await processorSaw(transaction?.id ?? "");
      expect(charges).toBe(transaction?.status === "completed" ? 1 : 0);
    }
  });

  it("keeps the digits of each amount", async () => {
    const text = `{"items":[{"idempotency_key":"d1","user_id":"u","amount":9999999999999.99},{"idempotency_key":"d2","user_id":"u","amount":0.1000000000000000055}]}`;
    const data = await results(await shop.send(text, {}, "/api/v1/transactions/batch"));
    expect(data[0]?.transaction?.amount_minor).toBe(999_999_999_999_999);
    expect(data[1]?.problem?.errors).toMatchObject([{ pointer: "#/items/1/amount" }]);
  });

  it("refuses a member __proto__ of an item, which an object would lose", async () => {
    const text = `{"items":[{"idempotency_key":"p1","user_id":"u","amount":10,"__proto__":{}}]}`;
    const [refused] = await results(await shop.send(text, {}, "/api/v1/transactions/batch"));
    expect(refused?.problem?.errors).toEqual([
      { pointer: "#/items/0/__proto__", message: "is not a known field" },
    ]);
  });

  it.each([
    ["no items", []],
    ["101 items", Array.from({ length: 101 }, (_, at) => item(`many-${at}`))],
    ["items that are no array", { a: 1 }],
  ])("with %s is refused whole", async (_, items) => {
    const refused = await problem(await shop.batch(items));
    expect(refused).toMatchObject({ status: 400, errors: [{ pointer: "#/items" }] });
  });

  it("has a limit of its own for the body", async () => {
    const pairs = Object.fromEntries(
      Array.from({ length: 19 }, (_, at) => [`key_${at}`, "x".repeat(500)]),
    );
    const large = Array.from({ length: 100 }, (_, at) => item(`large-${at}`, { metadata: pairs }));
    const bytes = JSON.stringify({ items: large }).length;
    expect(bytes).toBeGreaterThan(900_000);
    expect(bytes).toBeLessThan(1_048_576);
    expect((await results(await shop.batch(large))).every(({ status }) => status === 201)).toBe(
      true,
    );
    const refused = await problem(await shop.batch([...large, ...large]));
    expect([refused.status, refused.code]).toEqual([413, "body_too_large"]);
    expect(refused.detail).toContain("1048576");
  });
});
