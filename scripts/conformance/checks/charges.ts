// Charges: done once under a key, declined clearly, refused when they make no sense.
import { type Check, CheckFailed, expectKind, expectSame, newPayment, pay } from "../check.ts";
import { newPaymentKey } from "../processor.ts";

const area = "charge";
const AT_ONCE = 8;

/** Requests that no charge may come from. */
const GARBAGE: Record<string, string> = {
  "an empty body": "",
  "half a JSON text": '{"reference":"',
  "a JSON array": "[]",
  "a JSON null": "null",
  "an amount that is text": '{"amount_minor":"1000","currency":"USD","user_id":"u","metadata":{}}',
  "a fraction of a minor unit":
    '{"amount_minor":10.5,"currency":"USD","user_id":"u","metadata":{}}',
  "an amount below zero": '{"amount_minor":-1000,"currency":"USD","user_id":"u","metadata":{}}',
  "an amount of zero": '{"amount_minor":0,"currency":"USD","user_id":"u","metadata":{}}',
  "no amount": '{"currency":"USD","user_id":"u","metadata":{}}',
  "no currency": '{"amount_minor":1000,"user_id":"u","metadata":{}}',
};

/** @throws CheckFailed when a response says that money has moved */
function failIfSettled(status: number, text: string): void {
  const isSettled = status >= 200 && status < 300 && /"status"\s*:\s*"settled"/.test(text);
  if (isSettled) throw new CheckFailed(`it was charged: ${status} ${text}`);
}

export const CHARGES: Check[] = [
  {
    area,
    rule: "is done, with a JSON object whose echo is the request's",
    run: async (processor) => void (await pay(processor, "charge")),
  },
  {
    area,
    rule: "is answered the same again under its key",
    async run(processor) {
      const { wanted, reply } = await pay(processor, "charge");
      const again = await processor.call(wanted);
      expectKind("the repetition", again, "done");
      expectSame("the repetition differs", reply, again);
    },
  },
  {
    area,
    rule: `is one payment when it comes ${AT_ONCE} times at once`,
    async run(processor) {
      const wanted = newPayment(processor, "charge");
      const all = await Promise.all(Array.from({ length: AT_ONCE }, () => processor.call(wanted)));
      const last = await processor.settle(wanted);
      expectKind("the charge", last, "done");
      for (const reply of all.filter(({ kind }) => kind === "done")) {
        expectKind("one of them", reply, "done");
        expectSame("they name different payments", last, reply);
      }
    },
  },
  {
    area,
    rule: "does not become another one when its key comes with another amount",
    async run(processor) {
      const { wanted, reply } = await pay(processor, "charge");
      const other = await processor.call({ ...wanted, amount_minor: wanted.amount_minor + 1 });
      const isAnother = other.processor_reference !== reply.processor_reference;
      const isTaken = other.members.amount_minor === wanted.amount_minor + 1;
      if (other.kind === "done" && (isAnother || isTaken)) {
        throw new CheckFailed(`another amount under the key was charged: ${other.text}`);
      }
      const again = await processor.call(wanted);
      expectKind("the first request after it", again, "done");
      expectSame("the first request after it differs", reply, again);
    },
  },
  {
    area,
    rule: "is declined with a code, and the same again under its key",
    needsDeclined: true,
    async run(processor) {
      const wanted = newPayment(processor, "charge", processor.options.declined ?? {});
      const reply = await processor.settle(wanted);
      expectKind("the charge", reply, "declined");
      if (typeof reply.members.code !== "string") throw new CheckFailed("the decline has no code");
      const again = await processor.call(wanted);
      expectKind("the repetition", again, "declined");
      expectSame("the repetition differs", reply, again);
    },
  },
  ...Object.entries(GARBAGE).map(
    ([name, body]): Check => ({
      area: "garbage",
      rule: `${name} is not charged`,
      async run(processor) {
        const headers = { "idempotency-key": newPaymentKey() };
        const { status, text } = await processor.request("charges", {
          method: "POST",
          headers,
          body,
        });
        failIfSettled(status, text);
      },
    }),
  ),
  {
    area: "garbage",
    rule: "a charge without an Idempotency-Key is not carried out",
    async run(processor) {
      const { amount_minor, currency, body } = processor.options;
      const members = { ...body, reference: newPaymentKey(), amount_minor, currency, user_id: "u" };
      const init = { method: "POST", body: JSON.stringify({ metadata: {}, ...members }) };
      const { status, text } = await processor.request("charges", init);
      failIfSettled(status, text);
    },
  },
  {
    area: "garbage",
    rule: "members that the processor does not have are ignored",
    async run(processor) {
      const wanted = newPayment(processor, "charge", { from_a_later_version: { a: [1, null] } });
      expectKind("the charge", await processor.settle(wanted), "done");
    },
  },
  {
    area: "garbage",
    rule: "the processor still takes charges afterwards",
    run: async (processor) => void (await pay(processor, "charge")),
  },
  {
    area: "token",
    needsToken: true,
    rule: "a charge with a wrong token, or with none, is not carried out",
    async run(processor) {
      for (const token of ["a-wrong-token", null]) {
        const headers = { "idempotency-key": newPaymentKey() };
        const { amount_minor, currency, body } = processor.options;
        const members = {
          metadata: {},
          ...body,
          reference: headers["idempotency-key"],
          amount_minor,
          currency,
        };
        const init = { method: "POST", headers, body: JSON.stringify(members) };
        const { status, text } = await processor.request("charges", init, token);
        failIfSettled(status, text);
      }
    },
  },
];
