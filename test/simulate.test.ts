/** The pure parts of the simulator: its traffic is a function of its seed, and its reconciliation finds each
 *  kind of fault. A reconciliation that lets everything pass would prove nothing. */
import { describe, expect, it } from "vitest";
import {
  assess as assessPayment,
  DECIMALS,
  RULES,
  SANDBOX,
} from "../scripts/simulate/expectation.mjs";
import { parseExposition } from "../scripts/simulate/exposition.mjs";
import { readOptions } from "../scripts/simulate/options.mjs";
import { makePlan } from "../scripts/simulate/plan.mjs";
import { reconcile } from "../scripts/simulate/reconcile.mjs";
import { differencesText, tableOf } from "../scripts/simulate/report.mjs";
import { currencyDecimals } from "../src/domain/currency";
import { parseAmount } from "../src/domain/money";
import { SANDBOX_OUTCOMES } from "../src/processor/sandbox";
import {
  type Answer,
  at,
  type Delivery,
  idealWorld,
  type Merchant,
  type Receiver,
  type World,
} from "./support/simulated-world";

const SIZE = { seed: "7", transactions: 400, merchants: 2, customers: 100, chaos: false };
const plan = makePlan(SIZE);

describe("the plan", () => {
  it("is a function of the seed", () => {
    expect(makePlan(SIZE)).toEqual(plan);
    expect(makePlan({ ...SIZE, seed: "8" }).digest).not.toBe(plan.digest);
  });

  it("has the orders that were asked for, under keys of their merchants' own", () => {
    expect(plan.orders).toHaveLength(SIZE.transactions);
    const names = plan.orders.map(({ merchant, key }) => `${merchant} ${key}`);
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(plan.orders.map(({ key }) => key)).size).toBeLessThan(names.length);
  });

  it("spells each amount in ways that the API reads as the same money", () => {
    for (const { spellings, amount_minor, currency } of plan.orders) {
      const decimals = currencyDecimals(currency) ?? -1;
      expect(DECIMALS[currency]).toBe(decimals);
      for (const spelling of spellings) {
        expect(parseAmount(String(spelling), decimals)).toEqual({ ok: true, amount_minor });
      }
    }
  });

  it("has something of everything that is reconciled", () => {
    const calls = plan.orders.flatMap(({ visits }) => visits.flat());
    for (const call of ["create", "reuse", "process", "cancel", "get", "key", "list", "events"]) {
      expect(
        calls.some((step) => step.calls.some((one) => one === call)),
        call,
      ).toBe(true);
    }
    expect(calls.some(({ hangs_up_after_ms }) => hangs_up_after_ms !== undefined)).toBe(true);
    expect(plan.orders.some(({ wants_own_url }) => wants_own_url)).toBe(true);
    expect(plan.orders.some((order) => assessPayment(order, false).isBlocked)).toBe(true);
    const buyers = Map.groupBy(plan.orders, ({ body }) => body.user_id);
    expect(Math.max(...[...buyers.values()].map((own) => own.length))).toBeGreaterThan(RULES.daily);
  });

  it("takes every visit up once, parts of an order in their order", () => {
    const next = new Map<number, number>();
    for (const [order, part] of plan.queue) {
      expect(part).toBe(next.get(order) ?? 0);
      next.set(order, part + 1);
    }
    for (const { index, visits } of plan.orders) expect(next.get(index)).toBe(visits.length);
  });

  it("plans faults only for chaos", () => {
    expect(plan.faults).toEqual([]);
    const kinds = makePlan({ ...SIZE, chaos: true }).faults.map(({ kind }) => kind);
    expect([...new Set(kinds)].sort()).toEqual(["kill", "outage"]);
  });
});

it("expects of the sandbox what the sandbox does", () => {
  const actual = Object.entries(SANDBOX_OUTCOMES).map(([name, { amount_ending, answer }]) => [
    name,
    amount_ending,
    answer.kind === "settled" ? "completed" : "failed",
    answer.kind === "settled" ? null : answer.failure.code,
  ]);
  const expected = Object.entries(SANDBOX).map(([name, { ending, status, code }]) => [
    name,
    ending,
    status,
    code,
  ]);
  expect(expected).toEqual(actual);
});

