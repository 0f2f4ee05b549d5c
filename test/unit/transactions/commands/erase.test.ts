/** The command `erase`, in batches of a shard in memory. */
import { describe, expect, it } from "vitest";
import { deriveRefundId } from "../../../../src/domain/identity/id";
import type { Transaction } from "../../../../src/domain/transaction/transaction";
import { type Command, execute } from "../../../../src/transactions/commands/command";
import { CUSTOMER, DETAILS, REFUND_TEXTS, TEXTS } from "../../../support/erasure/customer";
import { tablesWith, textsIn } from "../../../support/erasure/scan";
import { basisOf, HOLDING, LIVE, MERCHANT, NOW_MS, TRACEPARENT } from "../../../support/examples";
import {
  A_DECLINE,
  about,
  create,
  decide,
  idOf,
  journal,
  parsed,
  record,
  refusalOf,
  restartShard,
  run,
  SETTLED,
  storage,
  UNKNOWN,
} from "../../../support/shard";

const FIELDS = { ...CUSTOMER, details: DETAILS };
const base = { traceparent: TRACEPARENT, merchant_id: MERCHANT, transaction_id: idOf("k") };
const erase = (key = "k", user_id = CUSTOMER.user_id): Command => ({
  kind: "erase",
  ...base,
  transaction_id: idOf(key),
  user_id,
});
const refund = (idempotency_key = "r", amount: string | null = "1.00"): Command => ({
  kind: "refund",
  ...base,
  idempotency_key,
  amount,
  ...REFUND_TEXTS,
});
const recordRefund = (key = "r"): Command => ({
  kind: "record",
  ...base,
  refund_id: deriveRefundId(idOf("k"), key),
  answer: SETTLED,
  operation: "refund",
  claimed_version: 0,
});
const review = (decision: "approve" | "reject"): Command => ({
  kind: "review",
  ...base,
  decision,
  reviewer: "alice",
  note: `${CUSTOMER.user_id} called`,
});
const hold = () => {
  execute(journal, create("k", FIELDS), basisOf(1, HOLDING), LIVE, NOW_MS);
  journal.write();
};
const manual = { ...FIELDS, capture_method: "manual" };

/** Payments that can be erased at once, by how they came to be. */
const LIVES: Record<string, () => void> = {
  pending: () => run(create("k", FIELDS)),
  "in review": hold,
  approved: () => {
    hold();
    run(review("approve"));
  },
  rejected: () => {
    hold();
    run(review("reject"));
  },
  blocked: () => run(create("k", { ...FIELDS, amount_minor: 1_000_001 })),
  cancelled: () => {
    run(create("k", FIELDS));
    run(about("cancel"));
  },
  completed: () => {
    for (const one of [create("k", FIELDS), about("process"), record(SETTLED)]) run(one);
  },
  declined: () => {
    for (const one of [create("k", FIELDS), about("process"), record(A_DECLINE)]) run(one);
  },
  authorized: () => {
    for (const one of [create("k", manual), about("process")]) run(one);
    run({ ...record(SETTLED), operation: "authorize" } as Command);
  },
  refunded: () => {
    LIVES.completed?.();
    for (const one of [refund(), recordRefund(), refund("s", null), recordRefund("s")]) run(one);
  },
};

const everywhere = () => tablesWith(storage.sql, TEXTS);
const inMemory = () => {
  const events = journal.eventsAfter(0, 1_000, 10_000_000);
  const texts = [journal.findText(idOf("k")), journal.find(idOf("k")), events];
  return textsIn(JSON.stringify(texts), TEXTS);
};
/** What must be the same before and after. */
const kept = () =>
  journal.readEvents(idOf("k")).map(({ data, ...event }) => {
    const { user_id, description, metadata, webhook_url, review, ...rest } = JSON.parse(
      data,
    ) as Transaction;
    const { refund: text, ...own } = event;
    const { reason, metadata: ofRefund, ...refund } = JSON.parse(text ?? "{}");
    return { ...own, ...rest, review: review && { ...review, note: null }, refund };
  });

describe("erasing a payment", () => {
  it.each(Object.keys(LIVES))("Nothing of the customer is left of a payment that is %s", (name) => {
    LIVES[name]?.();
    const before = kept();
    expect(everywhere()).not.toEqual([]);
    const erased = parsed(run(erase(), NOW_MS + 5));
    expect(everywhere()).toEqual([]);
    expect(inMemory()).toEqual([]);
    expect(kept().slice(0, -1)).toEqual(before);
    expect(erased).toMatchObject({
      ...{ user_id: "erased", description: null, metadata: {}, webhook_url: null },
      ...{ version: before.length + 1, erased_at: "2026-11-22T21:00:00.005Z" },
    });
    const shown = () => [journal.findText(idOf("k"))?.data, journal.eventsAfter(0, 99, 1_000_000)];
    const beforeRestart = shown();
    restartShard();
    expect(shown()).toEqual(beforeRestart);
    expect(journal.readEvents(idOf("k")).at(-1)).toMatchObject({ type: "transaction.erased" });
  });

  it("Erasing it again, or for another customer, changes nothing", () => {
    LIVES.completed?.();
    expect(run(erase("k", "somebody else"))).toMatchObject({ wrote: false });
    expect(everywhere()).not.toEqual([]);
    run(erase());
    const events = journal.readEvents(idOf("k"));
    expect(run(erase())).toMatchObject({ wrote: false });
    expect(run(erase("k", "erased"))).toMatchObject({ wrote: false });
    expect(journal.readEvents(idOf("k"))).toEqual(events);
  });

  it("Payments of other customers in the same batch and the same shard stay as they are", () => {
    for (const key of ["k", "o"]) {
      const fields = key === "k" ? FIELDS : { user_id: "other", description: "theirs" };
      run(create(key, fields));
    }
    const before = journal.readEvents(idOf("o"));
    decide(erase());
    decide(about("process", "o"));
    journal.write();
    expect(journal.readEvents(idOf("o")).slice(0, 1)).toEqual(before);
    expect(journal.readEvents(idOf("o"))).toHaveLength(2);
  });

  it("A payment that was made in the same batch is erased in it", () => {
    const inRound = (command: Command) => execute(journal, command, basisOf(), LIVE, NOW_MS);
    inRound(create("k", FIELDS));
    inRound(about("cancel"));
    inRound(erase());
    expect(journal.textAt(idOf("k"), 1)).not.toContain(CUSTOMER.user_id);
    expect(inMemory()).toEqual([]);
    journal.write();
    expect(everywhere()).toEqual([]);
    expect(journal.readEvents(idOf("k"))).toHaveLength(3);
  });

  it("An event that is on its way in memory loses the texts too", () => {
    run(create("k", FIELDS));
    const onItsWay = journal.eventsAfter(0, 10, 10_000_000);
    run(erase());
    expect(textsIn(JSON.stringify(onItsWay), TEXTS)).toEqual([]);
  });
});

