/** Faults that a system could have in its responses and its lists of transactions; each with the difference
 *  that the reconciliation has to report. */

import type { World } from "../../../simulate/world";
import {
  answerOf,
  at,
  changeEverywhere,
  chargeTwice,
  firstOf,
  logOf,
  merchantOf,
  recordOf,
} from "./look";

export type Fault = [fault: string, named: string | RegExp, plant: (world: World) => unknown];

export const FAULTS_INSIDE: Fault[] = [
  [
    "what has not settled",
    "settling: there was still: 3 open charges",
    (world) => (world.unsettled = "3 open charges"),
  ],
  [
    "an order that was never sent",
    "simulator: order-1 was never sent",
    (world) => delete world.records[0],
  ],
  [
    "a request that the API calls wrong",
    "a create was answered 400 invalid_request",
    (world) => Object.assign(answerOf(world, "create"), { status: 400, code: "invalid_request" }),
  ],
  [
    "an internal error",
    "answers: 2 requests were answered 500",
    (world) => (world.attempts.faulted = 2),
  ],
  [
    "a key that was never answered",
    "order-1: POST was not answered",
    (world) => at(world.records, 0).unanswered.push("POST was not answered"),
  ],
  [
    "another transaction for a repeated create",
    "an answer has another id than was sent",
    (world) => {
      const { transaction } = answerOf(world, "create");
      if (transaction) transaction.id = "txn_other";
    },
  ],
  [
    "a repeated create with other bytes",
    "its create was answered in 2 ways",
    (world) => {
      const repeated = world.records.find(({ creates }) => creates > 1);
      Object.assign(repeated?.answers.findLast(({ call }) => call === "create") ?? {}, {
        text: "{}",
      });
    },
  ],
  [
    "two creates of one key that were both the first",
    "2 creates were answered as the first",
    (world) => {
      const all = world.records.flatMap(({ answers }) => answers);
      Object.assign(all.find(({ replayed }) => replayed) ?? {}, { replayed: false });
    },
  ],
  [
    "a reused key that was let pass",
    "a reuse was answered 201",
    (world) => Object.assign(answerOf(world, "reuse"), { status: 201, code: null }),
  ],
  [
    "a reused key that was refused for another field",
    "a reuse was refused for #/currency and not for #/amount",
    (world) => Object.assign(answerOf(world, "reuse"), { pointers: ["#/currency"] }),
  ],
  [
    "a process that fails",
    "a process was answered 500 internal_error",
    (world) => Object.assign(answerOf(world, "process"), { status: 500, code: "internal_error" }),
  ],
  [
    "a read that is behind what was acknowledged",
    /a get told version \d after version 9 was acknowledged/,
    (world) => Object.assign(answerOf(world, "get"), { floor: 9 }),
  ],
  [
    "a list that is behind what was acknowledged",
    "a list told version 0 after version 1 was acknowledged",
    (world) => Object.assign(answerOf(world, "list"), { list: [], floor: 1 }),
  ],
  [
    "a version that was answered in two ways",
    /version \d was answered in 2 ways/,
    (world) => {
      const { answers } = recordOf(
        world,
        (_, { answers }) =>
          answers.filter(({ call, status }) => call === "process" && status === 200).length > 1,
      );
      const last = answers.findLast(({ call }) => call === "process");
      Object.assign(last?.transaction ?? {}, { updated_at: "2000-01-01T00:00:00.000Z" });
    },
  ],
  [
    "a log with a gap",
    "a log of events had a gap",
    (world) => answerOf(world, "events").events?.splice(0, 1),
  ],
  [
    "an acknowledged amount that is not what was sent",
    "an answer has another amount_minor than was sent",
    (world) => Object.assign(answerOf(world, "create").transaction ?? {}, { amount_minor: 1 }),
  ],
  [
    "a key that is lost",
    "book: mer_0 order-1: the key is not known",
    (world) =>
      merchantOf(world).by_key.set(
        at(
          world.plan.orders.filter((one) => one.merchant === 0),
          0,
        ).key,
        null,
      ),
  ],
  [
    "a transaction that the list does not have",
    "order-1: the list has it otherwise or not",
    (world) => merchantOf(world).list.pop(),
  ],
  [
    "a transaction that the list has twice",
    /the list has \S+ txn_mer_0-order-\d+ twice/,
    (world) => merchantOf(world).list.unshift(at(merchantOf(world).list, 0)),
  ],
  [
    "a list that is not sorted",
    "book: mer_0 the list is not sorted",
    (world) => merchantOf(world).list.reverse(),
  ],
  [
    "a transaction that no client requested",
    "nobody asked for txn_zz",
    (world) => {
      const { list } = merchantOf(world);
      list.unshift({ ...at(list, 0), id: "txn_zz", idempotency_key: "order-0" });
    },
  ],
  [
    "a key with two transactions",
    /order-\d+: the key has two transactions/,
    (world) => {
      const { list } = merchantOf(world);
      list.unshift({ ...at(list, 0), id: "txn_zz" });
    },
  ],
  [
    "an answer that went back behind an acknowledged version",
    "version 9 was acknowledged and is gone",
    (world) => Object.assign(at(world.records, 0), { version: 9 }),
  ],
  [
    "an amount that changed in all places at once",
    "it has another amount_minor than was sent",
    (world) => changeEverywhere(world, (seen) => Object.assign(seen, { amount_minor: 1 })),
  ],
  [
    "a log without its last event",
    "the last event is not the transaction",
    (world) => logOf(world).pop(),
  ],
  [
    "a charge that was made twice",
    /order-\d+: nothing may become created processing completed completed/,
    chargeTwice,
  ],
  [
    "an event that is called otherwise",
    "event 1 is called evt_other_1",
    (world) => Object.assign(at(firstOf(merchantOf(world).logs)[1], 0), { id: "evt_other_1" }),
  ],
  [
    "a feed without an event",
    "the feed does not have evt_mer_0-order-1_2",
    (world) => merchantOf(world).feed.splice(1, 1),
  ],
  [
    "a feed with an event twice",
    "the feed has evt_mer_0-order-1_1 twice",
    (world) => merchantOf(world).feed.push(at(merchantOf(world).feed, 0)),
  ],
  ["a feed out of order", "out of order", (world) => merchantOf(world).feed.reverse()],
  [
    "a charge with another outcome than the processor's",
    /it is cancelled with \d+ captured and not completed/,
    (world) => changeEverywhere(world, (seen) => Object.assign(seen, { status: "cancelled" })),
  ],
  [
    "a process and a cancel that both won",
    "a process and a cancel were both answered as done",
    (world) => {
      const { answers } = recordOf(world, ({ story }) => story === "cancel_races");
      const transaction = { ...answers[0]?.transaction, status: "cancelled" };
      const refused = answers.find(({ call }) => call === "cancel");
      Object.assign(refused ?? {}, { status: 200, code: null, transaction });
    },
  ],
  [
    "another score than the rules'",
    "it scores 30 and not 0",
    (world) => changeEverywhere(world, (seen) => Object.assign(seen, { fraud_score: 30 })),
  ],
  [
    "a customer whose payments were counted wrongly",
    /\d payments were counted as 2, 2/,
    (world) => {
      const signals = { "customer.count.24h": 2 };
      const risk = { decision: "approve", reasons: [], signals };
      changeEverywhere(world, (seen) => Object.assign(seen, { risk }));
    },
  ],
];
