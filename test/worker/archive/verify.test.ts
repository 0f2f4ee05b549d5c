/** Archives in R2 are verified from the first segment of each shard to the last. */
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { type Break, verify } from "../../../scripts/archive/bundled/verify";
import { ArchiveFault } from "../../../src/archive/archive-fault";
import { type ArchivedPayment, toLine } from "../../../src/archive/line";
import { type Manifest, manifestKey } from "../../../src/archive/manifest";
import type { Segment } from "../../../src/archive/segment";
import { deriveRefundId } from "../../../src/domain/identity/id";
import { hashSha256Hex } from "../../../src/domain/identity/sha256";
import { archived, paymentsOf } from "../../support/archive";
import { Chains } from "../../support/archive-chain";
import { env } from "../../support/env";
import { life, refunded } from "../../support/lives";

const bucket = env.ARCHIVE as R2Bucket; // wrangler.toml declares it.
const payments = paymentsOf(["mer_a", "mer_b"], 90);
const group = (at: number) => payments.slice(30 * at, 30 * at + 30);

/** Three segments in each of two shards of a test's own. */
let tests = 0;
async function newChains() {
  tests += 1;
  const chains = new Chains(bucket);
  const shards = [`test-${tests}-a`, `test-${tests}-b`] as const;
  const segments: Segment[] = [];
  for (const shard of shards) {
    for (const at of [0, 1, 2]) segments.push(await chains.seal(shard, group(at)));
  }
  return { chains, shards, segments: segments as [Segment, Segment, Segment, Segment] };
}

it("An archive as it was written has nothing wrong", async () => {
  const { chains, segments } = await newChains();
  expect(await verify(chains.source)).toEqual({
    shards: 2,
    segments: 6,
    payments: 180,
    events: 540,
    bytes: segments.reduce((sum, { data }) => sum + data.byteLength, 0),
    breaks: [],
    unnamed: [],
  });
});

it("An archive without segments has nothing wrong", async () => {
  const chains = new Chains(bucket);
  chains.rows.set("test-empty", []);
  expect(await verify(chains.source)).toMatchObject({ shards: 1, segments: 0, breaks: [] });
});

it("A payment that was refunded, and one that came back and was archived again, are verified", async () => {
  const { chains, shards } = await newChains();
  const completed = life("refunded", "completed");
  await chains.seal(shards[0], [archived(completed, 2_000)]);
  await chains.seal(shards[0], [archived(refunded(completed, [[100, "succeeded"]]), 2_000)]);
  expect(await verify(chains.source)).toMatchObject({ segments: 8, breaks: [] });
});

it("A segment that was rewritten follows the one before, and proves the one after", async () => {
  const { chains, segments } = await newChains();
  const [, second] = segments;
  const at = "2027-06-01T00:00:00.000Z";
  const first = { hash: second.ref.hash, reason: "erasure", at };
  await chains.rewrite(second, (manifest) => manifest.replaces.push(first));
  const { hash } = chains.rows.get(second.ref.shard)?.[1] ?? { hash: "" };
  const again = { hash, reason: "erasure", at };
  await chains.rewrite(second, (manifest) => manifest.replaces.push(first, again));
  const { breaks, unnamed } = await verify(chains.source);
  expect(breaks).toEqual([]);
  expect(unnamed).toEqual([manifestKey(second.ref), manifestKey({ ...second.ref, hash })].sort());
});

it("A segment that is rewritten while the archive is verified is verified as it is then", async () => {
  const { chains, segments } = await newChains();
  const [, second] = segments;
  const at = "2027-06-01T00:00:00.000Z";
  const { source } = chains;
  let isRewritten = false;
  const rewrite = async () => {
    isRewritten = true;
    const first = { hash: second.ref.hash, reason: "erasure", at };
    await chains.rewrite(second, (manifest) => manifest.replaces.push(first));
    await bucket.delete(manifestKey(second.ref));
  };
  const readObject = async (key: string) => {
    if (key === manifestKey(second.ref) && !isRewritten) await rewrite();
    return source.readObject(key);
  };
  const verified = await verify({ ...source, readObject });
  expect(verified).toMatchObject({ segments: 6, payments: 180, breaks: [] });
});

