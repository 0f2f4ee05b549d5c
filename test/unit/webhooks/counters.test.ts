/** What a dispatcher counts, over rollbacks and restarts. */
import { expect, it } from "vitest";
import { NOW_MS } from "../../support/examples";
import {
  add,
  commit,
  counters,
  deliveries,
  ENDPOINT,
  restart,
  storage,
} from "../../support/webhook-store";

const pending = () => {
  const of = (name: string) =>
    counters.all().find((count) => count.name === name && count.labels === "status=pending")
      ?.value ?? 0;
  return { entered: of("deliveries_entered"), left: of("deliveries_left") };
};
const stateRow = () => storage.sql.exec("SELECT * FROM state").toArray();
const giveUp = (position: number) =>
  commit(() => deliveries.giveUp({ position, endpoint_id: ENDPOINT.id }, NOW_MS));

it("A commit that only adds deliveries does not write the counters, and a start counts them again", () => {
  const before = stateRow();
  for (let count = 0; count < 3; count++) add(NOW_MS);
  expect(stateRow()).toEqual(before);
  expect(pending()).toEqual({ entered: 3, left: 0 });
  for (let life = 0; life < 2; life++) {
    restart();
    expect(pending()).toEqual({ entered: 3, left: 0 });
  }
  giveUp(1);
  expect(stateRow()).not.toEqual(before);
  add(NOW_MS);
  restart();
  expect(pending()).toEqual({ entered: 4, left: 1 });
});

it("A delivery whose commit was rolled back is not counted, in this life or the next", () => {
  add(NOW_MS);
  expect(() =>
    commit(() => {
      counters.added();
      throw new Error("disk full");
    }),
  ).toThrow("disk full");
  expect(pending()).toEqual({ entered: 1, left: 0 });
  restart();
  expect(pending()).toEqual({ entered: 1, left: 0 });
});

it("Deliveries are counted once when the first commit that writes the counters was rolled back", () => {
  add(NOW_MS);
  expect(() =>
    commit(() => {
      deliveries.giveUp({ position: 1, endpoint_id: ENDPOINT.id }, NOW_MS);
      throw new Error("disk full");
    }),
  ).toThrow("disk full");
  expect(pending()).toEqual({ entered: 1, left: 0 });
  add(NOW_MS);
  restart();
  expect(pending()).toEqual({ entered: 2, left: 0 });
});

it("The deliveries of a dispatcher whose first release counted nothing are counted once", () => {
  add(NOW_MS);
  add(NOW_MS);
  giveUp(1);
  storage.sql.exec(`UPDATE state SET counters = NULL, checkpoints = '{"position":2}'`);
  restart();
  expect(pending()).toEqual({ entered: 1, left: 0 });
});
