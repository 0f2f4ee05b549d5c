// Whether a transaction's log tells a life that a transaction may have: without gaps, from one status to a possible next
// one, with the amounts that belong to each. Pure.
import { isDeepStrictEqual } from "node:util";
import { refundIn, type Transaction, type TransactionEvent, transactionIn } from "../world.ts";

const HELD =
  " authorized(?: processing (?:capture|void)_failed)*(?: processing(?: captured| voided| capture_expired)?)?";
/** The customer may have to act first, and a void of that may be declined. */
const ACTION = ` requires_action(?: processing requires_action)*(?: processing(?: completed| failed| voided| action_expired|${HELD})?)?`;
/** Every life, by the types of its events without those of refunds. */
const LIFE = new RegExp(
  `^created(?: failed| cancelled| processing(?: completed| failed|${HELD}|${ACTION})?)?(?: dispute.opened(?: dispute.closed)?)?$`,
);

/** The status in which each event leaves the transaction. */
const STATUS_AFTER: Record<string, string> = {
  "transaction.created": "pending",
  "transaction.processing": "processing",
  "transaction.authorized": "authorized",
  "transaction.captured": "completed",
  "transaction.capture_failed": "authorized",
  "transaction.voided": "cancelled",
  "transaction.void_failed": "authorized",
  "transaction.capture_expired": "cancelled",
  "transaction.completed": "completed",
  "transaction.failed": "failed",
  "transaction.cancelled": "cancelled",
  "transaction.requires_action": "requires_action",
  "transaction.action_expired": "cancelled",
  "dispute.opened": "completed",
  "dispute.closed": "completed",
};

/** What a claim that is about a capture, a void or neither may lead to. */
const AFTER_CLAIM = {
  charge: ["completed", "failed", "authorized", "requires_action"],
  capture: ["captured", "capture_failed"],
  void: ["voided", "void_failed", "capture_expired"],
  /** Before anything was held: the customer may have acted in the last moment. */
  early_void: ["voided", "action_expired", "requires_action", "completed", "failed", "authorized"],
};

const nameOf = ({ type }: TransactionEvent) => type.replace("transaction.", "");

function checkEvent(event: TransactionEvent, at: number, id: string): string[] {
  const name = `event ${at + 1}`;
  const data = transactionIn(event);
  return [
    ...(event.sequence === at + 1 ? [] : [`${name} has the sequence ${event.sequence}`]),
    ...(event.id === `evt_${id.slice("txn_".length)}_${at + 1}`
      ? []
      : [`${name} is called ${event.id}`]),
    ...(event.type.startsWith("refund.") === (data === null) ? [] : [`${name} is a ${event.type}`]),
    ...(data && STATUS_AFTER[event.type] !== data.status ? [`${name} is a ${event.type}`] : []),
    ...(data && data.version !== at + 1 ? [`${name} has version ${data.version}`] : []),
  ];
}

/** The amounts of a transaction at an event, given the claim before it. */
function checkAmounts(data: Transaction, claim: Transaction | undefined): string[] {
  const { status, capture_method, amount_minor, pending_operation, capture_before } = data;
  const isManual = capture_method === "manual";
  const wanted = isManual ? claim?.pending_operation?.amount_minor : amount_minor;
  const captured_minor = status === "completed" ? wanted : 0;
  const isHeld =
    isManual &&
    (status === "authorized" || (pending_operation !== undefined && capture_before !== undefined));
  const capturable_minor = isManual ? (isHeld ? amount_minor : 0) : undefined;
  const told = `at version ${data.version}`;
  return [
    ...(data.amount_captured_minor === captured_minor
      ? []
      : [`${told} ${data.amount_captured_minor} is captured and not ${captured_minor}`]),
    ...(data.amount_capturable_minor === capturable_minor
      ? []
      : [`${told} ${data.amount_capturable_minor} can be captured and not ${capturable_minor}`]),
    ...(data.amount_refunded_minor === 0
      ? []
      : [`${told} ${data.amount_refunded_minor} is refunded`]),
    ...(isHeld && capture_before === undefined ? [`${told} it may be captured for ever`] : []),
  ];
}

/** What each claim became, and that no authorization expired too early. */
function checkClaims(log: TransactionEvent[]): string[] {
  return log.flatMap((event, at) => {
    const claim = transactionIn(event);
    const next = log[at + 1];
    if (event.type !== "transaction.processing" || !claim) return [];
    const { pending_operation, capture_before = "", action_expires_at = "" } = claim;
    const isEarlyVoid = pending_operation?.type === "void" && capture_before === "";
    const what = isEarlyVoid ? "early_void" : (pending_operation?.type ?? "charge");
    const deadlines: Record<string, string> = {
      capture_expired: capture_before,
      action_expired: action_expires_at,
    };
    const deadline = deadlines[pending_operation?.reason ?? ""] ?? "";
    return [
      ...(event.created_at < deadline ? [`it expired before ${deadline}`] : []),
      ...(next && !AFTER_CLAIM[what].includes(nameOf(next))
        ? [`its ${what} became ${next.type}`]
        : []),
    ];
  });
}

/** Refunds come after the money, and each is created and then ends once. */
function checkRefundEvents(log: TransactionEvent[]): string[] {
  const first = log.findIndex((event) => refundIn(event) !== null);
  if (first === -1) return [];
  const before = log.slice(0, first).at(-1);
  const after = log.slice(first).flatMap((event) => refundIn(event) ?? []);
  const types = Map.groupBy(log.slice(first), (event) => refundIn(event)?.id);
  const lives = [...types].map(([id, own]) => ({
    id,
    life: own.map(({ type }) => type).join(" "),
  }));
  return [
    ...(before && STATUS_AFTER[before.type] === "completed"
      ? []
      : [`it was refunded after ${before?.type}`]),
    ...(after.length < log.length - first ? ["it changed after a refund"] : []),
    ...lives
      .filter(
        ({ life }) => !/^refund\.created(?: refund\.succeeded)?(?: refund\.failed)?$/.test(life),
      )
      .map(({ id, life }) => `the refund ${id} may not become ${life}`),
  ];
}

/** What the log says that the transaction is now: refunds change only their sum, the version and the time. */
function foldLog(log: TransactionEvent[]): Transaction | undefined {
  const data = log.findLast((event) => transactionIn(event) !== null)?.data as
    | Transaction
    | undefined;
  const last = log.at(-1);
  if (!data || !last || last.data === data) return data;
  const ends = new Map(log.flatMap((event) => refundIn(event) ?? []).map((one) => [one.id, one]));
  const done = [...ends.values()].filter(({ status }) => status === "succeeded");
  const amount_refunded_minor = done.reduce((sum, { amount_minor }) => sum + amount_minor, 0);
  return {
    ...data,
    amount_refunded_minor,
    version: last.sequence,
    updated_at: last.created_at,
  };
}

/** What is wrong in a transaction's log. */
export function checkLife(transaction: Transaction, log: TransactionEvent[]): string[] {
  const own = log.filter((event) => transactionIn(event) !== null);
  const life = own.map(nameOf).join(" ");
  return [
    ...log.flatMap((event, at) => checkEvent(event, at, transaction.id)),
    ...(LIFE.test(life) ? [] : [`nothing may become ${life}`]),
    ...own.flatMap(({ data }, at) =>
      checkAmounts(data as Transaction, own[at - 1]?.data as Transaction | undefined),
    ),
    ...checkClaims(own),
    ...checkRefundEvents(log),
    ...(isDeepStrictEqual(foldLog(log), transaction)
      ? []
      : ["the last event is not the transaction"]),
  ];
}
