// Whether the answers that clients got, while the traffic went on, agree with each other and with
// what was asked. One order at a time. Pure.
import { isDeepStrictEqual } from "node:util";
import type { Order } from "../plan/orders.ts";
import { type Call, refundNumber } from "../plan/stories.ts";
import type { Answer, Difference, OrderRecord, Transaction, World } from "../world.ts";

type Fields = Partial<Transaction>;
/** An answer that shows the transaction. */
type Shown = Answer & { transaction: Transaction };

/** What each call may be answered with; a problem by its code. */
const EXPECTED: Record<string, string[]> = {
  create: ["201"],
  pay: ["201", "202"],
  batch: ["200"],
  faulty_item: ["400 invalid_request"],
  reuse: ["422 idempotency_key_reused"],
  process: ["200", "202", "409 illegal_transition"],
  capture: ["200", "202", "409 illegal_transition", "409 capture_amount_differs"],
  capture_part: ["200", "202", "409 illegal_transition", "409 capture_amount_differs"],
  capture_over: [
    "409 illegal_transition",
    "409 capture_amount_differs",
    "409 amount_exceeds_capturable",
  ],
  // At the issuer's page: 410 when there is nothing to authenticate any more.
  authenticate: ["303", "410"],
  cancel: ["200", "202", "409 illegal_transition"],
  refund: ["201", "409 illegal_transition", "409 refund_exceeds_remaining"],
  refund_reuse: ["422 idempotency_key_reused"],
  get: ["200"],
  key: ["200"],
  events: ["200"],
  refunds: ["200"],
  list: ["200"],
};
/** The member that a request under a known key has otherwise. */
const REUSED_FOR = "#/amount";
/** Statuses by which the API says that the request was wrong: then so was the simulator. */
const OUR_FAULT = new Set([400, 401, 403, 404, 405, 413, 415]);

function unexpected({ call, status, code, detail }: Answer): Difference | null {
  const said = code === null ? String(status) : `${status} ${code}`;
  const kind = refundNumber(call) === null ? call : "refund";
  if (EXPECTED[kind]?.includes(said)) return null;
  const area = OUR_FAULT.has(status) ? "simulator" : "answers";
  return { area, text: `a ${call} was answered ${said}${detail ? `: ${detail}` : ""}` };
}

/** What was asked for, as the transaction shows it. */
export function fieldsOf(
  { key, amount_minor, currency, body, wants_own_url }: Order,
  own_url: string,
): Fields {
  return {
    idempotency_key: key,
    user_id: body.user_id,
    amount_minor,
    currency,
    description: body.description ?? null,
    metadata: body.metadata,
    webhook_url: wants_own_url ? own_url : null,
    capture_method: body.capture_method ?? "automatic",
  };
}

/** Names of the fields in which a transaction is not what was asked for. */
export function differingFields(transaction: Transaction, wanted: Fields): string[] {
  const names = Object.keys(wanted) as (keyof Transaction)[];
  return names.filter((name) => !isDeepStrictEqual(transaction[name], wanted[name]));
}

function checkCreates(creates: Answer[], all: Answer[]): string[] {
  const texts = new Set(creates.map(({ text }) => text));
  const firsts = all.filter(({ replayed }) => !replayed).length;
  return [
    ...(texts.size > 1 ? [`its create was answered in ${texts.size} ways`] : []),
    ...(firsts > 1 ? [`${firsts} creates were answered as the first`] : []),
  ];
}

/** A reader must see at least what had been acknowledged before it asked. */
function checkFloor({ call, floor, transaction }: Shown): string[] {
  if (call === "create" || transaction.version >= floor) return [];
  return [`a ${call} told version ${transaction.version} after version ${floor} was acknowledged`];
}

function checkList(
  { floor, list = [] }: Answer,
  { order, id }: OrderRecord,
  isSteady: boolean,
): string[] {
  const places = list.map(({ created_at, id }) => `${created_at} ${id}`);
  const own = list.find((one) => one.id === id);
  const isStale = isSteady && list.length < 100 && (own?.version ?? 0) < floor;
  return [
    ...(new Set(places).size < places.length ? ["a list had a transaction twice"] : []),
    ...(isDeepStrictEqual(places, [...places].sort().reverse()) ? [] : ["a list was not sorted"]),
    ...(list.some(({ user_id }) => user_id !== order.body.user_id)
      ? ["a list by user_id had another user's transaction"]
      : []),
    ...(isStale
      ? [`a list told version ${own?.version ?? 0} after version ${floor} was acknowledged`]
      : []),
  ];
}