it("Objects of attempts that were given up are named, and nothing is wrong", async () => {
  const { chains, shards } = await newChains();
  const key = `segments/${shards[1]}/00000003-aaaaaaaaaaaaaaaa.ndjson.gz`;
  await bucket.put(key, "anything");
  expect(await verify(chains.source)).toMatchObject({ segments: 6, breaks: [], unnamed: [key] });
});

it("A break ends the verification of its shard, and the other one is verified", async () => {
  const { chains, segments } = await newChains();
  const [first] = segments;
  await bucket.delete(first.manifest.data.key);
  const verified = await verify(chains.source);
  expect(verified).toMatchObject({ segments: 3, payments: 90, unnamed: [] });
  expect(verified.breaks).toEqual([
    {
      shard: first.ref.shard,
      number: 1,
      key: first.manifest.data.key,
      what: "is not in the bucket",
    },
  ]);
});

/** Compresses lines as one block. */
const pack = (lines: string[]) =>
  new Uint8Array(gzipSync(lines.map((line) => `${line}\n`).join("")));
const linesOf = async ({ data }: Segment) => {
  const stream = new Blob([data]).stream().pipeThrough(new DecompressionStream("gzip"));
  return (await new Response(stream).text()).split("\n").slice(0, -1);
};
const oneBlock = (manifest: Manifest) => {
  const { bytes, sha256 } = manifest.data;
  const [block] = manifest.blocks;
  if (block) manifest.blocks = [{ ...block, bytes, sha256 }];
};

type Damage = (chains: Chains, segment: Segment) => Promise<unknown>;
/** Writes a segment with other lines, whose manifest has their hashes. */
const withLines =
  (change: (lines: string[]) => string[]): Damage =>
  async (chains, segment) =>
    chains.rewrite(segment, oneBlock, pack(change(await linesOf(segment))));
const withManifest =
  (change: (manifest: Manifest) => void): Damage =>
  (chains, segment) =>
    chains.rewrite(segment, change);
const withRow =
  (change: object): Damage =>
  async (chains, { ref: { shard, number } }) => {
    const rows = chains.rows.get(shard) ?? [];
    const row = rows[number - 1];
    if (row) chains.rows.set(shard, rows.with(number - 1, { ...row, ...change }));
  };
/** A line as it was written. */
type Line = { transaction: object; events: { changes?: object }[] };
const withChange =
  (change: object) =>
  ({ events: [event, ...rest], ...line }: Line) => ({
    ...line,
    events: [{ ...event, changes: { ...event?.changes, ...change } }, ...rest],
  });
const first = (change: (line: Line) => object): Damage =>
  withLines(([line = "", ...rest]) => [JSON.stringify(change(JSON.parse(line))), ...rest]);

