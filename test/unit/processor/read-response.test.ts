/** What a processor's HTTP answers mean, whatever is in them: a clear status word decides, an echo of another
 *  payment makes the outcome unknown, and nothing else in an answer can keep a charge open. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { containsCardNumber } from "../../../src/domain/text/card-number";
import { httpProcessor } from "../../../src/processor/http";
import { type Answer, callWithin, type OperationRequest } from "../../../src/processor/processor";
import { TRACEPARENT } from "../../support/examples";

const LIMIT_MS = 25_000;
const CARD = "4242424242424242";
const REQUEST: OperationRequest = {
  operation: "charge",
  idempotency_key: "txn_abcdefghijklmnopqrstuvwxyz",
  transaction_id: "txn_abcdefghijklmnopqrstuvwxyz",
  amount_minor: 10_050,
  currency: "USD",
  user_id: "user_1",
  metadata: {},
  attempt: 1,
  traceparent: TRACEPARENT,
  livemode: undefined,
  claimed_at_ms: 0,
};

const ECHO = { reference: REQUEST.idempotency_key, amount_minor: 10_050, currency: "USD" };

let body = "";
const server = createServer((request, response) => {
  request.resume();
  response.writeHead(200, { "Content-Type": "application/json" });
  response.end(body);
});

let base = "";
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // It listens on TCP.
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** The outcome of a charge that is answered with this JSON text. */
function answerTo(text: string): Promise<Answer> {
  body = text;
  return callWithin(httpProcessor(base, undefined, []), REQUEST, LIMIT_MS);
}

const declineWith = (members: object) => JSON.stringify({ status: "declined", ...members });

const STAND_IN = "processor_declined";
const DEFAULT_MESSAGE = "The processor declined the charge";
type Failure = { code: string; message: string };
const MENDED: [string, object, Failure, string[]][] = [
  ["no code", { message: "No." }, { code: STAND_IN, message: "No." }, ["code is missing"]],
  [
    "a code of null",
    { code: null },
    { code: STAND_IN, message: DEFAULT_MESSAGE },
    ["code is not text"],
  ],
  ["an empty code", { code: "" }, { code: STAND_IN, message: DEFAULT_MESSAGE }, ["code is empty"]],
  [
    "a blank code",
    { code: " \n" },
    { code: STAND_IN, message: DEFAULT_MESSAGE },
    ["code is empty"],
  ],
  [
    "a code that is a number",
    { code: 51 },
    { code: STAND_IN, message: DEFAULT_MESSAGE },
    ["code is not text"],
  ],
  [
    "a code of 65 characters",
    { code: "c".repeat(65) },
    { code: "c".repeat(64), message: DEFAULT_MESSAGE },
    ["code is too long"],
  ],
  [
    "a code of 65 emoji",
    { code: "\u{1f600}".repeat(65) },
    { code: "\u{1f600}".repeat(64), message: DEFAULT_MESSAGE },
    ["code is too long"],
  ],
  [
    "a code between spaces",
    { code: " no_funds\n" },
    { code: "no_funds", message: DEFAULT_MESSAGE },
    ["code is not fit to keep"],
  ],
  [
    "a message of null",
    { code: "no_funds", message: null },
    { code: "no_funds", message: DEFAULT_MESSAGE },
    ["message is not text"],
  ],
  [
    "a message that is an object",
    { code: "no_funds", message: { en: "No." } },
    { code: "no_funds", message: DEFAULT_MESSAGE },
    ["message is not text"],
  ],
  [
    "an empty message",
    { code: "no_funds", message: "" },
    { code: "no_funds", message: DEFAULT_MESSAGE },
    ["message is empty"],
  ],
  [
    "a message of 501 characters",
    { code: "no_funds", message: "m".repeat(501) },
    { code: "no_funds", message: "m".repeat(500) },
    ["message is too long"],
  ],
  [
    "a message of 60,000 characters",
    { code: "no_funds", message: "m".repeat(60_000) },
    { code: "no_funds", message: "m".repeat(500) },
    ["message is too long"],
  ],
  [
    "half characters and NUL",
    { code: "no\0funds", message: "Nein \ud83d" },
    { code: "no funds", message: "Nein \ufffd" },
    ["code is not fit to keep", "message is not fit to keep"],
  ],
  [
    "a card number in both",
    { code: `no_funds_${CARD}`, message: `No funds on 4242 4242 4242 4242` },
    { code: "no_funds_****************", message: "No funds on **** **** **** ****" },
    ["code is not fit to keep", "message is not fit to keep"],
  ],
];

it.each(MENDED)(
  "A clear decline is a decline, and names the member that was wrong, with %s",
  async (_, members, failure, mended) => {
    expect(await answerTo(declineWith(members))).toEqual({ kind: "declined", failure, mended });
  },
);

it("A clear decline in an answer of 60,000 bytes is a decline", async () => {
  const text = declineWith({ code: "no_funds", message: "No.", trail: "x".repeat(60_000) });
  const failure = { code: "no_funds", message: "No." };
  expect(await answerTo(text)).toEqual({ kind: "declined", failure });
});

it.each(["risk_blocked", "review_rejected", "declined_by_operator"])(
  "A processor cannot decline under our own code %s",
  async (code) => {
    const failure = { code: `processor_${code}`, message: "No." };
    expect(await answerTo(declineWith({ code, message: "No." }))).toEqual({
      kind: "declined",
      failure,
    });
  },
);