function checkEvents({ floor, events = [] }: Answer): string[] {
  const hasGap = events.some(({ sequence }, at) => sequence !== at + 1);
  return [
    ...(hasGap ? ["a log of events had a gap"] : []),
    ...(events.length < floor ? [`a log of events ended before version ${floor}`] : []),
  ];
}

/** What is refused for a reason is refused for that one. */
function checkPointers(answer: Answer, wanted: string): string[] {
  const { call, pointers = [] } = answer;
  if (isDeepStrictEqual(pointers, [wanted])) return [];
  return [`a ${call} was refused for ${pointers.join(", ")} and not for ${wanted}`];
}

/** Each version is the same transaction in every answer. */
function checkVersions(told: Shown[]): string[] {
  const versions = Map.groupBy(told, ({ transaction }) => transaction.version);
  return [...versions].flatMap(([version, own]) => {
    const texts = new Set(own.map(({ transaction }) => JSON.stringify(transaction)));
    return texts.size > 1 ? [`version ${version} was answered in ${texts.size} ways`] : [];
  });
}

/** A list of refunds has at least those that had been acknowledged. */
function checkRefundList({ refunds = [], refunds_floor }: Answer): string[] {
  if (refunds.length >= refunds_floor) return [];
  return [`a list had ${refunds.length} refunds after ${refunds_floor} were acknowledged`];
}

/** Where the faulty item of a batch is: after its orders and the first of them once more. */
const faultyItem = ({ batch }: Order) => `#/items/${batch.length + 1}/amount`;

function checkRecord(record: OrderRecord, own_url: string, isSteady: boolean): string[] {
  const { order, id, answers } = record;
  const good = answers.filter((answer) => unexpected(answer) === null);
  const told = good.filter((answer): answer is Shown => answer.transaction !== undefined);
  const of = (call: Call) => good.filter((answer) => answer.call === call);
  const wanted: Fields = { ...(id === null ? {} : { id }), ...fieldsOf(order, own_url) };
  const wrong = told.flatMap(({ transaction }) => differingFields(transaction, wanted));
  return [
    ...record.unanswered,
    ...checkCreates(of("create"), [...of("create"), ...of("pay")]),
    ...told.flatMap(checkFloor),
    ...of("list").flatMap((answer) => checkList(answer, record, isSteady)),
    ...of("events").flatMap(checkEvents),
    ...of("refunds").flatMap(checkRefundList),
    ...[...of("reuse"), ...of("refund_reuse")].flatMap((one) => checkPointers(one, REUSED_FOR)),
    ...of("faulty_item").flatMap((one) => checkPointers(one, faultyItem(order))),
    ...checkVersions(told),
    ...[...new Set(wrong)].map((name) => `an answer has another ${name} than was sent`),
  ];
}

/** The differences in what clients were answered. */
export function reconcileAnswers({
  plan,
  records,
  merchants,
  attempts,
  chaos,
}: World): Difference[] {
  const isSteady = chaos.kills === 0;
  const { faulted } = attempts;
  const faults =
    faulted === 0 ? [] : [{ area: "answers", text: `${faulted} requests were answered 500` }];
  const differences = plan.orders.flatMap((order) => {
    const record = records[order.index];
    const merchant = merchants[order.merchant];
    if (!record || !merchant) return [{ area: "simulator", text: `${order.key} was never sent` }];
    const name = `${merchant.id} ${order.key}`;
    const strange = record.answers.map(unexpected).filter((one) => one !== null);
    const texts = checkRecord(record, merchant.own.url, isSteady);
    return [...strange, ...texts.map((text) => ({ area: "answers", text }))].map(
      ({ area, text }) => ({ area, text: `${name}: ${text}` }),
    );
  });
  return [...faults, ...differences];
}
