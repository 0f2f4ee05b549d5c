/** A payment as a model: what each command must do to it, without events, texts or storage. */

type Operation = { type: "first" | "void" } | { type: "capture"; minor: number };
export type ModelRefund = {
  minor: number;
  sent: number | null;
  status: "pending" | "succeeded" | "failed";
};
export type Payment = {
  is_manual: boolean;
  minor: number;
  status: string;
  operation: (Operation & { is_expiry?: boolean }) | undefined;
  has_failure: boolean;
  captured: number;
  refunds: Map<string, ModelRefund>;
};

export type Answer = "done" | "declined" | "unknown";
export type Step =
  | { what: "create"; is_manual: boolean; process: boolean }
  | { what: "process" | "cancel" | "expire" }
  | { what: "restart" }
  | { what: "capture"; minor: number | null }
  | { what: "answer"; answer: Answer }
  | { what: "refund"; refund: string; minor: number | null }
  | { what: "answer refund"; refund: string; answer: Answer };

/** `ok`, or the code of the refusal. */
export type Verdict = string;

export function newPayment(is_manual: boolean, minor: number): Payment {
  return {
    is_manual,
    minor,
    status: "pending",
    operation: undefined,
    has_failure: false,
    captured: 0,
    refunds: new Map(),
  };
}

/** Changes a payment as a command must. */
export function apply(payment: Payment, step: Step): Verdict {
  switch (step.what) {
    case "create":
      if (step.is_manual !== payment.is_manual) return "idempotency_key_reused";
      if (step.process && payment.status === "pending") claim(payment, { type: "first" });
      return "ok";
    case "process":
      if (payment.status === "cancelled") return "illegal_transition";
      if (payment.status === "pending") claim(payment, { type: "first" });
      return "ok";
    case "cancel":
      return cancel(payment);
    case "expire":
      if (payment.status === "authorized") claim(payment, { type: "void", is_expiry: true });
      return "ok";
    case "restart":
      return "ok";
    case "capture":
      return capture(payment, step.minor);
    case "answer":
      if (payment.status === "processing" && step.answer !== "unknown") {
        end(payment, step.answer === "done");
      }
      return "ok";
    case "refund":
      return refund(payment, step.refund, step.minor);
    case "answer refund": {
      const made = payment.refunds.get(step.refund);
      if (made?.status === "pending" && step.answer !== "unknown") {
        made.status = step.answer === "done" ? "succeeded" : "failed";
      }
      return "ok";
    }
  }
}

/** The sum of the refunds with one of these statuses. */
export function refundedMinor({ refunds }: Payment, ...statuses: ModelRefund["status"][]): number {
  return [...refunds.values()]
    .filter(({ status }) => statuses.includes(status))
    .reduce((sum, { minor }) => sum + minor, 0);
}

function claim(payment: Payment, operation: NonNullable<Payment["operation"]>): void {
  Object.assign(payment, { status: "processing", operation, has_failure: false });
}

function cancel(payment: Payment): Verdict {
  const { status, operation } = payment;
  if (status === "cancelled" || operation?.type === "void") return "ok";
  if (status === "authorized") {
    claim(payment, { type: "void" });
    return "ok";
  }
  if (status !== "pending") return "illegal_transition";
  payment.status = "cancelled";
  return "ok";
}

function capture(payment: Payment, minor: number | null): Verdict {
  const { is_manual, status, operation } = payment;
  const wanted = minor ?? payment.minor;
  if (!is_manual) return "illegal_transition";
  const first = operation?.type === "capture" ? operation.minor : undefined;
  const earlier = status === "completed" ? payment.captured : first;
  if (earlier !== undefined) return earlier === wanted ? "ok" : "capture_amount_differs";
  if (status !== "authorized") return "illegal_transition";
  if (wanted > payment.minor) return "amount_exceeds_capturable";
  claim(payment, { type: "capture", minor: wanted });
  return "ok";
}

function end(payment: Payment, isDone: boolean): void {
  const { is_manual, operation } = payment;
  if (!operation) throw new Error("nothing is open");
  payment.operation = undefined;
  payment.has_failure = !isDone;
  if (operation.type === "void") {
    payment.status = isDone || operation.is_expiry ? "cancelled" : "authorized";
  } else if (operation.type === "capture") {
    payment.status = isDone ? "completed" : "authorized";
    if (isDone) payment.captured = operation.minor;
  } else if (!isDone) {
    payment.status = "failed";
  } else {
    payment.status = is_manual ? "authorized" : "completed";
    if (!is_manual) payment.captured = payment.minor;
  }
}

function refund(payment: Payment, key: string, minor: number | null): Verdict {
  const made = payment.refunds.get(key);
  if (made) return made.sent === minor ? "ok" : "idempotency_key_reused";
  if (payment.status !== "completed") return "illegal_transition";
  const left = payment.captured - refundedMinor(payment, "pending", "succeeded");
  if (left === 0 || (minor ?? left) > left) return "refund_exceeds_remaining";
  payment.refunds.set(key, { minor: minor ?? left, sent: minor, status: "pending" });
  return "ok";
}
