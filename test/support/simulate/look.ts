/** Finds things in a simulated world, or throws: a fault must not be planted in nothing. */
import type { Order } from "../../../simulate/plan/orders";
import type {
  Answer,
  Delivery,
  MerchantView,
  Operated,
  OrderRecord,
  ReceiverView,
  Refund,
  Transaction,
  TransactionEvent,
  World,
} from "../../../simulate/world";

export function at<Value>(list: Value[], index: number): Value {
  const found = list.at(index);
  if (found === undefined) throw new Error(`there is nothing at ${index}`);
  return found;
}

export const merchantOf = ({ merchants }: World): MerchantView => at(merchants, 0);
export const endpointOf = (world: World, kind: string): ReceiverView => {
  const found = merchantOf(world).endpoints.find((endpoint) => endpoint.kind === kind);
  if (!found) throw new Error(`there is no ${kind} endpoint`);
  return found;
};

export const deliveryTo = (world: World, kind: string): Delivery => {
  const { id } = endpointOf(world, kind);
  const found = merchantOf(world).deliveries.find(({ endpoint_id }) => endpoint_id === id);
  if (!found) throw new Error(`there is no delivery to a ${kind} endpoint`);
  return found;
};

export const answerOf = ({ records }: World, call: string, status?: number): Answer => {
  const answers = records.flatMap((record) => record.answers);
  const found = answers.findLast(
    (answer) => answer.call === call && (status ?? answer.status) === answer.status,
  );
  if (!found) throw new Error(`there is no answer to a ${call}`);
  return found;
};

/** What a client of the first merchant learned of an order like this. */
export const recordOf = (
  { records, plan }: World,
  isLike: (order: Order, record: OrderRecord) => boolean,
): OrderRecord => {
  const own = plan.orders.filter(({ merchant }) => merchant === 0);
  const found = own
    .flatMap(({ index }) => records[index] ?? [])
    .find((record) => isLike(record.order, record));
  if (!found) throw new Error("there is no such order");
  return found;
};

export const firstOf = <Key, Value>(map: Map<Key, Value>): [Key, Value] => at([...map], 0);
export const sampleOf = (world: World, name: string, labels: Record<string, string>) => {
  const found = world.metrics.find(
    (sample) =>
      sample.name === name &&
      Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  );
  if (!found) throw new Error(`there is no ${name}`);
  return found;
};

/** The first merchant's log of a transaction whose last event is of this type. */
export const logOf = (world: World, type = "transaction.completed"): TransactionEvent[] => {
  const found = [...merchantOf(world).logs.values()].find((log) => at(log, -1).type === type);
  if (!found) throw new Error(`there is no transaction that ended with ${type}`);
  return found;
};

/** Every observer sees the same other transaction, one that ended with an event of this type. */
export const changeEverywhere = (
  world: World,
  change: (seen: { [name: string]: unknown }) => void,
  type?: string,
) => {
  const merchant = merchantOf(world);
  const log = logOf(world, type);
  const { transaction_id: id } = at(log, -1);
  const exact = merchant.exact.get(id);
  const listed = merchant.list.filter((one) => one.id === id);
  const fed = merchant.feed.filter(({ transaction_id }) => transaction_id === id);
  const known = merchant.by_key.get(exact?.idempotency_key ?? "");
  if (!exact || !known) throw new Error(`there is no ${id}`);
  for (const seen of [exact, at(listed, 0), known, at(log, -1).data, at(fed, -1).data]) {
    change(seen);
  }
};

/** Every observer sees the same other refund, one that ended with an event of this type. */
export const changeRefund = (
  world: World,
  change: (seen: { [name: string]: unknown }) => void,
  type = "refund.succeeded",
) => {
  const merchant = merchantOf(world);
  const { id, transaction_id } = at(logOf(world, type), -1).data as Refund;
  const told = [...(merchant.logs.get(transaction_id) ?? []), ...merchant.feed];
  const views = [
    ...told.filter((event) => event.type !== "refund.created").map(({ data }) => data),
    ...merchant.refund_list,
    ...(merchant.refunds.get(transaction_id) ?? []),
    merchant.exact_refunds.get(id),
  ];
  for (const seen of views) if (seen?.id === id) change(seen);
};

/** The processor's operation of this kind that a transaction of the first merchant claimed. */
export const operatedOf = (world: World, operation: string): Operated => {
  const { exact } = merchantOf(world);
  const found = [...world.processor.operations.values()].find(
    (one) => one.operation === operation && one.code === null && exact.has(one.payment),
  );
  if (!found) throw new Error(`the processor has no ${operation}`);
  return found;
};

/** A completed transaction of the first merchant is charged once more, in all places. */
export const chargeTwice = (world: World): void => {
  const merchant = merchantOf(world);
  const log = logOf(world);
  const last = at(log, -1);
  const { transaction_id: id } = last;
  const version = last.sequence + 1;
  const data = { ...(last.data as Transaction), version };
  const again = { ...last, id: last.id.replace(/\d+$/, String(version)), sequence: version, data };
  log.push(again);
  merchant.feed.push(again);
  merchant.exact.set(id, data);
  merchant.by_key.set(data.idempotency_key, data);
  merchant.list = merchant.list.map((one) => (one.id === id ? data : one));
};