describe("the reconciliation", () => {
  it("finds no difference where there is none", () => {
    expect(reconcile(idealWorld(plan))).toEqual([]);
  });

  const merchantOf = ({ merchants }: World): Merchant => at(merchants, 0);
  const endpointOf = (world: World, kind: string): Receiver => {
    const found = merchantOf(world).endpoints.find((endpoint) => endpoint.kind === kind);
    if (!found) throw new Error(`there is no ${kind} endpoint`);
    return found;
  };
  const deliveryTo = (world: World, kind: string): Delivery => {
    const { id } = endpointOf(world, kind);
    const found = merchantOf(world).deliveries.find(({ endpoint_id }) => endpoint_id === id);
    if (!found) throw new Error(`there is no delivery to a ${kind} endpoint`);
    return found;
  };
  const answerOf = ({ records }: World, call: string, status?: number): Answer => {
    const answers = records.flatMap((record) => record.answers);
    const found = answers.findLast(
      (answer) => answer.call === call && (status ?? answer.status) === answer.status,
    );
    if (!found) throw new Error(`there is no answer to a ${call}`);
    return found;
  };
  const firstOf = <Key, Value>(map: Map<Key, Value>): [Key, Value] => at([...map], 0);
  const sampleOf = (world: World, name: string, labels: Record<string, string>) => {
    const found = world.metrics.find(
      (sample) =>
        sample.name === name &&
        Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    );
    if (!found) throw new Error(`there is no ${name}`);
    return found;
  };
  /** Every observer sees the same other transaction. */
  const changeEverywhere = (world: World, change: (seen: { [name: string]: unknown }) => void) => {
    const merchant = merchantOf(world);
    const [id, exact] = firstOf(merchant.exact);
    change(exact);
    change(
      at(
        merchant.list.filter((one) => one.id === id),
        0,
      ),
    );
    change(merchant.by_key.get(exact.idempotency_key) ?? {});
    change(at(merchant.logs.get(id) ?? [], -1).data);
    change(
      at(
        merchant.feed.filter(({ transaction_id }) => transaction_id === id),
        -1,
      ).data,
    );
  };

  it.each<[fault: string, area: string, plant: (world: World) => unknown]>([
    ["what has not settled", "settling", (world) => (world.unsettled = "3 open charges")],
    ["an order that was never sent", "simulator", (world) => delete world.records[0]],
    [
      "a request that the API calls wrong",
      "simulator",
      (world) => Object.assign(answerOf(world, "create"), { status: 400, code: "invalid_request" }),
    ],
    [
      "a key that was never answered",
      "answers",
      (world) => at(world.records, 0).unanswered.push("POST was not answered"),
    ],
    [
      "another transaction for a repeated create",
      "answers",
      (world) => {
        const { transaction } = answerOf(world, "create");
        if (transaction) transaction.id = "txn_other";
      },
    ],
    [
      "a repeated create with other bytes",
      "answers",
      (world) => {
        const repeated = world.records.find(({ creates }) => creates > 1);
        Object.assign(repeated?.answers.findLast(({ call }) => call === "create") ?? {}, {
          text: "{}",
        });
      },
    ],
    [
      "two creates of one key that were both the first",
      "answers",
      (world) => {
        const all = world.records.flatMap(({ answers }) => answers);
        Object.assign(all.find(({ replayed }) => replayed) ?? {}, { replayed: false });
      },
    ],
    [
      "a reused key that was let pass",
      "answers",
      (world) => Object.assign(answerOf(world, "reuse"), { status: 201, code: null }),
    ],
    [
      "a reused key that was refused for another field",
      "answers",
      (world) => Object.assign(answerOf(world, "reuse"), { pointers: ["#/currency"] }),
    ],
    [
      "a process that fails",
      "answers",
      (world) => Object.assign(answerOf(world, "process"), { status: 500, code: "internal_error" }),
    ],
    [
      "a read that is behind what was acknowledged",
      "answers",
      (world) => Object.assign(answerOf(world, "get"), { floor: 9 }),
    ],
    [
      "a list that is behind what was acknowledged",
      "answers",
      (world) => Object.assign(answerOf(world, "list"), { list: [], floor: 1 }),
    ],
    ["a log with a gap", "answers", (world) => answerOf(world, "events").list?.splice(0, 1)],
    [
      "an acknowledged amount that is not what was sent",
      "answers",
      (world) => Object.assign(answerOf(world, "create").transaction ?? {}, { amount_minor: 1 }),
    ],
    [
      "a key that is lost",
      "book",
      (world) =>
        merchantOf(world).by_key.set(
          at(
            world.plan.orders.filter((one) => one.merchant === 0),
            0,
          ).key,
          null,
        ),
    ],
    ["a transaction that the list does not have", "book", (world) => merchantOf(world).list.pop()],
    [
      "a transaction that the list has twice",
      "book",
      (world) => merchantOf(world).list.unshift(at(merchantOf(world).list, 0)),
    ],
    ["a list that is not sorted", "book", (world) => merchantOf(world).list.reverse()],
    [
      "a transaction that nobody asked for",
      "book",
      (world) => {
        const { list } = merchantOf(world);
        list.unshift({ ...at(list, 0), id: "txn_zz", idempotency_key: "order-0" });
      },
    ],
    [
      "a key with two transactions",
      "book",
      (world) => {
        const { list } = merchantOf(world);
        list.unshift({ ...at(list, 0), id: "txn_zz" });
      },
    ],
    [
      "an answer that went back behind an acknowledged version",
      "book",
      (world) => Object.assign(at(world.records, 0), { version: 9 }),
    ],
    [
      "an amount that changed in all places at once",
      "book",
      (world) => changeEverywhere(world, (seen) => Object.assign(seen, { amount_minor: 1 })),
    ],
    ["a log without its last event", "book", (world) => firstOf(merchantOf(world).logs)[1].pop()],
    [
      "an event that is called otherwise",
      "book",
      (world) => Object.assign(at(firstOf(merchantOf(world).logs)[1], 0), { id: "evt_other_1" }),
    ],
    ["a feed without an event", "book", (world) => merchantOf(world).feed.splice(1, 1)],
    [
      "a feed with an event twice",
      "book",
      (world) => merchantOf(world).feed.push(at(merchantOf(world).feed, 0)),
    ],
    ["a feed out of order", "book", (world) => merchantOf(world).feed.reverse()],
    [
      "a charge with another outcome than the sandbox's",
      "outcomes",
      (world) => changeEverywhere(world, (seen) => Object.assign(seen, { status: "cancelled" })),
    ],
    [
      "a process and a cancel that both won",
      "outcomes",
      (world) => Object.assign(answerOf(world, "cancel", 409), { status: 200, code: null }),
    ],
    [
      "another score than the rules'",
      "outcomes",
      (world) => changeEverywhere(world, (seen) => Object.assign(seen, { fraud_score: 30 })),
    ],
    [
      "a customer whose payments were counted wrongly",
      "outcomes",
      (world) => {
        const risk = { decision: "approve", reasons: [{ rule: "frequency" }] };
        changeEverywhere(world, (seen) => Object.assign(seen, { fraud_score: 30, risk }));
      },
    ],
    [
      "an event that a receiver never got",
      "webhooks",
      (world) => endpointOf(world, "slow").log.delete(firstOf(endpointOf(world, "slow").log)[0]),
    ],
    [
      "an event that a receiver never took",
      "webhooks",
      (world) => Object.assign(at(firstOf(endpointOf(world, "flaky").log)[1], 0), { status: 500 }),
    ],
    [
      "a webhook that is not the API's event",
      "webhooks",
      (world) => Object.assign(at(firstOf(endpointOf(world, "fine").log)[1], 0), { text: "{}" }),
    ],
    [
      "a webhook that is not signed",
      "webhooks",
      (world) => endpointOf(world, "hanging").unverified.push("evt_1: no signature"),
    ],
    [
      "a webhook that nobody asked for",
      "webhooks",
      (world) => endpointOf(world, "fine").log.set("evt_other", [{ text: "{}", status: 204 }]),
    ],
    [
      "an event that a transaction's own URL never got",
      "webhooks",
      (world) => merchantOf(world).own.log.delete(firstOf(merchantOf(world).own.log)[0]),
    ],
    [
      "a delivery that the log has lost",
      "webhooks",
      (world) => {
        const lost = deliveryTo(world, "hanging");
        merchantOf(world).deliveries = merchantOf(world).deliveries.filter((one) => one !== lost);
      },
    ],
    [
      "a delivery that arrived and is pending in the log",
      "webhooks",
      (world) => Object.assign(deliveryTo(world, "fine"), { status: "pending" }),
    ],
    [
      "a delivery that is succeeded though nobody answered",
      "webhooks",
      (world) => Object.assign(deliveryTo(world, "hanging"), { status: "succeeded" }),
    ],
    [
      "an attempt in the log that never arrived",
      "webhooks",
      (world) =>
        deliveryTo(world, "fine").attempts.unshift({ status_code: 500, error: "http_status" }),
    ],
    [
      "an arrival that the log does not have",
      "webhooks",
      (world) => {
        const [, arrivals] = firstOf(endpointOf(world, "fine").log);
        arrivals.push(at(arrivals, 0));
      },
    ],
    [
      "a delivery to nobody's endpoint",
      "webhooks",
      (world) => Object.assign(deliveryTo(world, "fine"), { endpoint_id: "whe_other" }),
    ],
    ["an event that is not in the topic", "kafka", (world) => world.kafka.records.pop()],
    ["a topic out of order", "kafka", (world) => world.kafka.records.reverse()],
    [
      "a record that is not the API's event",
      "kafka",
      (world) => {
        const record = at(world.kafka.records, 0);
        record.value = Buffer.from(record.value.toString().replace("pending", "completed"));
      },
    ],
    [
      "a record in another merchant's name",
      "kafka",
      (world) => {
        const record = at(world.kafka.records, 0);
        record.value = Buffer.from(record.value.toString().replace(/"mer_\d"/, '"mer_9"'));
      },
    ],
    ["a request to Kafka without sense", "kafka", (world) => world.kafka.refused.push("no topic")],
    ...[
      ["payments_transaction_events_total", {}],
      ["payments_transactions", { status: "completed" }],
      ["payments_risk_decisions_total", { decision: "block" }],
      ["payments_completed_amount_minor_total", { currency: "USD" }],
      ["payments_charges_total", { outcome: "unknown" }],
      ["payments_commands_total", { outcome: "created" }],
      ["payments_commands_total", { outcome: "replayed" }],
      ["payments_commands_total", { outcome: "conflict" }],
      ["payments_outbox_delivered_events_total", { destination: "stream" }],
    ].map(
      ([name, labels]) =>
        [
          `${name} ${JSON.stringify(labels)} that is one too many`,
          "metrics",
          (world: World) =>
            sampleOf(world, name as string, labels as Record<string, string>).value++,
        ] as [string, string, (world: World) => unknown],
    ),
    [
      "an outbox that is not empty",
      "metrics",
      (world) => world.metrics.push({ name: "payments_outbox_depth", labels: {}, value: 1 }),
    ],
    [
      "a shard that did not answer the scrape",
      "metrics",
      (world) => Object.assign(sampleOf(world, "payments_scrape_ok", {}), { value: 0 }),
    ],
  ])("finds %s", (_, area, plant) => {
    const world = idealWorld(plan);
    plant(world);
    expect(reconcile(world).map((difference) => difference.area)).toContain(area);
  });

  it("allows after a kill what a kill may cost, and nothing else", () => {
    const world = idealWorld(plan);
    world.chaos.kills = 1;
    const [, arrivals] = firstOf(endpointOf(world, "fine").log);
    arrivals.push(at(arrivals, 0));
    sampleOf(world, "payments_commands_total", { outcome: "replayed" }).value--;
    world.kafka.records.push(at(world.kafka.records, 0));
    expect(reconcile(world)).toEqual([]);
    sampleOf(world, "payments_commands_total", { outcome: "created" }).value--;
    expect(reconcile(world)).toHaveLength(1);
  });
});

