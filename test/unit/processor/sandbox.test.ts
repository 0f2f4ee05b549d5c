/** The sandbox's outcomes. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Answer, callWithin, type OperationRequest } from "../../../src/processor/processor";
import { SANDBOX_OUTCOMES, sandbox } from "../../../src/processor/sandbox";
import { DONE, OPERATIONS, requestOf } from "../../support/charge-request";

describe("the sandbox", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const NAMED_BY = {
    charge: "sandbox_outcome",
    authorize: "sandbox_outcome",
    capture: "sandbox_capture_outcome",
    void: "sandbox_void_outcome",
    refund: "sandbox_outcome",
  };
  const signal = () => new AbortController().signal;
  const declined = (code: string, message: string): Answer => ({
    kind: "declined",
    failure: { code, message },
  });
  const generic = declined("card_declined", "The card was declined");
  const ACTION: Answer = {
    kind: "action_required",
    next_action: {
      type: "redirect_to_url",
      redirect_to_url: { url: "https://example.com/sandbox/authenticate", return_url: null },
    },
  };
  /** Outcome, ending of the amount, its final answer, how many calls before it get none, and what a charge gets instead. */
  const TABLE: [string, string, Answer, number, Answer?][] = [
    ["settle", "9000", DONE, 0],
    ["decline", "9001", generic, 0],
    [
      "insufficient_funds",
      "9002",
      declined("insufficient_funds", "The account has insufficient funds"),
      0,
    ],
    ["expired_card", "9003", declined("expired_card", "The card has expired"), 0],
    ["do_not_honor", "9004", declined("do_not_honor", "The issuer declined without a reason"), 0],
    ["slow", "9010", DONE, 0],
    ["timeout_then_settle", "9011", DONE, 1],
    ["unknown_then_settle", "9012", DONE, 2],
    ["unknown_then_decline", "9013", generic, 2],
    ["action_then_settle", "9020", DONE, 2, ACTION],
    ["action_then_decline", "9021", generic, 2, ACTION],
    ["action_abandoned", "9022", DONE, 9, ACTION],
  ];

  /** The answers to the first calls, each within 5 seconds. */
  async function ask(fields: Partial<OperationRequest>, asks: number): Promise<Answer[]> {
    const answers: Answer[] = [];
    for (let attempt = 1; attempt <= asks; attempt++) {
      const charge = callWithin(sandbox, requestOf({ ...fields, attempt }), 5_000);
      await vi.advanceTimersByTimeAsync(5_000);
      answers.push(await charge);
    }
    return answers;
  }

  it("The sandbox has exactly these outcomes", () => {
    expect(
      Object.entries(SANDBOX_OUTCOMES).map(([name, { amount_ending }]) => [name, amount_ending]),
    ).toEqual(TABLE.map(([name, ending]) => [name, ending]));
  });

  for (const [name, ending, answer, unknowns, first] of TABLE) {
    const said = `${answer.kind} after ${unknowns} unknown`;
    const ends = name === "action_abandoned" ? [] : [answer, answer];
    const asks = unknowns + ends.length;
    const expectedOf = (operation: OperationRequest["operation"]) => {
      const begins = operation === "charge" || operation === "authorize";
      const open = (begins && first) || expect.objectContaining({ kind: "unknown" });
      return [...Array.from({ length: unknowns }, () => open), ...ends];
    };

    it.each(OPERATIONS)(
      `The sandbox answers ${said} when metadata requests ${name} of %s, whatever the amount`,
      async (operation) => {
        for (const amount_minor of [1, 9_001, 9_012, 10_050]) {
          const metadata = { [NAMED_BY[operation]]: name, order: "1" };
          const request = { operation, metadata, amount_minor };
          expect(await ask(request, asks)).toEqual(expectedOf(operation));
        }
      },
    );

    it(`The sandbox answers ${said} to amounts that end in ${ending}`, async () => {
      for (const prefix of ["", "1", "10", "99999999999"]) {
        const amount_minor = Number(prefix + ending);
        for (const operation of ["charge", "authorize", "refund"] as const) {
          expect(await ask({ operation, amount_minor }, asks)).toEqual(expectedOf(operation));
        }
        const authorized_amount_minor = amount_minor + 1;
        const part = { operation: "capture" as const, amount_minor, authorized_amount_minor };
        expect(await ask(part, asks)).toEqual(expectedOf("capture"));
      }
    });
  }

  it.each([
    ["an ordinary amount", { amount_minor: 10_050 }],
    ["one minor unit", { amount_minor: 1 }],
    ["an amount with a row's digits in front", { amount_minor: 90_010 }],
    ["an amount that has only the end of a row's digits", { amount_minor: 1 }],
    ["an outcome that is not in the table", { metadata: { sandbox_outcome: "explode" } }],
    ["the name of something every object has", { metadata: { sandbox_outcome: "constructor" } }],
    ["an empty name", { metadata: { sandbox_outcome: "" } }],
  ])("The sandbox settles at once on %s", async (_, fields) => {
    expect(await sandbox.call(requestOf(fields), signal)).toEqual(DONE);
  });

  it.each(["capture", "void"] as const)(
    "An outcome of the payment is not that of its %s, too: neither by name nor by amount",
    async (operation) => {
      const metadata = { sandbox_outcome: "decline", sandbox_refund_outcome: "decline" };
      for (const amount_minor of [9_001, 9_002, 9_012, 9_013]) {
        const whole = { operation, metadata, amount_minor };
        expect(await sandbox.call(requestOf(whole), signal)).toEqual(DONE);
        const known = { ...whole, authorized_amount_minor: amount_minor };
        expect(await sandbox.call(requestOf(known), signal)).toEqual(DONE);
      }
    },
  );

  it("The outcome of a capture is not that of a void, and the other way round", async () => {
    for (const [operation, other] of [
      ["capture", "void"],
      ["void", "capture"],
    ] as const) {
      const request = requestOf({ operation, metadata: { [NAMED_BY[other]]: "decline" } });
      expect(await sandbox.call(request, signal)).toEqual(DONE);
    }
  });

  it("docs/sandbox.md says for every operation which member of metadata names its outcome", () => {
    const text = readFileSync(join(import.meta.dirname, "../../../docs/sandbox.md"), "utf8");
    const rows = [...text.matchAll(/^\| (\w+) \| `metadata\.(\w+)`/gm)];
    expect(rows.map(([, operation, member]) => [operation, member])).toEqual(
      Object.entries(NAMED_BY),
    );
  });

  it("The sandbox knows every operation and finds none", () => {
    expect(OPERATIONS.filter((operation) => !sandbox.supports(operation))).toEqual([]);
    expect([sandbox.supports("find"), sandbox.find]).toEqual([false, undefined]);
  });

  it("The sandbox goes by the amount when the name is not in the table", async () => {
    const request = requestOf({ metadata: { sandbox_outcome: "explode" }, amount_minor: 9_001 });
    expect(await sandbox.call(request, signal)).toEqual(generic);
  });

  it("The sandbox takes a second to settle slowly", async () => {
    let answer: Answer | undefined;
    const charge = Promise.resolve(sandbox.call(requestOf({ amount_minor: 9_010 }), signal)).then(
      (given) => {
        answer = given;
      },
    );
    await vi.advanceTimersByTimeAsync(999);
    expect(answer).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    await charge;
    expect(answer).toEqual(DONE);
  });

  it("The sandbox does not respond before a time limit, the first time", async () => {
    const limit = new AbortController();
    let isOver = false;
    const request = requestOf({ amount_minor: 9_011 });
    const charge = Promise.resolve(sandbox.call(request, () => limit.signal)).finally(() => {
      isOver = true;
    });
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(isOver).toBe(false);
    limit.abort();
    await charge;
    expect(isOver).toBe(true);
  });
});
