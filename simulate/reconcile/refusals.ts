// Whether what was refused for the transaction's status had to be: while the request was under way the transaction was,
// at some moment, in a status that does not allow it. Pure.
import { RISK_BLOCKED } from "../plan/expectation.ts";
import { type Call, refundNumber } from "../plan/stories.ts";
import type { Answer, Difference, OrderRecord, Transaction, World } from "../world.ts";
import { type TransactionEvent, transactionIn } from "../world.ts";

/** The clocks of the server and of the client are the same one; what is written and what is read is apart. */
const SLACK_MS = 1_000;

const mayBeCaptured = ({ status, capture_method, pending_operation }: Transaction) =>
  status === "authorized" ||
  pending_operation?.type === "capture" ||
  (status === "completed" && capture_method === "manual");
const mayBeCancelled = ({ status, pending_operation }: Transaction) =>
  ["pending", "requires_action", "authorized", "cancelled"].includes(status) ||
  pending_operation?.type === "void";
const mayBeProcessed = ({ status, failure }: Transaction) =>
  status !== "cancelled" && failure?.code !== RISK_BLOCKED;
const mayBeRefunded = ({ status }: Transaction) => status === "completed";

function ruleOf(call: Call): ((transaction: Transaction) => boolean) | undefined {
  if (call.startsWith("capture")) return mayBeCaptured;
  if (call === "cancel") return mayBeCancelled;
  if (call === "process") return mayBeProcessed;
  return refundNumber(call) === null ? undefined : mayBeRefunded;
}

function hasReason({ call, floor, at_ms }: Answer, log: TransactionEvent[]): boolean {
  const isAllowed = ruleOf(call);
  if (!isAllowed) return true;
  return log.some((event, at) => {
    const end = log[at + 1]?.sequence ?? Number.POSITIVE_INFINITY;
    const isLater = Date.parse(event.created_at) > at_ms + SLACK_MS;
    const transaction = transactionIn(event);
    return end > floor && !isLater && transaction !== null && !isAllowed(transaction);
  });
}

function checkRefusals(record: OrderRecord, log: TransactionEvent[]): string[] {
  return record.answers
    .filter(({ code }) => code === "illegal_transition")
    .filter((answer) => !hasReason(answer, log))
    .map(({ call, floor }) => `a ${call} was refused after version ${floor}, which allows it`);
}

/** The refusals without a reason. */
export function reconcileRefusals({ records, merchants }: World): Difference[] {
  return records.flatMap((record) => {
    const merchant = record && merchants[record.order.merchant];
    const log = merchant?.logs.get(record.id ?? "");
    if (!merchant || !log) return [];
    const { key, story } = record.order;
    return checkRefusals(record, log).map((text) => ({
      area: "refusals",
      text: `${merchant.id} ${key} (${story}): ${text}`,
    }));
  });
}
