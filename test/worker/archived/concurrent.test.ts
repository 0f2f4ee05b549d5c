/** Requests meet while payments leave for the archive and come back. */
import { expect, it } from "vitest";
import type { Refund } from "../../../src/domain/transaction/refund";
import { freshKey, newClient, TRANSACTIONS } from "../../support/api";
import { archiveEverything } from "../../support/archiving";
import { readAll } from "../../support/list-pages";
import { times } from "../../support/owner";

it("Requests for payments that are being archived and put back change each once, and all see the same", async () => {
  const client = await newClient();
  const keys = times(6, () => freshKey());
  const made = await Promise.all(
    keys.map(async (key) => {
      const { id } = await client.created({ amount: 10 }, key);
      expect((await client.process(id)).status).toBe(200);
      return id;
    }),
  );
  const statuses = new Set<string>();
  const note = (what: string, status: number) => statuses.add(`${what} ${status}`);
  for (let round = 0; round < 6; round++) {
    const refundKeys = made.map(() => freshKey());
    const work = made.flatMap((id, at) => {
      const refund = async () => {
        const path = `${TRANSACTIONS}/${id}/refunds`;
        const key = refundKeys[at] ?? "";
        const response = await client.send(
          JSON.stringify({ amount: 1 }),
          { "Idempotency-Key": key },
          path,
        );
        note("refund", response.status);
      };
      const replay = async () =>
        note("create", (await client.create({ amount: 10 }, keys[at])).status);
      const process = async () => note("process", (await client.process(id)).status);
      const get = async () => note("get", (await client.get(`${TRANSACTIONS}/${id}`)).status);
      return [refund(), replay(), get(), process(), refund(), get(), replay()];
    });
    const archive = async () => {
      for (let pass = 0; pass < 4; pass++) await archiveEverything();
    };
    const list = async () => note("list", (await client.get(`${TRANSACTIONS}?limit=3`)).status);
    await Promise.all([...work, archive(), list(), list()]);
  }
  expect([...statuses].toSorted()).toEqual([
    "create 201",
    "get 200",
    "list 200",
    "process 200",
    "refund 201",
  ]);
  for (const id of made) {
    expect((await client.find(id)).amount_refunded_minor).toBe(600);
    const { data } = (await (await client.get(`/api/v1/refunds?transaction_id=${id}`)).json()) as {
      data: Refund[];
    };
    expect(data).toHaveLength(6);
  }
  const data = await readAll(client);
  expect(data.map(({ id }) => id).toSorted()).toEqual(made.toSorted());
  for (const one of data) expect(one).toEqual(await client.find(one.id));
});
