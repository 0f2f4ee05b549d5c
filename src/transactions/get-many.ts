/** Requests that only look at a transaction and come as one call. It goes in columns, without what all of them
 *  have in common: most of what such a call costs is the objects that it carries. */
import {
  type Address,
  type CallResult,
  type ManyAddresses,
  okReply,
  type ReadResult,
  type Reply,
} from "./rpc";

/** The looks of requests that all ask one object. */
export function toManyAddresses(addresses: Address[]): ManyAddresses {
  return {
    shards: addresses[0]?.shards ?? 0,
    transaction_ids: addresses.map(({ transaction_id }) => transaction_id),
    merchant_ids: addresses.map(({ merchant_id }) => merchant_id),
  };
}

/** Answers each look by itself. */
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

/** What was seen, as it is told to those who looked. */
export function toCallResults(seen: ReadResult[]): CallResult[] {
  return seen.map((one, at) => {
    const isShown = typeof one === "string";
    return { at, reply: isShown ? okReply(one) : { ok: false, refusal: one } };
  });
}
