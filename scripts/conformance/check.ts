// What a check is, and the assertions that checks are made of.
import type { Optional, Options } from "./options.ts";
import { newPaymentKey, type Processor, type Reply, type Wanted } from "./processor.ts";

export type Check = {
  area: string;
  rule: string;
  /** Operations that the processor must have for it. */
  needs?: Optional[];
  needsDeclined?: true;
  needsToken?: true;
  /** @throws CheckFailed */
  run(processor: Processor): Promise<void>;
};

export class CheckFailed extends Error {}

/** Why a check is left out; null when it is not. */
export function whySkipped(check: Check, { operations, declined, token }: Options): string | null {
  const missing = (check.needs ?? []).find((name) => !operations.has(name));
  if (missing) return `--operations has no ${missing}`;
  if (check.needsToken && token === null) return "no --token";
  return check.needsDeclined && declined === null ? "no --declined" : null;
}

const SHOWN_MAX = 120;

function shown({ status, text }: Reply): string {
  const short = text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
  return status === 0 ? `no response (${short})` : `${status} ${short}`;
}

/** @throws CheckFailed unless the reply is of one of these kinds and has nothing wrong with it */
export function expectKind(what: string, reply: Reply, ...kinds: Reply["kind"][]): void {
  const [wrong] = reply.wrong;
  if (wrong !== undefined) throw new CheckFailed(`${what}: ${wrong}: ${shown(reply)}`);
  if (kinds.includes(reply.kind)) return;
  throw new CheckFailed(`${what} should be ${kinds.join(" or ")}: ${shown(reply)}`);
}

/** Of an operation that is not possible. Without a clear decline it would be sent again and again.
 *  @throws CheckFailed unless the reply declines it */
export function expectRefused(what: string, reply: Reply): void {
  expectKind(what, reply, "declined");
}

/** @throws CheckFailed unless both say the same */
export function expectSame(what: string, first: Reply, second: Reply): void {
  const tell = ({ kind, processor_reference, members }: Reply) =>
    JSON.stringify([kind, processor_reference, kind === "declined" ? members.code : null]);
  if (tell(first) === tell(second)) return;
  throw new CheckFailed(`${what}: first ${shown(first)}, then ${shown(second)}`);
}

/** A payment of the options' amount. */
export function newPayment(
  { options }: Processor,
  operation: "charge" | "authorize",
  body: object = {},
): Wanted {
  return { operation, key: newPaymentKey(), amount_minor: options.amount_minor, body };
}

/** Makes a payment that must succeed. */
export async function pay(processor: Processor, operation: "charge" | "authorize") {
  const wanted = newPayment(processor, operation);
  const reply = await processor.settle(wanted);
  expectKind(`the ${operation}`, reply, "done");
  const { key: payment } = wanted;
  return { wanted, reply, payment, processor_reference: reply.processor_reference };
}

export type Paid = Awaited<ReturnType<typeof pay>>;

let versions = 1;

/** An operation on a payment, under a key of its own. */
export function follow(
  { payment, processor_reference }: Paid,
  operation: "capture" | "void" | "refund",
  amount_minor: number,
): Wanted {
  versions++;
  const key =
    operation === "refund"
      ? newPaymentKey().replace("txn", "rfd")
      : `${payment}:${operation}:${versions}`;
  return { operation, key, amount_minor, payment, processor_reference };
}
