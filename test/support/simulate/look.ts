/** Finds things in a simulated world, or throws: a fault must not be planted in nothing. */
import type { Answer, Delivery, MerchantView, ReceiverView, World } from "../../../simulate/world";

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

/** Every observer sees the same other transaction. */
export const changeEverywhere = (
  world: World,
  change: (seen: { [name: string]: unknown }) => void,
) => {
  const merchant = merchantOf(world);
  const [id, exact] = firstOf(merchant.exact);
  if (!exact) throw new Error(`there is no ${id}`);
  change(exact);
  change(
    at(
      merchant.list.filter((one) => one.id === id),
      0,
    ),
  );
  change(merchant.by_key.get(exact.idempotency_key) ?? {});
  change(at(merchant.logs.get(id) ?? [], -1).data);
  change(
    at(
      merchant.feed.filter(({ transaction_id }) => transaction_id === id),
      -1,
    ).data,
  );
};

/** The first merchant's first completed transaction is charged once more, in all places. */
export const chargeTwice = (world: World): void => {
  const merchant = merchantOf(world);
  const [id, log] = firstOf(merchant.logs);
  const last = at(log, -1);
  const version = last.sequence + 1;
  const data = { ...last.data, version };
  const again = { ...last, id: last.id.replace(/\d+$/, String(version)), sequence: version, data };
  log.push(again);
  merchant.feed.push(again);
  merchant.exact.set(id, data);
  merchant.by_key.set(data.idempotency_key, data);
  merchant.list = merchant.list.map((one) => (one.id === id ? data : one));
};
