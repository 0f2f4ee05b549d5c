// Find: what became of an operation, which changes nothing.
import { type Check, expectKind, expectSame, follow, newPayment, pay } from "../check.ts";
import type { Processor, Wanted } from "../processor.ts";

const area = "find";

async function findsAs(processor: Processor, what: string, wanted: Wanted): Promise<void> {
  const reply = await processor.settle(wanted);
  expectKind(what, reply, "done", "declined");
  for (const time of ["at first", "again"]) {
    const found = await processor.find(wanted);
    expectKind(`${what}, looked up ${time},`, found, reply.kind);
    expectSame(`${what}, looked up ${time}, differs`, reply, found);
  }
}

export const FINDS: Check[] = [
  {
    area,
    needs: ["find"],
    rule: "has 404 not_found for a key that was never used, and leaves it unused",
    async run(processor) {
      const wanted = newPayment(processor, "charge");
      expectKind("the look-up", await processor.find(wanted), "not_found");
      expectKind("the charge after it", await processor.settle(wanted), "done");
    },
  },
  {
    area,
    needs: ["find"],
    rule: "has the outcome of a charge, as often as it is looked up",
    run: (processor) => findsAs(processor, "the charge", newPayment(processor, "charge")),
  },
  {
    area,
    needs: ["find"],
    needsDeclined: true,
    rule: "has the outcome of a declined charge",
    async run(processor) {
      const declined = newPayment(processor, "charge", processor.options.declined ?? {});
      await findsAs(processor, "the declined charge", declined);
    },
  },
  {
    area,
    needs: ["find", "refund"],
    rule: "has the outcome of a refund",
    async run(processor) {
      const paid = await pay(processor, "charge");
      await findsAs(processor, "the refund", follow(paid, "refund", 1));
    },
  },
  {
    area,
    needs: ["find", "authorize", "capture", "void"],
    rule: "has the outcomes of an authorization, a capture and a void",
    async run(processor) {
      const { amount_minor } = processor.options;
      const [taken, released] = [
        await pay(processor, "authorize"),
        await pay(processor, "authorize"),
      ];
      await findsAs(processor, "the authorization", taken.wanted);
      await findsAs(processor, "the capture", follow(taken, "capture", amount_minor));
      await findsAs(processor, "the void", follow(released, "void", amount_minor));
    },
  },
];
