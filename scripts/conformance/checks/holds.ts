// Authorizations, captures and voids: held money is taken or released, once.
import {
  type Check,
  CheckFailed,
  expectKind,
  expectRefused,
  expectSame,
  follow,
  newPayment,
  type Paid,
  pay,
} from "../check.ts";
import { newPaymentKey, type Processor } from "../processor.ts";

const area = "hold";
const needs: Check["needs"] = ["authorize", "capture", "void"];
const PART = 0.6;

const hold = (processor: Processor) => pay(processor, "authorize");
const partOf = ({ options }: Processor) => Math.floor(options.amount_minor * PART);
const captureAll = (processor: Processor, paid: Paid) =>
  processor.settle(follow(paid, "capture", processor.options.amount_minor));
const voidAll = (processor: Processor, paid: Paid) =>
  processor.settle(follow(paid, "void", processor.options.amount_minor));

export const HOLDS: Check[] = [
  {
    area,
    needs,
    rule: "is authorized, and the same again under its key",
    async run(processor) {
      const { wanted, reply } = await hold(processor);
      const again = await processor.call(wanted);
      expectKind("the repetition", again, "done");
      expectSame("the repetition differs", reply, again);
    },
  },
  {
    area,
    needs,
    rule: "is captured as a whole, once: a second capture under another key is not done",
    async run(processor) {
      const held = await hold(processor);
      const capture = follow(held, "capture", processor.options.amount_minor);
      const first = await processor.settle(capture);
      expectKind("the capture", first, "done");
      const again = await processor.call(capture);
      expectKind("the repetition", again, "done");
      expectSame("the repetition differs", first, again);
      expectRefused("a second capture", await captureAll(processor, held));
    },
  },
  {
    area,
    needs,
    rule: "is captured in part, which releases the rest",
    async run(processor) {
      const held = await hold(processor);
      const part = partOf(processor);
      expectKind("the capture", await processor.settle(follow(held, "capture", part)), "done");
      const rest = follow(held, "capture", processor.options.amount_minor - part);
      expectRefused("a capture of the rest", await processor.settle(rest));
      expectRefused("a void after it", await voidAll(processor, held));
    },
  },
  {
    area,
    needs,
    rule: "is not captured beyond its amount",
    async run(processor) {
      const held = await hold(processor);
      const more = follow(held, "capture", processor.options.amount_minor + 1);
      expectRefused("the capture", await processor.settle(more));
      expectKind("a capture of all afterwards", await captureAll(processor, held), "done");
    },
  },
  {
    area,
    needs,
    rule: "is voided, once, and not captured afterwards",
    async run(processor) {
      const held = await hold(processor);
      const release = follow(held, "void", processor.options.amount_minor);
      const first = await processor.settle(release);
      expectKind("the void", first, "done");
      expectSame("the repetition differs", first, await processor.call(release));
      expectRefused("a capture afterwards", await captureAll(processor, held));
    },
  },
  {
    area,
    needs,
    rule: "ends in one way when a capture and a void come at once",
    async run(processor) {
      const held = await hold(processor);
      const ends = await Promise.all([captureAll(processor, held), voidAll(processor, held)]);
      if (ends.every(({ kind }) => kind === "done")) throw new CheckFailed("both were done");
    },
  },
  {
    area,
    needs,
    rule: "must exist: nothing unknown, and no declined payment, is captured or voided",
    async run(processor) {
      const held = await hold(processor);
      const unknown = { ...held, payment: newPaymentKey(), processor_reference: undefined };
      expectRefused("a capture of nothing", await captureAll(processor, unknown));
      expectRefused("a void of nothing", await voidAll(processor, unknown));
      const { declined } = processor.options;
      if (declined === null) return;
      const wanted = newPayment(processor, "authorize", declined);
      const reply = await processor.settle(wanted);
      expectKind("the authorization", reply, "declined");
      const { processor_reference } = reply;
      const refused = { wanted, reply, payment: wanted.key, processor_reference };
      expectRefused("a capture of a declined payment", await captureAll(processor, refused));
    },
  },
];
