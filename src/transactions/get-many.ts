/** Reads of several transactions in one RPC. Addresses are sent in columns and without what all of them share, because
 *  most of the cost of such a call is in the number of objects that it carries. */
import {
  type Address,
  type CallResult,
  type ManyAddresses,
  okReply,
  type ReadResult,
  type Reply,
} from "./rpc";

/** @param addresses all of transactions of one object */
export function toManyAddresses(addresses: Address[]): ManyAddresses {
  return {
    shards: addresses[0]?.shards ?? 0,
    transaction_ids: addresses.map(({ transaction_id }) => transaction_id),
    merchant_ids: addresses.map(({ merchant_id }) => merchant_id),
  };
}

/** Reads each transaction. @returns the results in the order of the addresses; null for one that is in the archive, for which
 *  the others do not wait */
export function getMany(
  owner: { find(address: Address): Reply | Promise<Reply> },
  { shards, transaction_ids, merchant_ids }: ManyAddresses,
  archived: string[],
): ReadResult[] {
  return transaction_ids.map((transaction_id, at) => {
    if (archived.includes(transaction_id)) return null;
    const merchant_id = merchant_ids[at] ?? "";
    const reply = owner.find({ merchant_id, transaction_id, shards, traceparent: null });
    if (reply instanceof Promise) return null;
    return reply.ok ? reply.body : reply.refusal;
  });
}

/** The same results as those of single calls, without those that have to be read alone. */
export function toCallResults(results: ReadResult[]): CallResult[] {
  return results.flatMap((result, at): CallResult[] => {
    if (result === null) return [];
    const isFound = typeof result === "string";
    return [{ at, reply: isFound ? okReply(result) : { ok: false, refusal: result } }];
  });
}
