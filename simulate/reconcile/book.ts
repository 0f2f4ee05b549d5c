// Checks that everything the API returns about a merchant's transactions, by key, by id, in lists, in
// logs and in the feed, is consistent, complete and of that merchant only. Pure.
import { isDeepStrictEqual } from "node:util";
import type { Order } from "../plan/orders.ts";
import {
  type Difference,
  type MerchantView,
  type OrderRecord,
  type Transaction,
  type TransactionEvent,
  transactionIn,
  type World,
} from "../world.ts";
import { differingFields, fieldsOf } from "./answers.ts";
import { checkLife } from "./life.ts";

function duplicatesIn(names: string[]): string[] {
  const seen = new Set<string>();
  return names.filter((name) => seen.size === seen.add(name).size);
}

/** Every answer that showed the transaction showed it as its log has it. */
function checkTold(record: OrderRecord | undefined, log: TransactionEvent[]): string[] {
  const told = (record?.answers ?? []).flatMap(({ transaction }) => transaction ?? []);
  const versions = new Map(told.map((one) => [one.version, one]));
  return [...versions].flatMap(([version, transaction]) => {
    const event = log[version - 1];
    const known = event && transactionIn(event);
    // After a refund the log has the refund.
    if (known === null || isDeepStrictEqual(known, transaction)) return [];
    return [`version ${version} was answered otherwise than the log has it`];
  });
}

function checkOrder(
  order: Order,
  record: OrderRecord | undefined,
  merchant: MerchantView,
  listed: Map<string, Transaction>,
): string[] {
  const found = merchant.by_key.get(order.key);
  if (!found) return ["the key is not known"];
  const exact = merchant.exact.get(found.id);
  if (!exact) return [`${found.id} is not known by its id`];
  const wrong = differingFields(exact, fieldsOf(order, merchant.own.url));
  const version = record?.version ?? 0;
  const log = merchant.logs.get(found.id) ?? [];
  return [
    ...(record?.id && record.id !== found.id ? [`it was answered as ${record.id}`] : []),
    ...(isDeepStrictEqual(found, exact) ? [] : ["by key it is not what it is by id"]),
    ...(isDeepStrictEqual(listed.get(found.id), exact) ? [] : ["the list has it otherwise or not"]),
    ...wrong.map((name) => `it has another ${name} than was sent`),
    ...(exact.version < version ? [`version ${version} was acknowledged and is gone`] : []),
    ...checkTold(record, log),
    ...checkLife(exact, log),
  ];
}

/** The feed has what the logs have, each once, and each transaction's in order. */
function checkFeed({ feed, logs }: MerchantView): string[] {
  const expected = new Map([...logs.values()].flat().map((event) => [event.id, event]));
  const seen = new Set<string>();
  const highest = new Map<string, number>();
  const texts: string[] = [];
  for (const event of feed) {
    if (seen.has(event.id)) texts.push(`the feed has ${event.id} twice`);
    if (!isDeepStrictEqual(expected.get(event.id), event)) {
      texts.push(`the feed has ${event.id}, which the log has otherwise or not`);
    }
    if (event.sequence !== (highest.get(event.transaction_id) ?? 0) + 1) {
      texts.push(`the feed has ${event.id} out of order`);
    }
    seen.add(event.id);
    highest.set(event.transaction_id, event.sequence);
  }
  const missing = [...expected.keys()].filter((id) => !seen.has(id));
  return [...texts, ...missing.map((id) => `the feed does not have ${id}`)];
}

function checkMerchant(merchant: MerchantView, orders: Order[], records: OrderRecord[]): string[] {
  const listed = new Map(merchant.list.map((transaction) => [transaction.id, transaction]));
  const keys = new Set(orders.map(({ key }) => key));
  const places = merchant.list.map(({ created_at, id }) => `${created_at} ${id}`);
  const own = orders.flatMap((order) =>
    checkOrder(order, records[order.index], merchant, listed).map(
      (text) => `${order.key}: ${text}`,
    ),
  );
  const foreign = merchant.list.filter(({ idempotency_key }) => !keys.has(idempotency_key));
  return [
    ...own,
    ...duplicatesIn(places).map((place) => `the list has ${place} twice`),
    ...duplicatesIn(merchant.list.map((one) => one.idempotency_key)).map(
      (key) => `${key}: the key has two transactions`,
    ),
    ...(isDeepStrictEqual(places, [...places].sort().reverse()) ? [] : ["the list is not sorted"]),
    ...foreign.map(({ id }) => `nobody asked for ${id}`),
    ...checkFeed(merchant),
  ];
}

/** The differences in what the API returns about transactions. */
export function reconcileBook({ plan, records, merchants }: World): Difference[] {
  return merchants.flatMap((merchant, at) => {
    const orders = plan.orders.filter((order) => order.merchant === at);
    const texts = checkMerchant(merchant, orders, records);
    return texts.map((text) => ({ area: "book", text: `${merchant.id} ${text}` }));
  });
}
