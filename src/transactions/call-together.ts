/** The calls of one request to several transactions: one RPC to each object concerned. */
import { transactionObjectName } from "../domain/identity/id";
import { callObject } from "../runtime/object-stub";
import { type Caller, type TransactionOwner, toAddress } from "./client";
import type { AddressedCall, CallResult, Outcome, SharedCall } from "./rpc";

/** The outcome of each call, in order. Calls of one object are executed in the order in which they are given. Never throws: a
 *  fault of an RPC is the outcome of its calls that have none. */
export async function callTransactionOwnersTogether(
  caller: Caller,
  calls: { transaction_id: string; call: SharedCall }[],
): Promise<Outcome[]> {
  const placed = calls.map(({ transaction_id, call }, place) => {
    const address = toAddress(caller, transaction_id);
    return {
      place,
      name: transactionObjectName(transaction_id, address.shards),
      call: { ...call, address },
    };
  });
  const outcomes = new Map<number, Outcome>();
  const groups = Map.groupBy(placed, ({ name }) => name);
  const sent = [...groups].map(async ([name, group]) => {
    const keep = (results: CallResult[]) => {
      for (const { at, ...outcome } of results) {
        const place = group[at]?.place;
        if (place !== undefined) outcomes.set(place, outcome);
      }
    };
    const addressed: AddressedCall[] = group.map(({ call }) => call);
    try {
      keep(
        await callObject(caller.env.TRANSACTIONS, name, (owner: TransactionOwner) =>
          owner.executeBatch(addressed, async (results) => keep(results)),
        ),
      );
    } catch (fault) {
      for (const { place } of group) if (!outcomes.has(place)) outcomes.set(place, { fault });
    }
  });
  await Promise.all(sent);
  return calls.map(
    (_, place) => outcomes.get(place) ?? { fault: new Error("a call without a result") },
  );
}
