/** Segments in R2: everything that is read is checked before it is used. */
import { expect, it } from "vitest";
import type { ArchiveFault } from "../../../src/archive/archive-fault";
import { ArchiveStore } from "../../../src/archive/archive-store";
import { manifestKey } from "../../../src/archive/manifest";
import type { Segment } from "../../../src/archive/segment";
import { hashSha256Hex } from "../../../src/domain/identity/sha256";
import { keyOf, paymentsOf, sealed } from "../../support/archive";
import { env } from "../../support/env";
import { endHanging } from "../../support/with-timeout";

const LIMITS = { timeout_ms: 5_000 };
const bucket = env.ARCHIVE as R2Bucket; // wrangler.toml declares it.
const store = new ArchiveStore(bucket, LIMITS);
const payments = paymentsOf(["mer_a", "mer_b"], 100);

/** A segment of its own for each test: manifests that were read are cached. */
let number = 1;
const next = () => sealed(payments, { number: ++number, previous: "a".repeat(64) });
async function written(): Promise<Segment> {
  const segment = await next();
  await store.write(segment);
  return segment;
}

const faultOf = (work: Promise<unknown>): Promise<ArchiveFault> =>
  work.then(
    () => {
      throw new Error("no fault");
    },
    (fault) => fault,
  );

/** The bucket with one method of another behaviour. */
function bucketWith(methods: Partial<R2Bucket>): R2Bucket {
  return new Proxy(bucket, {
    get(target, name) {
      const own = methods[name as keyof R2Bucket];
      return own ?? (target[name as keyof R2Bucket] as (...all: unknown[]) => unknown).bind(target);
    },
  });
}

it("A segment that was written is read block by block, and each payment by its id", async () => {
  const segment = await written();
  const blocks = await Promise.all([
    store.readBlock(segment.ref, 0),
    store.readBlock(segment.ref, 1),
  ]);
  expect(blocks.map(({ length }) => length)).toEqual([64, 36]);
  expect(new Set(blocks.flat())).toEqual(new Set(payments));
  for (const payment of payments.slice(0, 5)) {
    const { id } = keyOf(payment);
    const block = segment.places.get(id) ?? -1;
    expect(await store.find(segment.ref, block, id)).toEqual(payment);
  }
});

it("The two objects of a segment have the names that their hashes give, and a type", async () => {
  const { ref, manifest } = await written();
  const { key } = manifest.data;
  expect((await bucket.head(key))?.httpMetadata).toEqual({ contentType: "application/gzip" });
  expect((await bucket.head(manifestKey(ref)))?.httpMetadata).toEqual({
    contentType: "application/json",
  });
});

it("Writing a segment again changes nothing", async () => {
  const segment = await written();
  await store.write(segment);
  const prefix = manifestKey(segment.ref).replace(/-[^-]*$/, "-");
  const { objects } = await bucket.list({ prefix });
  expect(objects.map(({ key }) => key).sort()).toEqual(
    [manifestKey(segment.ref), segment.manifest.data.key].sort(),
  );
  expect(await store.readBlock(segment.ref, 1)).toHaveLength(36);
});

it("A payment is found by two reads, and by one while the manifest is cached", async () => {
  const segment = await written();
  const reads: number[] = [];
  const counting = bucketWith({
    get: (async (key: string, options: R2GetOptions) => {
      const object = await bucket.get(key, options);
      const range = object?.range as { length?: number } | undefined; // Of a range that was asked for.
      reads.push(range?.length ?? object?.size ?? 0);
      return object;
    }) as R2Bucket["get"],
  });
  const { id } = keyOf(payments[3] as (typeof payments)[0]); // There are a hundred.
  const block = segment.places.get(id) ?? -1;
  const reader = new ArchiveStore(counting, LIMITS);
  await reader.find(segment.ref, block, id);
  expect(reads).toEqual([segment.manifest_bytes.byteLength, segment.manifest.blocks[block]?.bytes]);
  await reader.find(segment.ref, block, id);
  expect(reads).toHaveLength(3);
});

it("A payment that a block does not have, and a block that a segment does not have, are faults", async () => {
  const { ref, places } = await written();
  const [id = ""] = places.keys();
  const other = places.get(id) === 0 ? 1 : 0;
  expect(await faultOf(store.find(ref, other, id))).toMatchObject({ kind: "altered" });
  expect(await faultOf(store.readBlock(ref, 2))).toMatchObject({ kind: "altered" });
});