describe("an operation without an outcome", () => {
  const WAITING: Record<string, Command[]> = {
    "is claimed": [create("k", FIELDS), about("process")],
    "is repeated": [create("k", FIELDS), about("process"), record(UNKNOWN)],
    "is a refund": [create("k", FIELDS), about("process"), record(SETTLED), refund()],
  };
  it.each(Object.entries(WAITING))("The erasure waits while an operation %s", (_, commands) => {
    for (const command of commands) run(command);
    const before = journal.readEvents(idOf("k"));
    expect(run(erase())).toMatchObject({ wrote: false, is_waiting: true });
    restartShard();
    expect(run(erase())).toMatchObject({ wrote: false, is_waiting: true });
    expect(journal.readEvents(idOf("k"))).toEqual(before);
  });

  it("The erasure waits while the customer has to act", () => {
    for (const command of [create("k", FIELDS), about("process")]) run(command);
    const next_action = {
      type: "redirect_to_url" as const,
      redirect_to_url: { url: "https://bank.example/secret", return_url: null },
    };
    run(record({ kind: "action_required", next_action }));
    expect(run(erase())).toMatchObject({ wrote: false, is_waiting: true });
    run({ ...record(SETTLED), claimed_version: 2 } as Command);
    expect(run(erase())).toMatchObject({ wrote: true });
    expect(everywhere()).toEqual([]);
  });
});

describe("after the erasure", () => {
  it("A repeated create is a replay whatever it says of the customer, and 422 for another amount", () => {
    run(create("k", FIELDS));
    const first = journal.textAt(idOf("k"), 1);
    run(erase());
    const replayed = { kind: "done", replayed: true, wrote: false };
    expect(run(create("k", FIELDS))).toMatchObject(replayed);
    expect(run(create("k"))).toMatchObject({ ...replayed, data: journal.textAt(idOf("k"), 1) });
    expect(journal.textAt(idOf("k"), 1)).not.toBe(first);
    const fieldsOf = (changed: object) => refusalOf(run(create("k", { ...FIELDS, ...changed })));
    expect(fieldsOf({ amount_minor: 1 })).toEqual({
      code: "idempotency_key_reused",
      fields: ["amount"],
    });
    expect(fieldsOf({ currency: "EUR" })).toMatchObject({ fields: ["currency"] });
    expect(fieldsOf({ capture_method: "manual" })).toMatchObject({ fields: ["capture_method"] });
    expect(journal.lastPosition).toBe(2);
  });

  it("A repeated refund is a replay whatever its texts are, and 422 for another amount", () => {
    LIVES.refunded?.();
    run(erase(), NOW_MS + 1);
    const again = (command: Command) => run(command, NOW_MS + 2);
    expect(again(refund())).toMatchObject({ kind: "done", replayed: true });
    expect(again({ ...refund(), reason: "other", metadata: {} } as Command)).toMatchObject({
      replayed: true,
    });
    expect(refusalOf(again(refund("r", "2.00")))).toMatchObject({ fields: ["amount"] });
  });

  it("A refund of after the erasure is compared with all that its request says", () => {
    LIVES.completed?.();
    run(erase(), NOW_MS + 1);
    run(refund(), NOW_MS + 2);
    expect(refusalOf(run({ ...refund(), reason: "other" } as Command, NOW_MS + 3))).toMatchObject({
      fields: ["reason"],
    });
  });

  it("A payment that was not charged is not charged any more, and can be cancelled", () => {
    run(create("k", FIELDS));
    run(erase());
    for (const charge of [about("process"), { ...create("k", FIELDS), process: true } as Command]) {
      expect(refusalOf(run(charge))).toEqual({ code: "customer_erased" });
    }
    expect(parsed(run(about("cancel")))).toMatchObject({ status: "cancelled" });
  });

  it("An authorized payment is captured as before", () => {
    LIVES.authorized?.();
    run(erase());
    run({ kind: "capture", ...base, amount: null } as Command);
    expect(parsed(run({ ...record(SETTLED), operation: "capture" } as Command))).toMatchObject({
      ...{ status: "completed", amount_captured_minor: 10_050, user_id: "erased" },
    });
    expect(everywhere()).toEqual([]);
  });
});