it.each([
  ["nothing", {}],
  ["everything", ECHO],
  ["the reference alone", { reference: ECHO.reference }],
  ["the amount as a number that is written otherwise", { amount_minor: 10_050.0 }],
])("An answer that echoes %s is taken", async (_, echo) => {
  expect(await answerTo(JSON.stringify({ status: "settled", ...echo }))).toEqual({
    kind: "done",
  });
  expect(await answerTo(declineWith({ code: "no", message: "No.", ...echo }))).toMatchObject({
    kind: "declined",
  });
});

it.each([
  ["two statuses", '{"status":"declined","status":"settled"}'],
  ["one status twice, spelled in two ways", '{"status":"settled","st\\u0061tus":"settled"}'],
  ["two amounts", '{"status":"settled","amount_minor":1,"amount_minor":10050}'],
])("An answer with %s leaves the outcome unknown", async (_, text) => {
  expect(await answerTo(text)).toMatchObject({ kind: "unknown" });
});

it("A member that decides nothing may stand twice in an answer", async () => {
  const text = '{"trail":{"status":1,"status":2},"note":1,"note":2,"status":"settled"}';
  expect(await answerTo(text)).toEqual({ kind: "done" });
});

const DIFFERING: [string, object, string[]][] = [
  ["another reference", { ...ECHO, reference: "txn_bbbbbbbbbbbbbbbbbbbbbbbbbb" }, ["reference"]],
  ["another amount", { ...ECHO, amount_minor: 10_051 }, ["amount_minor"]],
  ["another currency", { ...ECHO, currency: "EUR" }, ["currency"]],
  ["an amount in text", { amount_minor: "10050" }, ["amount_minor"]],
  ["an amount in major units", { amount_minor: 100.5 }, ["amount_minor"]],
  ["a currency in small letters", { currency: "usd" }, ["currency"]],
  ["a reference of null", { reference: null }, ["reference"]],
  ["nothing right", { reference: [], amount_minor: {}, currency: true }, Object.keys(ECHO)],
];

it.each(DIFFERING)(
  "An answer that echoes %s leaves the outcome unknown and says what differs",
  async (_, echo, differs) => {
    for (const word of ["settled", "declined", "pending"]) {
      const text = JSON.stringify({ status: word, code: "no_funds", message: "No.", ...echo });
      expect(await answerTo(text)).toEqual({
        kind: "unknown",
        reason: expect.any(String),
        differs,
      });
    }
  },
);

const member = fc.oneof(
  fc.jsonValue(),
  fc.string({ unit: "binary", maxLength: 600 }),
  fc.constantFrom("4242 4242 4242 4242", "\ud83d", "\0", "m".repeat(501), "", "risk_blocked"),
);
const MEMBERS = ["code", "message", "id", "__proto__", "toString", "status2"];
const rest = fc.dictionary(fc.constantFrom(...MEMBERS), member, { noNullPrototype: true });
const echoes = fc.record(
  {
    reference: fc.oneof(fc.constant(ECHO.reference), fc.jsonValue()),
    amount_minor: fc.oneof(fc.constant(ECHO.amount_minor), fc.jsonValue()),
    currency: fc.oneof(fc.constant(ECHO.currency), fc.jsonValue()),
  },
  { requiredKeys: [] },
);
const agrees = (echo: Record<string, unknown>) =>
  Object.entries(echo).every(([name, value]) => value === ECHO[name as keyof typeof ECHO]);

it("A clear word decides whatever the other members are, and what is kept of them is fit to keep", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("settled", "declined"),
      rest,
      echoes,
      async (status, more, echo) => {
        const answer = await answerTo(JSON.stringify({ ...more, ...echo, status }));
        const expected = status === "settled" ? "done" : "declined";
        expect(answer.kind).toBe(agrees(echo) ? expected : "unknown");
        if (answer.kind !== "declined") return;
        const { code, message } = answer.failure;
        for (const [text, most] of [
          [code, 64],
          [message, 500],
        ] as const) {
          expect(text.isWellFormed()).toBe(true);
          expect([...text].length).toBeGreaterThan(0);
          expect([...text].length).toBeLessThanOrEqual(most);
          expect(text).not.toMatch(/\p{Cc}/u);
          expect(containsCardNumber(text)).toBe(false);
        }
        expect(["risk_blocked", "review_rejected", "declined_by_operator"]).not.toContain(code);
      },
    ),
    { numRuns: 400 },
  );
});

it("Any JSON without a clear word leaves the outcome unknown", async () => {
  const unclear = fc
    .oneof(
      fc.jsonValue(),
      fc.record({ status: fc.jsonValue() }),
      fc.record({ status: fc.constantFrom("SETTLED", "settled ", " declined", "paid") }),
    )
    .filter((value) => {
      const { status } = (value ?? {}) as { status?: unknown }; // Any value may be asked for a member.
      return status !== "settled" && status !== "declined";
    });
  await fc.assert(
    fc.asyncProperty(unclear, async (value) => {
      expect(await answerTo(JSON.stringify(value))).toMatchObject({ kind: "unknown" });
    }),
    { numRuns: 200 },
  );
});
