/** Creates, and creates under a key that is taken. */
import { describe, expect, it } from "vitest";
import { deriveTransactionId } from "../../../../../src/domain/identity/id";
import {
  createResult,
  decideCreate,
  decideRepeatedCreate,
} from "../../../../../src/domain/transaction/decisions/decide-create";
import {
  basisOf,
  created,
  EXAMPLE_NAMES,
  EXAMPLES,
  frozen,
  held,
  MERCHANT,
  NOW_MS,
  requestOf,
} from "../../../../support/examples";
import { LATER_MS } from "../../../../support/transaction-decisions";

const later = new Date(LATER_MS).toISOString();
describe("creating", () => {
  const command = frozen({
    transaction_id: deriveTransactionId(MERCHANT, "order-1001"),
    idempotency_key: "order-1001",
    livemode: true,
    request: requestOf(),
  });

  it("A create makes a pending transaction with everything that was requested", () => {
    const change = decideCreate(command, basisOf(), NOW_MS);
    expect(change.transaction).toEqual({
      id: deriveTransactionId(MERCHANT, "order-1001"),
      idempotency_key: "order-1001",
      user_id: "user_1",
      amount: 100.5,
      amount_minor: 10_050,
      currency: "USD",
      status: "pending",
      livemode: true,
      fraud_score: 0,
      risk: {
        decision: "approve",
        reasons: [],
        shadow: [],
        rule_set_version: 0,
        signals: { "customer.count.24h": 1 },
      },
      failure: null,
      review: null,
      description: "Books",
      metadata: { order: "1001", shelf: "b" },
      webhook_url: "https://shop.example/hook",
      version: 1,
      created_at: "2026-11-22T21:00:00.000Z",
      updated_at: "2026-11-22T21:00:00.000Z",
      capture_method: "automatic",
      amount_captured_minor: 0,
      amount_refunded_minor: 0,
    });
    expect(change.events).toEqual([
      {
        id: `evt_${change.transaction.id.slice(4)}_1`,
        type: "transaction.created",
        sequence: 1,
        transaction_id: change.transaction.id,
        created_at: "2026-11-22T21:00:00.000Z",
        data: change.transaction,
      },
    ]);
  });

  it.each([
    ["USD", 10_050, 100.5],
    ["USD", 1, 0.01],
    ["JPY", 10_050, 10_050],
    ["KWD", 10_050, 10.05],
    ["USD", 999_999_999_999_999, 9_999_999_999_999.99],
  ])("A transaction shows in %s %i minor units as %d", (currency, amount_minor, amount) => {
    expect(created({ currency, amount_minor }).transaction.amount).toBe(amount);
  });

  it("A blocked payment has two events, first pending and then failed", () => {
    const { transaction, events } = created({ amount_minor: 1_000_001 }, LATER_MS);
    expect(transaction).toMatchObject({
      status: "failed",
      version: 2,
      fraud_score: 70,
      risk: { decision: "block" },
      failure: { code: "risk_blocked" },
      created_at: later,
      updated_at: later,
    });
    expect(transaction.failure?.message).not.toBe("");
    expect(events.map(({ type, sequence }) => [type, sequence])).toEqual([
      ["transaction.created", 1],
      ["transaction.failed", 2],
    ]);
    expect(events[0]?.data).toEqual({
      ...transaction,
      status: "pending",
      failure: null,
      version: 1,
    });
    expect(events[1]?.data).toEqual(transaction);
  });

  it("A held payment has two events, first pending and then in review", () => {
    const { transaction, events } = held();
    expect(transaction).toMatchObject({
      status: "review",
      version: 2,
      fraud_score: 40,
      risk: { decision: "review" },
      failure: null,
      review: {
        status: "open",
        expires_at: "2026-11-25T21:00:00.000Z",
        expires_to: "reject",
        expired: false,
        reviewer: null,
        note: null,
        decided_at: null,
      },
    });
    expect(events.map(({ type, data }) => [type, data.status])).toEqual([
      ["transaction.created", "pending"],
      ["transaction.review_opened", "review"],
    ]);
    expect(events[0]?.data).toEqual({
      ...transaction,
      status: "pending",
      review: null,
      version: 1,
    });
  });

  it("An approved payment keeps its reasons, too", () => {
    const { transaction } = created({ amount_minor: 500_001 });
    expect(transaction).toMatchObject({ status: "pending", fraud_score: 40, version: 1 });
    expect(transaction.risk.reasons.map(({ rule }) => rule)).toEqual(["amount_above_threshold"]);
  });

  it("A create depends on nothing but its arguments", () => {
    const again = () => JSON.stringify(decideCreate(command, basisOf(3), NOW_MS));
    expect(again()).toBe(again());
  });
});

describe("creating again under the same key", () => {
  it.each(EXAMPLE_NAMES)(
    "A repeated create with the same request is accepted when the transaction is %s",
    (name) => {
      const amount_minor = EXAMPLES[name].amount_minor;
      expect(decideRepeatedCreate(EXAMPLES[name], requestOf({ amount_minor }))).toEqual({
        ok: true,
        value: null,
      });
    },
  );

  it.each(EXAMPLE_NAMES)(
    "A repeated create with another request is refused when the transaction is %s, with the names of the fields",
    (name) => {
      const request = requestOf({ amount_minor: 7, metadata: {}, user_id: "user_2" });
      expect(decideRepeatedCreate(EXAMPLES[name], request)).toEqual({
        ok: false,
        refusal: { code: "idempotency_key_reused", fields: ["user_id", "amount", "metadata"] },
      });
    },
  );

  it("A repeated create gets the version that the first create got", () => {
    const answers = EXAMPLE_NAMES.map((name) => {
      const { version, status } = createResult(EXAMPLES[name]);
      return [name, `${version} ${status}`];
    });
    expect(Object.fromEntries(answers)).toEqual({
      pending: "1 pending",
      processing: "1 pending",
      completed: "1 pending",
      declined: "1 pending",
      blocked: "2 failed",
      cancelled: "1 pending",
      held: "2 review",
      approved: "2 review",
      rejected: "2 review",
      abandoned: "2 review",
    });
  });
});
