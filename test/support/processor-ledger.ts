/** What the fake processor has done about each payment, and what it was asked for that a real one would not allow. */
import type { OperationName } from "../../src/domain/transaction/operation";

/** Minor units, and how often each operation was carried out or declined. */
export type Payment = {
  authorized: number;
  /** Taken by a charge or by a capture. */
  taken: number;
  refunded: number;
  is_voided: boolean;
  done: Record<OperationName, number>;
  declined: Record<OperationName, number>;
  violations: string[];
};

type Call = { key: string; path: string; reference: string; sent: string };

export type Ledger = {
  payments: Map<string, Payment>;
  violations: string[];
  /** Compares a call with the earlier ones under its key. */
  check: (call: Call) => void;
  /** Adds an operation. @param amountMinor null when it was declined */
  add: (id: string, operation: OperationName, amountMinor: number | null) => void;
};

export function newLedger(): Ledger {
  const payments = new Map<string, Payment>();
  const violations: string[] = [];
  const sentUnder = new Map<string, string>();
  return {
    payments,
    violations,
    check({ key, path, reference, sent }) {
      if (key !== reference) violations.push(`${key}: the reference is ${reference}`);
      const call = `${path} ${sent}`;
      if ((sentUnder.get(key) ?? call) !== call) violations.push(`${key}: another request`);
      sentUnder.set(key, call);
    },
    add(id, operation, amountMinor) {
      const payment = payments.get(id) ?? newPayment();
      payments.set(id, payment);
      if (amountMinor === null) {
        payment.declined[operation] += 1;
        return;
      }
      const wrong = findViolation(payment, operation, amountMinor);
      if (wrong) {
        payment.violations.push(wrong);
        violations.push(`${id}: ${wrong}`);
      }
      carryOut(payment, operation, amountMinor);
    },
  };
}

/** A payment about which nothing was done. */
export function newPayment(): Payment {
  const none = () => ({ charge: 0, authorize: 0, capture: 0, void: 0, refund: 0 });
  const sums = { authorized: 0, taken: 0, refunded: 0, is_voided: false };
  return { ...sums, done: none(), declined: none(), violations: [] };
}

function findViolation(
  payment: Payment,
  operation: OperationName,
  amountMinor: number,
): string | undefined {
  const { authorized, taken, refunded, is_voided, done } = payment;
  switch (operation) {
    case "charge":
    case "authorize":
      return done.charge + done.authorize > 0 ? `a second ${operation}` : undefined;
    case "capture":
      if (is_voided) return "a capture of a voided payment";
      if (done.capture > 0) return "a second capture";
      return amountMinor > authorized ? `a capture of ${amountMinor} of ${authorized}` : undefined;
    case "void":
      if (done.capture > 0) return "a void of a captured payment";
      if (is_voided) return "a second void";
      return amountMinor === authorized ? undefined : `a void of ${amountMinor} of ${authorized}`;
    case "refund":
      if (refunded + amountMinor <= taken) return undefined;
      return `a refund of ${amountMinor} of ${taken - refunded}`;
  }
}

function carryOut(payment: Payment, operation: OperationName, amountMinor: number): void {
  payment.done[operation] += 1;
  if (operation === "authorize") payment.authorized += amountMinor;
  if (operation === "charge" || operation === "capture") payment.taken += amountMinor;
  if (operation === "refund") payment.refunded += amountMinor;
  if (operation === "void") payment.is_voided = true;
}
