/** The decision of a reviewer, and what became of it. */
import { isTransactionId } from "../../domain/identity/id";
import type { ReviewDecision } from "../../domain/transaction/review";
import { STATUS_OF_DECISION } from "../../domain/transaction/review";
import type { ApiClient, ProblemBody } from "../http/api-client";
import { NOT_FOUND, PageProblem } from "../http/page-problem";
import { type Payment, transactionPath } from "../payments/bodies";

type Request = {
  decision: ReviewDecision;
  /** Stored with the review. */
  reviewer: string;
  note: string;
  /** The version of the transaction that the reviewer saw. */
  version: number;
};

export type Outcome =
  /** The decision is stored. */
  | { kind: "done" }
  /** Nothing was changed: the review had ended before. */
  | { kind: "ended"; payment: Payment }
  /** Nothing was changed: the payment is not the one that the reviewer saw, but still held. */
  | { kind: "changed"; payment: Payment }
  | { kind: "refused"; problem: ProblemBody };

/** A transaction as its owner has it. @throws PageProblem */
export function readPayment(api: ApiClient, id: string): Promise<Payment> {
  return api.get<Payment>(pathOf(id));
}

/** Approves or rejects a payment that is held. @throws PageProblem if there is no such payment */
export async function decideReview(api: ApiClient, id: string, request: Request): Promise<Outcome> {
  const { decision, reviewer, note, version } = request;
  const reply = await api.call<Payment>("POST", `${pathOf(id)}/review`, {
    body: { decision, reviewer, note: note === "" ? null : note },
    headers: { "If-Match": `"${version}"` },
  });
  // The API accepts the same decision a second time, and keeps who made it first.
  if (reply.ok) return toEnd(reply.body, request);
  const { status, problem } = reply;
  if (status === 404) throw new PageProblem(NOT_FOUND);
  if (status !== 409 && status !== 412) return { kind: "refused", problem };
  const payment = await readPayment(api, id);
  return payment.status === "review" ? { kind: "changed", payment } : toEnd(payment, request);
}

/** A form that was sent twice finds its own decision. */
function toEnd(payment: Payment, { decision, reviewer, note }: Request): Outcome {
  const { review } = payment;
  const isOwn =
    review?.status === STATUS_OF_DECISION[decision] &&
    review.reviewer === reviewer &&
    (review.note ?? "") === note;
  return isOwn ? { kind: "done" } : { kind: "ended", payment };
}

function pathOf(id: string): string {
  if (!isTransactionId(id)) throw new PageProblem(NOT_FOUND);
  return transactionPath(id);
}