it("reports what was sent, what became of it, and the first differences of each area", () => {
  const world = idealWorld(plan);
  expect(tableOf(world)).toMatch(/^orders +400 {2}\d+ completed/m);
  expect(differencesText([])).toBe("No differences.");
  const many = Array.from({ length: 50 }, (_, n) => ({ area: "book", text: `difference ${n}` }));
  const text = differencesText([...many, { area: "kafka", text: "one record" }]);
  expect(text).toMatch(/^51 differences:/);
  expect(text).toContain("  book: difference 9\n  book: and 40 more\n  kafka: one record");
});

it("reads samples of the Prometheus text format", () => {
  const text = '# HELP a b\na_total{x="1",y="a \\"b\\""} 3\nb 0.5\n';
  expect(parseExposition(text)).toEqual([
    { name: "a_total", labels: { x: "1", y: 'a \\"b\\"' }, value: 3 },
    { name: "b", labels: {}, value: 0.5 },
  ]);
  expect(() => parseExposition("what is this?")).toThrow();
});

it("reads its options, and says which one it cannot read", () => {
  const options = readOptions(["--transactions", "150", "--seed", "a", "--chaos"]);
  expect(options).toMatchObject({
    transactions: 150,
    seed: "a",
    chaos: true,
    keep: false,
    rate: 0,
  });
  expect(() => readOptions(["--merchants", "0"])).toThrow(/--merchants must be a whole number/);
  expect(() => readOptions(["--nonsense"])).toThrow(/npm run simulate -- --seed/);
  expect(() => readOptions(["150"])).toThrow(/npm run simulate -- --seed/);
});
