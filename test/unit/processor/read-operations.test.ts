/** What a response to each operation means, and what is kept of it. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { containsCardNumber } from "../../../src/domain/text/card-number";
import type { Answer } from "../../../src/processor/processor";
import { readFound, readResponse } from "../../../src/processor/read-response";
import { OPERATIONS, requestOf } from "../../support/charge-request";

const WORDS = {
  charge: "settled",
  authorize: "authorized",
  capture: "captured",
  void: "voided",
  refund: "refunded",
};

describe.each(OPERATIONS)("a response to %s", (operation) => {
  const begins = operation === "charge" || operation === "authorize";
  const transaction_id = requestOf().transaction_id;
  const idempotency_key = begins ? transaction_id : `${transaction_id}:${operation}:3`;
  const request = requestOf({ operation, idempotency_key });
  const { amount_minor, currency } = request;
  const echo = {
    reference: idempotency_key,
    ...(begins ? {} : { payment: transaction_id }),
    amount_minor,
    currency,
  };
  const word = WORDS[operation];
  const readText = (text: string | undefined, status = 200) =>
    readResponse({ status, text }, request);
  const read = (answer: unknown) => readText(JSON.stringify(answer));

  it("Only the operation's own word says that it is done, and it says so whatever else is there", () => {
    for (const other of Object.values(WORDS)) {
      const expected = other === word ? "done" : "unknown";
      for (const more of [{}, echo, { id: "psp_1", code: 7, message: null }]) {
        expect(read({ status: other, ...more }).kind, other).toBe(expected);
      }
      expect(readText(JSON.stringify({ status: other }), 500).kind).toBe("unknown");
    }
  });

  it("A decline is one, and the message that it lacks names the operation", () => {
    const noun = operation === "authorize" ? "authorization" : operation;
    expect(read({ status: "declined", code: "no", ...echo })).toEqual({
      kind: "declined",
      failure: { code: "no", message: `The processor declined the ${noun}` },
    });
    const ours = read({ status: "declined", code: "risk_blocked", message: "No." });
    expect(ours).toMatchObject({ failure: { code: "processor_risk_blocked" } });
  });

  it.each([
    ["another key", { reference: `${transaction_id}:other:9` }, ["reference"]],
    ["another amount", { amount_minor: amount_minor + 1 }, ["amount_minor"]],
    ["another currency", { currency: "JPY" }, ["currency"]],
    ["the key of another type", { reference: null }, ["reference"]],
  ])("The outcome is unknown with an echo of %s, which is named", (_, other, differs) => {
    for (const status of [word, "declined", "pending", "nonsense"]) {
      expect(read({ ...echo, status, ...other })).toMatchObject({ kind: "unknown", differs });
    }
    const text = JSON.stringify({ status: "not_found", ...other });
    expect(readFound({ status: 404, text }, request)).toMatchObject({ kind: "unknown", differs });
  });

  it("An echo of another payment counts where a payment is named", () => {
    for (const payment of ["txn_bbbbbbbbbbbbbbbbbbbbbbbbbb", null, 7]) {
      const answer = read({ ...echo, status: word, payment });
      if (begins) expect(answer).toEqual({ kind: "done" });
      else expect(answer).toMatchObject({ kind: "unknown", differs: ["payment"] });
    }
    const twice = `{"status":"${word}","payment":"${transaction_id}","payment":"${transaction_id}"}`;
    expect(readText(twice).kind).toBe(begins ? "done" : "unknown");
  });

  it.each(["status", "reference", "amount_minor", "currency"])(
    "The outcome is unknown when %s is given twice, also with one value",
    (name) => {
      const members = { status: word, ...echo };
      const value = JSON.stringify(members[name as keyof typeof members]);
      const text = JSON.stringify(members).replace("{", `{"${name}":${value},`);
      expect(readText(text)).toMatchObject({ kind: "unknown" });
    },
  );

  it.each<[string, string | undefined]>([
    ["nothing", ""],
    ["too much", undefined],
    ["a text", '"settled"'],
    ["a list", `[{"status":"${word}"}]`],
    ["no status", "{}"],
    ["a status of null", '{"status":null}'],
    ["the word in capitals", JSON.stringify({ status: word.toUpperCase() })],
    ["the word in a list", JSON.stringify({ status: [word] })],
    ["the word further inside", JSON.stringify({ data: { status: word } })],
    ["not_found", '{"status":"not_found"}'],
  ])("The outcome is unknown with %s", (_, text) => {
    expect(readText(text)).toMatchObject({ kind: "unknown", reason: expect.any(String) });
  });

  it.each<[string, unknown]>([
    ["a short id", "1"],
    ["an id of 255 characters", "é".repeat(255)],
    ["an id of 255 emoji", "\u{1f600}".repeat(255)],
    ["digits that are no card number", "1234567890123"],
  ])("The processor's own id is kept as it is: %s", (_, processor_reference) => {
    const done: Answer = { kind: "done", processor_reference: String(processor_reference) };
    expect(read({ status: word, processor_reference })).toEqual(done);
    expect(read({ status: "declined", code: "no", processor_reference })).toMatchObject({
      kind: "declined",
      processor_reference,
    });
  });

  it.each<[string, unknown, string]>([
    ["a number", 7, "is not text"],
    ["an object", { id: "psp_1" }, "is not text"],
    ["nothing", "", "is empty"],
    ["control characters alone", "\0\n", "is empty"],
    ["256 characters", "p".repeat(256), "is too long"],
    ["60,000 characters", "p".repeat(60_000), "is too long"],
    ["control characters", "psp\u00001", "is not fit to keep"],
    ["a line's end", "psp_1\n", "is not fit to keep"],
    ["a terminal's escape", "\u001b[2Jpsp_1", "is not fit to keep"],
    ["characters that change the direction", "psp_\u202e1", "is not fit to keep"],
    ["half a character", "psp_\ud83d", "is not fit to keep"],
    ["a card number", "4242424242424242", "is not fit to keep"],
    ["a card number in groups", "psp 4242 4242 4242 4242", "is not fit to keep"],
  ])("An id of the processor that cannot be kept as it is, is left out: %s", (_, id, fault) => {
    const mended = [`processor_reference ${fault}`];
    expect(read({ status: word, processor_reference: id })).toEqual({ kind: "done", mended });
    const declined = read({ status: "declined", message: "No.", processor_reference: id });
    expect(declined).toEqual({
      kind: "declined",
      failure: { code: "processor_declined", message: "No." },
      mended: ["code is missing", ...mended],
    });
  });

  it("An id that is null is none, and one that is given twice is left out", () => {
    expect(read({ status: word, processor_reference: null })).toEqual({ kind: "done" });
    const twice = `{"status":"${word}","processor_reference":"a","processor_ref\\u0065rence":"a"}`;
    const mended = ["processor_reference is given twice"];
    expect(readText(twice)).toEqual({ kind: "done", mended });
  });

  it("A clear word decides whatever else is there, and what is kept is fit to keep", () => {
    const hostile = fc.oneof(
      fc.jsonValue(),
      fc.string({ unit: "binary", maxLength: 600 }),
      fc.constantFrom("4242 4242 4242 4242", "\ud83d", "\0", "", "r".repeat(256), "psp_1"),
    );
    const names = ["code", "message", "processor_reference", "id", "__proto__", "toString"];
    const more = fc.dictionary(fc.constantFrom(...names), hostile, { noNullPrototype: true });
    fc.assert(
      fc.property(fc.constantFrom(word, "declined"), more, fc.boolean(), (status, rest, echoes) => {
        const answer = read({ ...rest, ...(echoes ? echo : {}), status });
        expect(answer.kind).toBe(status === word ? "done" : "declined");
        if (answer.kind === "unknown") return;
        const { code, message } = answer.kind === "declined" ? answer.failure : {};
        for (const kept of [code, message, answer.processor_reference]) {
          if (kept === undefined) continue;
          expect(kept.isWellFormed()).toBe(true);
          expect(kept).not.toMatch(/\p{Cc}/u);
          expect(containsCardNumber(kept)).toBe(false);
          expect([...kept].length).toBeGreaterThan(0);
        }
        const { processor_reference } = answer;
        if (processor_reference === undefined) return;
        expect(processor_reference).toBe(rest.processor_reference);
        expect([...processor_reference].length).toBeLessThanOrEqual(255);
      }),
      { numRuns: 200 },
    );
  });
});
