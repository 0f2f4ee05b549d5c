/** The pure parts of the simulator: its traffic is a function of its seed, and its reconciliation finds each
 *  kind of fault. A reconciliation that lets everything pass would prove nothing. */
import { describe, expect, it } from "vitest";
import { parseExposition } from "../simulate/observe/exposition";
import { readOptions } from "../simulate/options";
import { assess as assessPayment, DECIMALS, RULES } from "../simulate/plan/expectation";
import { makePlan } from "../simulate/plan/plan";
import { errorsIn, unclearIn } from "../simulate/reconcile/log";
import { reconcile } from "../simulate/reconcile/reconcile";
import { differencesText, tableOf } from "../simulate/report";
import { startProcessor } from "../simulate/system/processor";
import { Late, within } from "../simulate/within";
import { currencyDecimals } from "../src/domain/money/currency";
import { parseAmount } from "../src/domain/money/money";
import { FAULTS_IN_MONEY } from "./support/simulate/faults-in-money";
import { FAULTS_INSIDE } from "./support/simulate/faults-inside";
import { FAULTS_OUTSIDE } from "./support/simulate/faults-outside";
import { at, endpointOf, firstOf, sampleOf } from "./support/simulate/look";
import { idealWorld } from "./support/simulate/world";

const SIZE = {
  ...{ seed: "7", transactions: 200, merchants: 2, customers: 60, chaos: false },
  processor: "http" as const,
};
const plan = makePlan(SIZE);
const EVERY_CALL = [
  ...["create", "pay", "batch", "reuse", "process", "capture", "capture_part", "capture_over"],
  ...["cancel", "refund_1", "refund_2", "refund_3", "refund_reuse"],
  ...["get", "key", "events", "refunds", "list"],
];

describe("the plan", () => {
  it("The plan depends on nothing but its options and seed", () => {
    expect(makePlan(SIZE)).toEqual(plan);
    expect(makePlan({ ...SIZE, seed: "8" }).digest).not.toBe(plan.digest);
  });

  it("The plan has the requested number of orders, with keys that are unique for each merchant", () => {
    expect(plan.orders).toHaveLength(SIZE.transactions);
    const names = plan.orders.map(({ merchant, key }) => `${merchant} ${key}`);
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(plan.orders.map(({ key }) => key)).size).toBeLessThan(names.length);
  });

  it("The plan writes each amount in forms that the API parses as the same money", () => {
    for (const { spellings, amount_minor, currency } of plan.orders) {
      const decimals = currencyDecimals(currency);
      expect(DECIMALS[currency]).toBe(decimals);
      for (const spelling of spellings) {
        expect(parseAmount(String(spelling), decimals)).toEqual({ ok: true, amount_minor });
      }
    }
  });

  it("The plan contains every kind of call and order that is reconciled", () => {
    const calls = plan.orders.flatMap(({ visits }) => visits.flat());
    const made = new Set(calls.flatMap((step) => step.calls));
    expect([...made].sort()).toEqual([...EVERY_CALL].sort());
    expect(calls.some(({ hangs_up_after_ms }) => hangs_up_after_ms !== undefined)).toBe(true);
    expect(plan.orders.some(({ wants_own_url }) => wants_own_url)).toBe(true);
    expect(plan.orders.some((order) => assessPayment(order, false).isBlocked)).toBe(true);
    const buyers = Map.groupBy(plan.orders, ({ body }) => body.user_id);
    expect(Math.max(...[...buyers.values()].map((own) => own.length))).toBeGreaterThan(RULES.daily);
  });

  it("The plan queues every visit once, and the visits of an order in sequence", () => {
    const next = new Map<number, number>();
    for (const [order, part] of plan.queue) {
      expect(part).toBe(next.get(order) ?? 0);
      next.set(order, part + 1);
    }
    for (const { index, visits } of plan.orders) expect(next.get(index)).toBe(visits.length);
  });

  it("The plan has faults only with --chaos", () => {
    expect(plan.faults).toEqual([]);
    const kinds = makePlan({ ...SIZE, chaos: true }).faults.map(({ kind }) => kind);
    expect([...new Set(kinds)].sort()).toEqual(["kill", "outage"]);
  });
});

