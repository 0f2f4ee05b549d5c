/** An erasure of a customer whose merchant is being moved to another book. */
import { runDurableObjectAlarm } from "cloudflare:test";
import { expect, it } from "vitest";
import { advanceMove } from "../../../src/d1/books/moves/advance";
import { admin, clientOf } from "../../support/api";
import { dbOf } from "../../support/books";
import { env } from "../../support/env";

const CUSTOMER = "customer-to-erase";

/** The rows of lists that have a text, in each book. */
async function rowsWith(text: string): Promise<number[]> {
  const counts = await Promise.all(
    [1, 2, 3].map((book) =>
      dbOf(book)
        .prepare("SELECT count(*) AS n FROM listed_transactions WHERE user_id = ?1 OR data LIKE ?2")
        .bind(text, `%${text}%`)
        .first<number>("n"),
    ),
  );
  return counts.map((count) => count ?? 0);
}

it("It waits until the move has ended, and then no book has the customer's data", async () => {
  const made = await admin("/api/v1/merchants", { name: "Shop", book: 1 });
  const { id: merchant } = (await made.json()) as { id: string };
  const scopes = ["transactions:read", "transactions:write", "customers:erase"];
  const key = (await (
    await admin(`/api/v1/merchants/${merchant}/api-keys`, { scopes })
  ).json()) as {
    id: string;
    key: string;
  };
  const client = clientOf(merchant, key.id, key.key);
  for (let count = 0; count < 2; count++) {
    await client.process((await client.created({ user_id: CUSTOMER })).id);
  }
  await client.get("/api/v1/transactions");
  expect(await rowsWith(CUSTOMER)).toEqual([2, 0, 0]);
  let nowMs = Date.now();
  const step = async () => {
    const moved = await advanceMove(env, merchant, 2, nowMs);
    nowMs += moved?.wait_ms ?? 0;
    return moved?.phase;
  };
  while ((await step()) !== "opened");
  expect(await rowsWith(CUSTOMER)).toEqual([2, 2, 0]);
  const started = await client.ask("DELETE", `/api/v1/customers/${CUSTOMER}`);
  expect(started.status).toBe(202);
  const { id } = (await started.json()) as { id: string };
  const alarm = () => runDurableObjectAlarm(env.ERASURES.getByName(id)).catch(() => false);
  await alarm();
  const find = async () =>
    (await (await client.get(`/api/v1/erasures/${id}`)).json()) as { status: string };
  expect((await find()).status).not.toBe("completed");
  while ((await step()) !== "done");
  for (let tries = 0; (await find()).status !== "completed"; tries++) {
    if (tries > 50) throw new Error("the erasure does not end");
    await scheduler.wait(100);
    await alarm();
  }
  expect(await rowsWith(CUSTOMER)).toEqual([0, 0, 0]);
});
