/** Manifests are believed only as they were written. */
import { expect, it } from "vitest";
import { type Manifest, manifestKey, parseManifest } from "../../../src/archive/manifest";
import { hashSha256Hex } from "../../../src/domain/identity/sha256";
import { paymentsOf, sealed } from "../../support/archive";

const segment = await sealed(paymentsOf(["mer_a", "mer_b"], 130), {
  number: 2,
  previous: "b".repeat(64),
});

/** A manifest that was written with other content, and its reference. */
function rewritten(change: (manifest: Manifest) => unknown) {
  const bytes = new TextEncoder().encode(JSON.stringify(change(structuredClone(segment.manifest))));
  return { bytes, ref: { ...segment.ref, hash: hashSha256Hex(bytes) } };
}

it("A manifest is read as it was written", () => {
  expect(parseManifest(segment.manifest_bytes, segment.ref)).toEqual(segment.manifest);
});

it("A manifest's name has the shard, the number and the begin of its hash", () => {
  expect(manifestKey({ shard: "shard-3", number: 45, hash: "0123456789abcdef".repeat(4) })).toBe(
    "segments/shard-3/00000045-0123456789abcdef.json",
  );
});

it("A manifest that names what it replaced is read", () => {
  const replaces = [{ hash: "c".repeat(64), reason: "erasure", at: "2027-01-01T00:00:00.000Z" }];
  const { bytes, ref } = rewritten((manifest) => ({ ...manifest, replaces }));
  expect(parseManifest(bytes, ref).replaces).toEqual(replaces);
});

it("A manifest of which any byte is another one is refused", () => {
  for (let at = 0; at < segment.manifest_bytes.byteLength; at += 101) {
    const bytes = segment.manifest_bytes.slice();
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    expect(() => parseManifest(bytes, segment.ref)).toThrow(/its SHA-256 is another one/);
  }
});

it.each<[string, (manifest: Manifest) => unknown]>([
  ["is no JSON", () => undefined],
  ["is of a later format", (manifest) => ({ ...manifest, format: 2 })],
  ["is packed in a later way", (manifest) => ({ ...manifest, packing: 2 })],
  ["has a member more", (manifest) => ({ ...manifest, later: 1 })],
  ["has no blocks", (manifest) => ({ ...manifest, blocks: [] })],
  ["has too many payments", (manifest) => ({ ...manifest, payments: 1_025 })],
])("A manifest that %s is not of this format", (_, change) => {
  const { bytes, ref } = rewritten(change);
  expect(() => parseManifest(bytes, ref)).toThrow(
    `${manifestKey(ref)}: is not a manifest of this format`,
  );
});

it.each<[string, (manifest: Manifest) => unknown, RegExp]>([
  ["another shard", (manifest) => ({ ...manifest, shard: "shard-1" }), /of another segment/],
  ["another number", (manifest) => ({ ...manifest, number: 3 }), /of another segment/],
  [
    "the data of another segment",
    ({ data, ...rest }) => ({ ...rest, data: { ...data, sha256: "d".repeat(64) } }),
    /a file of another segment/,
  ],
  [
    "no segment before it",
    (manifest) => ({ ...manifest, previous: null }),
    /no place in the chain/,
  ],
  [
    "a block less",
    ({ blocks, ...rest }) => ({ ...rest, blocks: blocks.slice(0, -1) }),
    /not the whole file/,
  ],
  [
    "no first block",
    ({ blocks, ...rest }) => ({ ...rest, blocks: blocks.slice(1) }),
    /do not follow each other/,
  ],
  [
    "another number of payments",
    (manifest) => ({ ...manifest, payments: 129 }),
    /number of payments/,
  ],
  [
    "a merchant less",
    ({ merchants, ...rest }) => ({ ...rest, merchants: merchants.slice(1) }),
    /number of payments/,
  ],
  ["fewer events than payments", (manifest) => ({ ...manifest, events: 129 }), /fewer events/],
])("A manifest with %s is refused", (_, change, reason) => {
  const { bytes, ref } = rewritten(change);
  expect(() => parseManifest(bytes, ref)).toThrow(reason);
});
