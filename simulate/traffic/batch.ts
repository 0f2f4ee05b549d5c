// A batch: the creates of several orders in one request, one of them twice, and an item that no one can create.
import type { Call } from "../plan/stories.ts";
import type { Answer, OrderRecord } from "../world.ts";
import { createBody, problemOf, splitAction } from "./requests.ts";

type Item = { record: OrderRecord; call: "create" | "pay" | "faulty_item"; body: object };
export type Result = {
  status: number;
  replayed?: boolean;
  transaction?: Answer["transaction"];
  problem?: { code: string; detail?: string; errors?: { pointer: string }[] };
};

/** How an order is created alone, and so also in a batch. */
function createOf({ order }: OrderRecord): "create" | "pay" {
  const calls = order.visits.flat().flatMap((step) => step.calls);
  const isFirst = (call: Call) => call === "create" || call === "pay";
  return calls.find(isFirst) === "pay" ? "pay" : "create";
}

/** The items of a batch: the orders, the first of them again, and one that costs nothing. The leader has that one. */
export function itemsOf(records: OrderRecord[], leader: OrderRecord, own_url: string): Item[] {
  const itemOf = (record: OrderRecord): Item => {
    const call = createOf(record);
    const idempotency_key = record.order.key;
    return { record, call, body: { idempotency_key, ...createBody(record, call, own_url) } };
  };
  const idempotency_key = `faulty-${leader.order.key}`;
  const faulty = { ...createBody(leader, "create", own_url), amount: "0", idempotency_key };
  return [
    ...records.map(itemOf),
    ...records.slice(0, 1).map(itemOf),
    { record: leader, call: "faulty_item", body: faulty },
  ];
}

/** What is kept of an item's result, as of the answer to a request of its own. */
export function readResult(
  call: Item["call"],
  floor: number,
  { status, replayed = false, transaction, problem }: Result,
): Answer {
  const asked = { call, floor, refunds_floor: 0, at_ms: Date.now(), status };
  if (!transaction) return { ...asked, code: problem?.code ?? null, ...problemOf(problem ?? null) };
  const text = call === "create" ? { text: JSON.stringify(transaction) } : {};
  return { ...asked, code: null, ...splitAction(transaction), replayed, ...text };
}
