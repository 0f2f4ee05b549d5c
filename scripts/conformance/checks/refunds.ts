// Refunds: once under a key, together never more than was taken.
import {
  type Check,
  CheckFailed,
  expectKind,
  expectRefused,
  expectSame,
  follow,
  newPayment,
  pay,
} from "../check.ts";
import { newPaymentKey } from "../processor.ts";

const area = "refund";
const needs: Check["needs"] = ["refund"];
const AT_ONCE = 4;

export const REFUNDS: Check[] = [
  {
    area,
    needs,
    rule: "is done once under its key, however often it comes",
    async run(processor) {
      const paid = await pay(processor, "charge");
      const half = Math.floor(processor.options.amount_minor / 2);
      const refund = follow(paid, "refund", half);
      const first = await processor.settle(refund);
      expectKind("the refund", first, "done");
      for (const reply of await Promise.all([processor.call(refund), processor.call(refund)])) {
        expectKind("the repetition", reply, "done");
        expectSame("the repetition differs", first, reply);
      }
      const rest = follow(paid, "refund", processor.options.amount_minor - half);
      expectKind("a refund of the rest", await processor.settle(rest), "done");
    },
  },
  {
    area,
    needs,
    rule: "is not more than was taken, alone or together",
    async run(processor) {
      const { amount_minor } = processor.options;
      const paid = await pay(processor, "charge");
      const more = follow(paid, "refund", amount_minor + 1);
      expectRefused("a refund of too much", await processor.settle(more));
      expectKind(
        "a refund of all",
        await processor.settle(follow(paid, "refund", amount_minor)),
        "done",
      );
      expectRefused("one more refund", await processor.settle(follow(paid, "refund", 1)));
    },
  },
  {
    area,
    needs,
    rule: `is not too much when ${AT_ONCE} come at once`,
    async run(processor) {
      const { amount_minor } = processor.options;
      const paid = await pay(processor, "charge");
      const each = Math.ceil(amount_minor * 0.4);
      const refunds = Array.from({ length: AT_ONCE }, () => follow(paid, "refund", each));
      const replies = await Promise.all(refunds.map((refund) => processor.settle(refund)));
      const done = replies.filter(({ kind }) => kind === "done").length;
      if (done * each > amount_minor) throw new CheckFailed(`${done} of ${each} were done`);
    },
  },
  {
    area,
    needs,
    rule: "needs a payment that exists and was not declined",
    async run(processor) {
      const paid = await pay(processor, "charge");
      const unknown = { ...paid, payment: newPaymentKey(), processor_reference: undefined };
      expectRefused("a refund of nothing", await processor.settle(follow(unknown, "refund", 1)));
      const { declined } = processor.options;
      if (declined === null) return;
      const wanted = newPayment(processor, "charge", declined);
      const reply = await processor.settle(wanted);
      const { processor_reference } = reply;
      const refused = { wanted, reply, payment: wanted.key, processor_reference };
      expectRefused(
        "a refund of a declined payment",
        await processor.settle(follow(refused, "refund", 1)),
      );
    },
  },
  {
    area,
    needs: ["authorize", "capture", "void", "refund"],
    rule: "of a captured part is not more than the part, and nothing before the capture",
    async run(processor) {
      const held = await pay(processor, "authorize");
      expectRefused(
        "a refund before the capture",
        await processor.settle(follow(held, "refund", 1)),
      );
      const part = Math.floor(processor.options.amount_minor / 2);
      expectKind("the capture", await processor.settle(follow(held, "capture", part)), "done");
      expectRefused("a refund of more", await processor.settle(follow(held, "refund", part + 1)));
      expectKind(
        "a refund of the part",
        await processor.settle(follow(held, "refund", part)),
        "done",
      );
    },
  },
];
