/** A processor without a network: each operation is carried out once, and its unclear answers are only counted. */
import { type Operation, outcomeOf } from "../../../simulate/plan/expectation";
import type { Operated, ProcessorView } from "../../../simulate/world";

type Asked = Pick<Operated, "key" | "operation" | "payment" | "amount_minor" | "currency">;

/** Carries out an operation. @returns why it is declined, or null */
export type Bank = (asked: Asked, metadata: Record<string, string>) => string | null;

export function openBank(): { view: ProcessorView; operate: Bank } {
  const operations = new Map<string, Operated>();
  const count = (payment: string, operation: Operation) =>
    [...operations.values()].filter((one) => one.payment === payment && one.operation === operation)
      .length;
  const operate: Bank = (asked, metadata) => {
    const earlier = count(asked.payment, asked.operation);
    const { code, unclear } = outcomeOf(asked.operation, metadata, earlier);
    operations.set(asked.key, {
      ...asked,
      code,
      is_decided: true,
      contacts: unclear.length,
      unclear: unclear.length,
      reference: `psp_${operations.size + 1}`,
    });
    return code;
  };
  return { view: { operations, complaints: [] }, operate };
}
