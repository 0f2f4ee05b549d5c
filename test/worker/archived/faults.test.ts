/** What is wrong with the archive is never taken for a payment, nor for a missing one. */
import { runDurableObjectAlarm } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { Transaction } from "../../../src/domain/transaction/transaction";
import { freshKey, problem, TRANSACTIONS } from "../../support/api";
import { archiveEverything, isArchived, segmentOf } from "../../support/archiving";
import { env } from "../../support/env";
import { eventually } from "../../support/eventually";
import { ownerOf, shop } from "../../support/owner";

const bucket = env.ARCHIVE as R2Bucket; // wrangler.toml binds it.

async function archived(): Promise<{ id: string; key: string; data: string; manifest: string }> {
  const key = freshKey();
  const { id } = await shop.created({}, key);
  await shop.process(id);
  await archiveEverything();
  return { id, key, ...(await segmentOf(id)) };
}

/** Changes an object, runs work, and puts the object back. */
async function whileChanged(
  key: string,
  change: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer> | null,
  work: () => Promise<void>,
): Promise<void> {
  const bytes = new Uint8Array((await (await bucket.get(key))?.arrayBuffer()) ?? []);
  const changed = change(bytes.slice());
  if (changed) await bucket.put(key, changed);
  else await bucket.delete(key);
  try {
    await work();
  } finally {
    await bucket.put(key, bytes);
  }
}

const CHANGES: [string, (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer> | null][] = [
  ["is deleted", () => null],
  ["is shorter", (bytes) => bytes.slice(0, bytes.length - 1)],
  ["has another byte", (bytes) => bytes.with(20, (bytes[20] ?? 0) ^ 1) as Uint8Array<ArrayBuffer>],
];

describe("an object of the archive", () => {
  it.each(CHANGES)(
    "A segment that %s is a 503, and is read again when it is back",
    async (_, change) => {
      const { id, key, data } = await archived();
      await whileChanged(data, change, async () => {
        const responses = [
          await shop.get(`${TRANSACTIONS}/${id}`),
          await shop.get(`${TRANSACTIONS}/${id}/events`),
          await shop.get(`/api/v1/idempotency-keys/${key}`),
          await shop.create({}, key),
          await shop.process(id),
          await shop.get(`/api/v1/refunds/re_${id.slice(4)}_${"a".repeat(16)}`),
        ];
        for (const response of responses) {
          expect(response.status).toBe(503);
          expect(response.headers.get("Retry-After")).toBe("2");
          expect((await problem(response)).code).toBe("unavailable");
        }
      });
      expect((await shop.find(id)).status).toBe("completed");
      expect((await shop.create({}, key)).status).toBe(201);
      expect(await isArchived(id)).toBe(true);
    },
  );

  it("Hot payments of the same shard are not affected", async () => {
    const { id, data } = await archived();
    const hot = await hotPaymentBeside(id);
    await whileChanged(
      data,
      () => null,
      async () => {
        expect((await shop.get(`${TRANSACTIONS}/${id}`)).status).toBe(503);
        expect((await shop.get(`${TRANSACTIONS}/${hot.id}`)).status).toBe(200);
        expect((await shop.process(hot.id)).status).toBe(200);
      },
    );
  });
});

/** A pending payment of the same shard. */
async function hotPaymentBeside(id: string): Promise<Transaction> {
  const shard = ownerOf(id).id.toString();
  for (;;) {
    const made = await shop.created();
    if (ownerOf(made.id).id.toString() === shard) return made;
  }
}

describe("a shard", () => {
  it("It archives by its alarm, without a request to do so", async () => {
    const { id } = await shop.created();
    await shop.process(id);
    await eventually(async () => {
      // As a scrape of the metrics does.
      await ownerOf(id).ready();
      await runDurableObjectAlarm(ownerOf(id));
      expect(await isArchived(id)).toBe(true);
    });
  });
});
