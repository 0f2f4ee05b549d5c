/** Payments that are held for review. */
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { readConfig } from "../../../src/config";
import { transactionObjectName } from "../../../src/domain/identity/id";
import type { Rule } from "../../../src/domain/risk/rule-set";
import type { Transaction } from "../../../src/domain/transaction/transaction";
import { type Client, newClient, problem, TRANSACTIONS } from "../../support/api";
import { env } from "../../support/env";
import { until } from "../../support/eventually";
import { readBook } from "../../support/owner";
import { newRuledClient, recomputeAll } from "../../support/risk";

const LARGE: Rule = { id: "large", outcome: "review", when: { amount: { above: "100" } } };
const times = <Value>(count: number, make: (index: number) => Value): Value[] =>
  Array.from({ length: count }, (_, index) => make(index));
const transactionOf = async (response: Response) => (await response.json()) as Transaction;
const codeOf = async (response: Response) => (await problem(response)).code;
const review = (client: Client, id: string, body: object) =>
  client.ask("POST", `${TRANSACTIONS}/${id}/review`, body);
const approve = (client: Client, id: string) => review(client, id, { decision: "approve" });
const reject = (client: Client, id: string) => review(client, id, { decision: "reject" });
const typesOf = async (client: Client, id: string) => {
  const { data } = (await (await client.get(`${TRANSACTIONS}/${id}/events`)).json()) as {
    data: { type: string }[];
  };
  return data.map(({ type }) => type.slice("transaction.".length));
};

const ownerOf = (id: string) =>
  env.TRANSACTIONS.getByName(transactionObjectName(id, readConfig(env).transaction_shards));
/** Stops an object at once: nothing in memory survives. */
async function crash(object: DurableObjectStub): Promise<void> {
  await runInDurableObject(object, (_, state) => state.abort("crash")).catch(() => {});
}

