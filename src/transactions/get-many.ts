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

/** Reads each transaction. @returns the results in the order of the addresses */
export function getMany(
  owner: { find(address: Address): Reply },
  { shards, transaction_ids, merchant_ids }: ManyAddresses,
): ReadResult[] {
  return transaction_ids.map((transaction_id, at) => {
    const merchant_id = merchant_ids[at] ?? "";
    const reply = owner.find({ merchant_id, transaction_id, shards, traceparent: null });
    return reply.ok ? reply.body : reply.refusal;
  });
}

/** The same results as those of single calls. */
export function toCallResults(results: ReadResult[]): CallResult[] {
  return results.map((result, at) => {
    const isFound = typeof result === "string";
    return { at, reply: isFound ? okReply(result) : { ok: false, refusal: result } };
  });
}