it.each<["data" | "manifest"]>([["data"], ["manifest"]])("A missing %s is named", async (which) => {
  const segment = await written();
  const key = which === "data" ? segment.manifest.data.key : manifestKey(segment.ref);
  await bucket.delete(key);
  const fault = await faultOf(store.readBlock(segment.ref, 0));
  expect(fault).toMatchObject({ kind: "missing", key });
  expect(fault.message).toBe(`${key}: is not in the bucket`);
});

const CHANGES: [string, (bytes: Uint8Array) => Uint8Array, number][] = [
  ["one other byte", (bytes) => bytes.with(bytes.length - 20, 1 ^ (bytes.at(-20) ?? 0)), 1],
  ["a byte less", (bytes) => bytes.slice(0, -1), 1],
  ["only its first bytes", (bytes) => bytes.slice(0, 30), 1],
  ["other bytes of the same length", (bytes) => bytes.toReversed(), 0],
];

it.each(CHANGES)("Data with %s is refused", async (_, change, block) => {
  const { ref, manifest, data } = await written();
  await bucket.put(manifest.data.key, change(data));
  const fault = await faultOf(store.readBlock(ref, block));
  expect(fault).toMatchObject({ kind: "altered", key: manifest.data.key });
});

it.each(CHANGES)("A manifest with %s is refused", async (_, change) => {
  const { ref, manifest_bytes } = await written();
  await bucket.put(manifestKey(ref), change(manifest_bytes));
  expect(await faultOf(store.readManifest(ref))).toMatchObject({
    kind: "altered",
    key: manifestKey(ref),
  });
});

it("A manifest of another segment under the name of this one is refused", async () => {
  const [one, other] = [await written(), await written()];
  await bucket.put(manifestKey(one.ref), other.manifest_bytes);
  expect(await faultOf(store.readManifest(one.ref))).toMatchObject({ kind: "altered" });
  const ref = { ...one.ref, hash: hashSha256Hex("another") };
  expect(await faultOf(store.readManifest(ref))).toMatchObject({ kind: "missing" });
});

it("An object that is far too large to be a manifest is not read", async () => {
  const { ref } = await written();
  await bucket.put(manifestKey(ref), new Uint8Array(3 * 1_048_576));
  expect(String(await faultOf(store.readManifest(ref)))).toMatch(/too large/);
});

it("A segment counts as written only when the bucket has the same bytes", async () => {
  const segment = await next();
  const lossy = bucketWith({
    put: (async (key: string, bytes: Uint8Array) =>
      bucket.put(key, bytes.slice(0, -1))) as unknown as R2Bucket["put"],
  });
  const fault = await faultOf(new ArchiveStore(lossy, LIMITS).write(segment));
  expect(fault).toMatchObject({ kind: "altered", key: segment.manifest.data.key });
  expect(await bucket.head(manifestKey(segment.ref))).toBeNull();
});

it("A bucket that refuses is unavailable, and the next attempt writes the segment", async () => {
  const segment = await next();
  const failing = bucketWith({ put: () => Promise.reject(new Error("10001 with details")) });
  const fault = await faultOf(new ArchiveStore(failing, LIMITS).write(segment));
  expect(fault).toMatchObject({ kind: "unavailable" });
  expect(fault.message).not.toContain("details");
  await store.write(segment);
  expect(await store.readBlock(segment.ref, 0)).toHaveLength(64);
});

it("A bucket that does not respond is given up after the time limit", async () => {
  const segment = await written();
  const hanging = new ArchiveStore(bucketWith({ get: () => new Promise<never>(() => {}) }), LIMITS);
  let fault: ArchiveFault | undefined;
  const ended = await endHanging("archive/archive-store", 1, async () => {
    fault = await faultOf(hanging.readManifest(segment.ref));
  });
  expect(ended).toBe(1);
  expect(fault).toMatchObject({ kind: "unavailable", message: expect.stringMatching(/5000 ms/) });
});

it("The late write of an abandoned attempt does not replace what was written since", async () => {
  const abandoned = await next();
  const { number: same, previous } = abandoned.manifest;
  const later = await sealed(payments.slice(1), { number: same, previous });
  await store.write(later);
  await store.write(abandoned);
  expect(await store.readBlock(later.ref, 1)).toHaveLength(35);
});