describe("a held payment", () => {
  it("A held payment waits for a reviewer, and is charged once approved", async () => {
    const shop = await newRuledClient({ rules: [LARGE] });
    const made = await shop.create({ amount: 150 }, "held");
    expect(made.status).toBe(201);
    const answered = await made.text();
    const held = JSON.parse(answered) as Transaction;
    expect(held).toMatchObject({
      status: "review",
      version: 2,
      risk: {
        decision: "review",
        reasons: [{ rule: "large", outcome: "review", points: 0, detail: "150 USD is above 100" }],
        rule_set_version: 1,
      },
      review: { status: "open", expires_to: "reject", expired: false },
    });
    expect(await problem(await shop.process(held.id))).toMatchObject({
      status: 409,
      code: "illegal_transition",
      detail: "A transaction with status review cannot be processed.",
    });

    const queue = await (await shop.get(`${TRANSACTIONS}?status=review`)).json();
    expect(queue).toMatchObject({ data: [{ id: held.id }], has_more: false });

    const word = { decision: "approve", reviewer: "ann", note: "A known customer." };
    const approved = await review(shop, held.id, word);
    expect(approved.status).toBe(200);
    const told = await approved.text();
    expect(JSON.parse(told)).toMatchObject({
      status: "pending",
      version: 3,
      failure: null,
      review: { status: "approved", reviewer: "ann", note: "A known customer.", expired: false },
    });
    const again = await approve(shop, held.id);
    expect([again.status, await again.text()]).toEqual([200, told]);
    expect(await codeOf(await reject(shop, held.id))).toBe("illegal_transition");

    expect(await transactionOf(await shop.process(held.id))).toMatchObject({ status: "completed" });
    expect(await transactionOf(await approve(shop, held.id))).toMatchObject({ version: 5 });
    expect(await typesOf(shop, held.id)).toEqual([
      "created",
      "review_opened",
      "review_approved",
      "processing",
      "completed",
    ]);

    const replay = await shop.create({ amount: 150 }, "held");
    expect(replay.headers.get("Idempotent-Replayed")).toBe("true");
    expect([replay.status, await replay.text()]).toEqual([201, answered]);
  });

  it("A rejected payment is never charged", async () => {
    const shop = await newRuledClient({ rules: [LARGE] });
    const { id } = await shop.created({ amount: 150 });
    const rejected = await transactionOf(await reject(shop, id));
    expect(rejected).toMatchObject({
      status: "failed",
      failure: { code: "review_rejected" },
      review: { status: "rejected", reviewer: null, note: null },
    });
    expect(await transactionOf(await reject(shop, id))).toEqual(rejected);
    for (const refused of [
      await approve(shop, id),
      await shop.process(id),
      await shop.cancel(id),
    ]) {
      expect([refused.status, await codeOf(refused)]).toEqual([409, "illegal_transition"]);
    }
    expect(await typesOf(shop, id)).toEqual(["created", "review_opened", "failed"]);
  });

  it("A held payment can be cancelled instead", async () => {
    const shop = await newRuledClient({ rules: [LARGE] });
    const { id } = await shop.created({ amount: 150 });
    const cancelled = await transactionOf(await shop.cancel(id));
    expect(cancelled).toMatchObject({ status: "cancelled", review: { status: "cancelled" } });
    expect(await codeOf(await approve(shop, id))).toBe("illegal_transition");
    expect(await transactionOf(await shop.cancel(id))).toEqual(cancelled);
  });

  it("A held payment is decided once by 20 racing approvals and 20 rejections", async () => {
    const shop = await newRuledClient({ rules: [LARGE] });
    const { id } = await shop.created({ amount: 150 });
    const answers = await Promise.all(
      times(40, (index) => (index % 2 ? approve(shop, id) : reject(shop, id))),
    );
    const statuses = answers.map(({ status }) => status);
    const { status } = await shop.find(id);
    const [won, lost] = status === "pending" ? [1, 0] : [0, 1];
    expect(statuses.filter((_, index) => index % 2 === won)).toEqual(times(20, () => 200));
    expect(statuses.filter((_, index) => index % 2 === lost)).toEqual(times(20, () => 409));
    expect(await typesOf(shop, id)).toHaveLength(3);
  });

  it.each([
    ["reject", "failed", "rejected"],
    ["approve", "pending", "approved"],
  ] as const)(
    "A held payment that is not reviewed is decided by the alarm: %s",
    async (to, status, ended) => {
      const shop = await newRuledClient({
        rules: [LARGE],
        review_expires_after_s: 1,
        review_expires_to: to,
      });
      const { id } = await shop.created({ amount: 150 });
      await crash(ownerOf(id));
      // Only the book is read: no request reaches the object, so its own alarm has to run.
      await until(async () => {
        const { transactions } = await readBook(id);
        return transactions[0]?.status === status;
      });
      expect(await shop.find(id)).toMatchObject({
        status,
        version: 3,
        review: { status: ended, expired: true, reviewer: null },
      });
    },
  );

  it("A review requires its scope and a valid decision", async () => {
    const shop = await newRuledClient({ rules: [LARGE] });
    const { id } = await shop.created({ amount: 150 });
    const cashier = await newClient(["transactions:read", "transactions:write"]);
    expect(await codeOf(await approve(cashier, id))).toBe("scope_missing");
    const stranger = await newClient();
    expect(await codeOf(await approve(stranger, id))).toBe("transaction_not_found");
    for (const body of [{}, { decision: "maybe" }, { decision: "approve", why: "so" }]) {
      expect(await codeOf(await review(shop, id, body))).toBe("invalid_request");
    }
    const note = "card 4242 4242 4242 4242";
    const told = await review(shop, id, { decision: "approve", note });
    expect(await codeOf(told)).toBe("card_number_refused");
    expect(await shop.find(id)).toMatchObject({ status: "review", version: 2 });
  });
});

it("Every decision of this file is computed again from what was stored with it", async () => {
  expect(await recomputeAll()).toBeGreaterThan(20);
});