describe("the processor", () => {
  it("The processor carries out each key once, and says what became of it", async () => {
    const processor = await startProcessor();
    const asked = (metadata: object, members: object = {}) => ({
      ...{ amount_minor: 100, currency: "EUR", metadata },
      ...members,
    });
    const call = (path: string, key: string, body: object) =>
      fetch(`${processor.url}/${path}`, {
        method: "POST",
        headers: { "idempotency-key": key },
        body: JSON.stringify({ reference: key, ...body }),
      });
    const statusOf = async (response: Promise<Response>) =>
      ((await (await response).json()) as { status?: string }).status;
    const find = (key: string) => statusOf(fetch(`${processor.url}/operations/${key}`));
    try {
      expect(await find("a")).toBe("not_found");
      expect(await statusOf(call("charges", "a", asked({})))).toBe("settled");
      await expect(call("charges", "b", asked({ outcome: "lost" }))).rejects.toThrow();
      expect(await find("b")).toBe("settled");
      expect((await call("charges", "c", asked({ outcome: "error" }))).status).toBe(500);
      expect(await find("c")).toBe("not_found");
      const pending = asked({ outcome: "pending_decline" });
      expect(await statusOf(call("authorizations", "d", pending))).toBe("pending");
      expect(await find("d")).toBe("pending");
      expect(await find("d")).toBe("declined");
      const refund = asked({}, { payment: "a", processor_reference: "psp_1" });
      expect(await statusOf(call("refunds", "e", refund))).toBe("refunded");
      expect(await statusOf(call("refunds", "e", refund))).toBe("refunded");
      expect(processor.complaints).toEqual([]);
      await call("refunds", "e", { ...refund, amount_minor: 101 });
      await call("captures", "f", asked({}, { payment: "d" }));
      expect(processor.complaints).toEqual([
        "e came with another request",
        "f is about d, which has no money",
      ]);
      expect([...processor.operations.values()].map(({ unclear }) => unclear)).toEqual([
        ...[0, 1, 1, 2, 0, 0],
      ]);
    } finally {
      processor.close();
    }
  });
});

describe("the reconciliation", () => {
  it("The reconciliation finds no difference in a correct world", () => {
    expect(reconcile(idealWorld(plan))).toEqual([]);
  });

  it.each([...FAULTS_INSIDE, ...FAULTS_IN_MONEY, ...FAULTS_OUTSIDE])(
    "The reconciliation finds %s",
    (_, named, plant) => {
      const world = idealWorld(plan);
      plant(world);
      const texts = reconcile(world).map(({ area, text }) => `${area}: ${text}`);
      const isString = typeof named === "string";
      const wanted = isString ? expect.stringContaining(named) : expect.stringMatching(named);
      expect(texts).toContainEqual(wanted);
    },
  );

  it("The reconciliation allows after a kill only the differences that a kill may cause", () => {
    const world = idealWorld(plan);
    world.chaos = { kills: 1, outages: 1 };
    world.errors.set("stream.failed", 3);
    const [, arrivals] = firstOf(endpointOf(world, "fine").log);
    arrivals.push(at(arrivals, 0));
    sampleOf(world, "payments_commands_total", { outcome: "replayed" }).value--;
    world.kafka.records.push(at(world.kafka.records, 0));
    expect(reconcile(world)).toEqual([]);
    sampleOf(world, "payments_commands_total", { outcome: "created" }).value--;
    expect(reconcile(world)).toHaveLength(1);
  });
});

it("The report shows the orders by status, and the first differences of each area", () => {
  const world = idealWorld(plan);
  expect(tableOf(world)).toMatch(/^orders +200 {2}\d+ completed/m);
  expect(differencesText([])).toBe("No differences.");
  const many = Array.from({ length: 50 }, (_, n) => ({ area: "book", text: `difference ${n}` }));
  const text = differencesText([...many, { area: "kafka", text: "one record" }]);
  expect(text).toMatch(/^51 differences:/);
  expect(text).toContain("  book: difference 9\n  book: and 40 more\n  kafka: one record");
});

it("The simulator parses samples of the Prometheus text format", () => {
  const text = '# HELP a b\na_total{x="1",y="a \\"b\\""} 3\nb 0.5\n';
  expect(parseExposition(text)).toEqual([
    { name: "a_total", labels: { x: "1", y: 'a \\"b\\"' }, value: 3 },
    { name: "b", labels: {}, value: 0.5 },
  ]);
  expect(() => parseExposition("what is this?")).toThrow();
});

it("The simulator reads the errors in the server's output, and nothing else", () => {
  const line = (level: string, event: string) =>
    JSON.stringify({ time: "2026-11-26T01:14:35.434Z", level, event });
  const output = ["[wrangler:info] Ready", line("error", "book.failed"), line("warn", "other"), ""];
  expect(errorsIn(output.join("\n"))).toEqual(new Map([["book.failed", 1]]));
  const unclear = '{"level":"warn","event":"charge.unknown","operation":"refund"}';
  expect(unclearIn(`${output.join("\n")}\n${unclear}\n`)).toEqual(new Map([["refund", 1]]));
});

it("The simulator stops waiting at its time limit, even when the abort has no effect", async () => {
  await expect(within(10, () => new Promise(() => {}))).rejects.toBeInstanceOf(Late);
  expect(await within(10_000, async (signal) => signal.aborted)).toBe(false);
});

it("The simulator parses its options, and names one that it cannot parse", () => {
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
