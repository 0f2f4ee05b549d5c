/** `npm run archive` with the archive that the shards write. */
import { exports } from "cloudflare:workers";
import { expect, it, vi } from "vitest";
import { openArchive } from "../../../scripts/archive/bundled/client";
import { exportPayments, type Output } from "../../../scripts/archive/bundled/export";
import { type Restored, restoreSegments } from "../../../scripts/archive/bundled/restore";
import { verify } from "../../../scripts/archive/bundled/verify";
import type { ArchivedPayment } from "../../../src/archive/line";
import { BASE, freshKey, TRANSACTIONS } from "../../support/api";
import { archiveEverything, isArchived } from "../../support/archiving";
import { env } from "../../support/env";
import { shop } from "../../support/owner";

// The command's requests reach the Worker without a server.
const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default; // vitest.config.ts makes it one.
const outside = fetch;
vi.stubGlobal("fetch", (input: RequestInfo, init?: RequestInit) => {
  const isOurs = typeof input === "string" && input.startsWith(BASE);
  // workerd has no `error`.
  const sent: RequestInit = { ...init, redirect: "manual" };
  return isOurs ? worker.fetch(new Request(input, sent)) : outside(input, init);
});
const deployment = { url: BASE, token: env.ADMIN_TOKEN };
const archive = openArchive(deployment);
const ALWAYS = { from: "0000", through: "9999" };

async function readAll(): Promise<Map<string, ArchivedPayment>> {
  const found = new Map<string, ArchivedPayment>();
  const output: Output = {
    add: async (_, payment) => {
      const id = payment.events[0]?.transaction_id ?? "";
      expect(found.has(id)).toBe(false);
      found.set(id, payment);
    },
    end: async () => {},
    abandon: async () => {},
  };
  expect(await exportPayments(archive, ALWAYS, undefined, output)).toBe(found.size);
  return found;
}

it("An archive that the shards have written is complete, and an export has what the API shows", async () => {
  const made = await Promise.all(
    Array.from({ length: 40 }, async (_, at) => {
      const metadata = { order: `"\u2028 💶 ${at}` };
      const { id } = await shop.created(
        { user_id: `user_${at}`, amount: 30, metadata },
        freshKey(),
      );
      await (at % 3 === 0 ? shop.cancel(id) : shop.process(id));
      return id;
    }),
  );
  await archiveEverything();
  const [, refundedId = ""] = made;
  const refund = await shop.send(
    JSON.stringify({ amount: 12.5 }),
    { "Idempotency-Key": freshKey() },
    `${TRANSACTIONS}/${refundedId}/refunds`,
  );
  expect(refund.status).toBe(201);
  await archiveEverything();

  const verified = await verify(archive);
  expect(verified).toMatchObject({ shards: 8, breaks: [], unnamed: [] });
  // The payment with a refund is in two segments.
  expect(verified.payments).toBe(41);
  const found = await readAll();
  expect([...found.keys()].sort()).toEqual([...made].sort());
  for (const [id, { events }] of found) {
    const shown = await shop.get(`${TRANSACTIONS}/${id}`);
    expect(events.at(-1)?.data).toBe(await shown.text());
  }
  expect(found.get(refundedId)?.refunds).toHaveLength(1);
});

it("Segments that are put back answer from the shard, and the archive stays complete", async () => {
  const { id } = await shop.created({ user_id: "restored", amount: 30 }, freshKey());
  await shop.process(id);
  await archiveEverything();
  expect(await isArchived(id)).toBe(true);
  const before = await (await shop.get(`${TRANSACTIONS}/${id}`)).text();
  const wanted = { range: ALWAYS, days: 1 };
  const restored: Restored[] = [];
  for await (const one of restoreSegments(deployment, archive, wanted)) restored.push(one);
  expect(restored.reduce((sum, { payments }) => sum + payments, 0)).toBe((await readAll()).size);
  for await (const { payments } of restoreSegments(deployment, archive, wanted)) {
    expect(payments).toBe(0);
  }
  await archiveEverything();
  expect(await isArchived(id)).toBe(false);
  expect(await (await shop.get(`${TRANSACTIONS}/${id}`)).text()).toBe(before);
  expect(await verify(archive)).toMatchObject({ breaks: [], unnamed: [] });
});
