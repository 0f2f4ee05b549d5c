/** Segments: what is in which block, and what a manifest says about it. */
import { execFileSync } from "node:child_process";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, it } from "vitest";
import { readBlockLines } from "../../../src/archive/archive-store";
import { type ArchivedPayment, fromLine, toLine } from "../../../src/archive/line";
import { compareKeys, type Manifest } from "../../../src/archive/manifest";
import { buildSegment, MAX_LINE_BYTES, type Segment } from "../../../src/archive/segment";
import { hashSha256Hex } from "../../../src/domain/identity/sha256";
import { build, keyOf, PLACE, paymentsOf, sealed } from "../../support/archive";

const blockOf = ({ data }: Segment, { offset, bytes }: Manifest["blocks"][number]) =>
  data.slice(offset, offset + bytes);
const textOf = (payments: ArchivedPayment[]) =>
  payments.map((payment) => `${toLine(payment)}\n`).join("");
const inOrder = (payments: ArchivedPayment[]) =>
  payments.toSorted((one, other) => compareKeys(keyOf(one), keyOf(other)));

it("A segment has blocks of 64 payments, in the order of merchant and time", async () => {
  const payments = paymentsOf(["mer_b", "mer_a"], 200);
  const { manifest, ref, manifest_bytes, data, places } = await sealed(payments, {
    number: 12,
    previous: "a".repeat(64),
  });
  const keys = inOrder(payments).map(keyOf);
  const key = (at: number) => [keys[at]?.merchant_id, keys[at]?.created_at, keys[at]?.id];
  expect(manifest).toMatchObject({
    format: 1,
    packing: 1,
    shard: "shard-0",
    number: 12,
    previous: "a".repeat(64),
    replaces: [],
    sealed_at: "2027-02-20T21:00:00.000Z",
    data: {
      key: `segments/shard-0/00000012-${hashSha256Hex(data).slice(0, 16)}.ndjson.gz`,
      bytes: data.byteLength,
      sha256: hashSha256Hex(data),
    },
    payments: 200,
    events: 600,
    first_position: 1,
    last_position: 1_995,
    first_created_at: "2026-11-22T21:00:00.000Z",
    last_created_at: "2026-11-22T21:03:19.000Z",
    merchants: [
      ["mer_a", 100, "2026-11-22T21:00:01.000Z", "2026-11-22T21:03:19.000Z"],
      ["mer_b", 100, "2026-11-22T21:00:00.000Z", "2026-11-22T21:03:18.000Z"],
    ],
  });
  expect(manifest.blocks.map(({ payments: count, first }) => [count, first])).toEqual([
    [64, key(0)],
    [64, key(64)],
    [64, key(128)],
    [8, key(192)],
  ]);
  expect(keys.map(({ id }) => places.get(id))).toEqual(keys.map((_, at) => Math.floor(at / 64)));
  expect(ref).toEqual({ shard: "shard-0", number: 12, hash: hashSha256Hex(manifest_bytes) });
  expect(new TextDecoder().decode(manifest_bytes)).toBe(JSON.stringify(manifest));
});

it("A whole segment is an ordinary file of compressed lines, which gunzip reads", async () => {
  const payments = paymentsOf(["mer_a", "mer_b"], 200);
  const { data } = await sealed(payments);
  const text = execFileSync("gzip", ["-dc"], { input: data, encoding: "utf8" });
  expect(text).toBe(textOf(inOrder(payments)));
});

it("The same payments make the same bytes, whatever the order in which they are given", async () => {
  const payments = paymentsOf(["mer_a"], 100);
  const { ref, data } = await sealed(payments);
  const again = await sealed(payments.toReversed());
  expect(again.ref).toEqual(ref);
  expect(again.data).toEqual(data);
});

it("Whatever the payments are, each is found in its block", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 150 }),
      fc.integer({ min: 1, max: 5 }),
      async (count, merchants) => {
        const names = Array.from({ length: merchants }, (_, at) => `mer_${at}`);
        const payments = paymentsOf(names, count);
        const segment = await sealed(payments);
        const { blocks } = segment.manifest;
        const read = blocks.map((block) => readBlockLines(blockOf(segment, block), block, "key"));
        for (const payment of payments) {
          const { id } = keyOf(payment);
          const line = read[segment.places.get(id) ?? -1]?.find((one) => one.includes(id));
          expect(fromLine(line ?? "", "key")).toEqual(payment);
        }
      },
    ),
    { numRuns: 10 },
  );
});