it.each<[string, RegExp, Damage]>([
  ["no manifest", /not in the bucket/, (_, { ref }) => bucket.delete(manifestKey(ref))],
  ["another manifest", /SHA-256/, (_, { ref }) => bucket.put(manifestKey(ref), "{}")],
  ["no data", /not in the bucket/, (_, { manifest }) => bucket.delete(manifest.data.key)],
  [
    "a byte of data more",
    /SHA-256/,
    (_, { manifest, data }) => bucket.put(manifest.data.key, new Uint8Array([...data, 0])),
  ],
  [
    "another predecessor",
    /does not follow/,
    withManifest((one) => {
      one.previous = "0".repeat(64);
    }),
  ],
  ["a number that the shard skips", /names segment 5 instead/, withRow({ number: 5 })],
  ["other payments in its shard's row", /what the shard says/, withRow({ payments: 29 })],
  [
    "other times in its shard's row",
    /what the shard says/,
    withRow({ last_created_at: "2026-11-22T21:00:00.000Z" }),
  ],
  ["other bytes in its shard's row", /what the shard says/, withRow({ bytes: 1 })],
  ["a payment less", /another number of lines/, withLines((lines) => lines.slice(1))],
  ["payments in another order", /in another order/, withLines((lines) => lines.toReversed())],
  [
    "the same payment twice",
    /in another order/,
    withLines(([one = "", , ...rest]) => [one, one, ...rest]),
  ],
  [
    "a line that is no payment",
    /not an archived payment/,
    withLines(([, ...rest]) => ["{}", ...rest]),
  ],
  [
    "another merchant's payment",
    /not that of its idempotency key/,
    first((line) => ({ ...line, merchant_id: "mer_0" })),
  ],
  [
    "another key of a payment",
    /not that of its idempotency key/,
    first((line) => ({
      ...line,
      transaction: { ...line.transaction, idempotency_key: "x" },
    })),
  ],
  [
    "an event of another payment",
    /with an event of another one/,
    first(withChange({ id: "txn_a" })),
  ],
  [
    "an event with another key",
    /not that of its idempotency key/,
    first(withChange({ idempotency_key: "x" })),
  ],
  [
    "another version of a payment",
    /versions do not follow/,
    first((line) => ({ ...line, transaction: { ...line.transaction, version: 9 } })),
  ],
  [
    "an event less",
    /names other events/,
    withManifest((one) => {
      one.events += 1;
    }),
  ],
  [
    "another first position",
    /names other first_position/,
    withManifest((one) => {
      one.first_position += 1;
    }),
  ],
  [
    "another last position",
    /names other last_position/,
    withManifest((one) => {
      one.last_position += 1;
    }),
  ],
  [
    "other merchants",
    /names other merchants/,
    withManifest((one) => {
      one.merchants.reverse();
    }),
  ],
  [
    "another first payment of a block",
    /names other first payments/,
    withManifest(({ blocks: [block] }) => {
      block?.first.reverse();
      block?.first.splice(1, 1, "2026-11-22T21:00:00.000Z");
    }),
  ],
])("A segment with %s is a break, and is named", async (_, what, damage) => {
  const { chains, segments } = await newChains();
  const [, second] = segments;
  await damage(chains, second);
  const { breaks, segments: verified } = await verify(chains.source);
  expect(verified).toBe(4);
  expect(breaks).toHaveLength(1);
  const [found] = breaks as [Break];
  expect(found).toMatchObject({ shard: second.ref.shard, number: 2 });
  expect(found.key).toMatch(new RegExp(`^segments/${second.ref.shard}/00000002-[0-9a-f]{16}\\.`));
  expect(found.what).toMatch(what);
});

it("A refund without an event, and one without a place among the refunds, are breaks", async () => {
  const completed = refunded(life("one", "completed"), [[100, "succeeded"]]);
  const [payment] = [archived(completed, 2_000)];
  const line = JSON.parse(toLine(payment as ArchivedPayment));
  const other = { id: deriveRefundId(line.transaction.id, "other"), sent_minor: 5 };
  for (const refunds of [undefined, [...line.refunds, other], [other]]) {
    const { chains, shards } = await newChains();
    const segment = await chains.seal(shards[0], [payment]);
    await chains.rewrite(segment, oneBlock, pack([JSON.stringify({ ...line, refunds })]));
    const { breaks } = await verify(chains.source);
    expect(breaks.map((found) => found.what)).toEqual([
      "has a payment whose refunds are not those of its events",
    ]);
  }
});

it("The last segment of a chain that is altered with all its hashes is a break of the next", async () => {
  const { chains, segments } = await newChains();
  const [, , third] = segments;
  const key = await chains.rewrite(third, (manifest) => {
    manifest.sealed_at = "2027-06-01T00:00:00.000Z";
  });
  expect((await verify(chains.source)).breaks).toEqual([]);
  expect(key).toContain(hashSha256Hex((await (await bucket.get(key))?.text()) ?? "").slice(0, 16));
  const next = await chains.seal(third.ref.shard, group(0));
  await chains.rewrite(next, (manifest) => {
    manifest.previous = third.ref.hash;
  });
  expect((await verify(chains.source)).breaks).toMatchObject([{ number: 4 }]);
});

it("A verification that cannot read the archive fails, and finds no break", async () => {
  const { chains } = await newChains();
  const source = {
    ...chains.source,
    readObject: async (key: string) => {
      throw new ArchiveFault("unavailable", key, "does not respond");
    },
  };
  await expect(verify(source)).rejects.toThrow(/does not respond/);
});