it("At most a block's payments are read at a time, and other work runs between two blocks", async () => {
  const payments = new Map(
    paymentsOf(["mer_a"], 200).map((payment) => [keyOf(payment).id, payment]),
  );
  const steps: string[] = [];
  let isBuilding = true;
  const work = async () => {
    while (isBuilding) {
      steps.push("other");
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  };
  const building = buildSegment(PLACE, [...payments.values()].map(keyOf), (keys) => {
    steps.push(`block of ${keys.length}`);
    return keys.map(({ id }) => payments.get(id) as ArchivedPayment); // Of the same map.
  }).finally(() => {
    isBuilding = false;
  });
  await Promise.all([building, work()]);
  const blocks = steps.filter((step) => step !== "other");
  expect(blocks).toEqual(["block of 64", "block of 64", "block of 64", "block of 8"]);
  for (const [at, step] of steps.entries()) {
    const isLast = step === "block of 8";
    if (step !== "other" && !isLast) expect(steps[at + 1]).toBe("other");
  }
});

it("Payments with far more text than usual fill a block sooner", async () => {
  const payments = paymentsOf(["mer_a"], 70).map((payment) => grown(payment, 60_000));
  const { manifest } = await sealed(payments);
  expect(manifest.blocks.map((block) => block.payments)).toEqual([...Array(14).fill(5)]);
});

it("A payment that is too large for a line is left out and named", async () => {
  const payments = paymentsOf(["mer_a"], 3);
  const large = grown(payments[1] as ArchivedPayment, MAX_LINE_BYTES); // There are three.
  const { segment, too_large } = await build(payments.with(1, large));
  expect(too_large).toEqual([keyOf(large).id]);
  expect(segment?.manifest.payments).toBe(2);
  expect([...(segment?.places.keys() ?? [])]).not.toContain(keyOf(large).id);
  expect(await build([large])).toEqual({ segment: undefined, too_large });
});

it("A segment whose data is large ends before its last payment", async () => {
  const payments = paymentsOf(["mer_a"], 24).map((payment) => grown(payment, 1_000_000));
  const { segment, too_large } = await build(payments);
  const inside = segment?.manifest.payments ?? 0;
  expect(too_large).toEqual([]);
  expect(inside).toBeGreaterThan(4);
  expect(inside).toBeLessThan(24);
  expect(segment?.places.size).toBe(inside);
});

it("A segment of more than 1,024 payments, or of payments that their keys do not name, is refused", async () => {
  const payments = paymentsOf(["mer_a"], 3);
  const keys = payments.map(keyOf);
  const many = Array.from({ length: 1_025 }, () => keys[0] as (typeof keys)[0]);
  await expect(buildSegment(PLACE, many, () => [])).rejects.toThrow(/too many/);
  await expect(buildSegment(PLACE, keys, () => [])).rejects.toThrow(/fewer payments/);
  await expect(buildSegment(PLACE, keys, () => payments.toReversed())).rejects.toThrow(/another/);
  await expect(
    buildSegment(PLACE, keys.slice(2), () => payments.slice(2).concat(payments)),
  ).rejects.toThrow(/more/);
});

it("A payment that its line would not restore is refused", async () => {
  const [payment] = paymentsOf(["mer_a"], 1);
  const [first, ...rest] = payment?.events ?? [];
  if (!payment || !first) throw new Error("no payment");
  const unknown = { ...first, later: 1 };
  await expect(build([{ ...payment, events: [unknown, ...rest] }])).rejects.toThrow(/not restored/);
});

it("A block that unpacks to more than a block can have is refused", async () => {
  const { manifest } = await sealed(paymentsOf(["mer_a"], 1));
  const bytes = gzipSync(new Uint8Array(2 * MAX_LINE_BYTES));
  const block = { ...manifest.blocks[0], bytes: bytes.byteLength, sha256: hashSha256Hex(bytes) };
  const read = () => readBlockLines(bytes, block as Manifest["blocks"][number], "the-key");
  expect(read).toThrow("the-key: a block is not compressed text of the allowed size");
});

/** A payment with so many more characters, which do not compress. */
function grown(payment: ArchivedPayment, characters: number): ArchivedPayment {
  const noise = Array.from({ length: Math.ceil(characters / 64) }, (_, at) =>
    hashSha256Hex(`${keyOf(payment).id} ${at}`),
  ).join("");
  const events = payment.events.map((event) => {
    const { metadata: _, ...rest } = JSON.parse(event.data);
    return { ...event, data: JSON.stringify({ ...rest, metadata: { noise } }) };
  });
  return { ...payment, events };
}
