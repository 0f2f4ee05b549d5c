/** Which payments a deployment's processor may charge. */
import { expect, it, vi } from "vitest";
import { type Config, readConfig } from "../../../../src/config";
import { decideCapture } from "../../../../src/domain/transaction/decisions/decide-capture";
import {
  decideCancel,
  decideProcess,
} from "../../../../src/domain/transaction/decisions/decide-charge";
import { decideRefund } from "../../../../src/domain/transaction/decisions/decide-refund";
import {
  type ProcessorMode,
  type ProcessorTerms,
  refusedCharge,
  refusedProcessor,
  toLivemode,
} from "../../../../src/domain/transaction/livemode";
import type { Transaction } from "../../../../src/domain/transaction/transaction";
import type { Env } from "../../../../src/env";
import { createProcessor, processorMode } from "../../../../src/processor/create";
import { callWithin } from "../../../../src/processor/processor";
import { LONG_MS, OPERATIONS, requestOf } from "../../../support/charge-request";
import { EXAMPLES, NOW_MS, processorOf } from "../../../support/examples";
import { authorized, charged } from "../../../support/held-money";

const MODES: ProcessorMode[] = ["none", "sandbox", "live"];
/** A payment of before its processor was recorded. */
const withMode = (livemode: boolean | undefined, transaction: Transaction = EXAMPLES.pending) => {
  const { livemode: _, processor: __, ...rest } = transaction;
  return livemode === undefined ? rest : { ...rest, livemode };
};

it("A deployment has no processor by default or with an empty setting", () => {
  for (const settings of [{}, { PROCESSOR: "" }]) {
    const config = readConfig(settings as unknown as Env); // No bindings are read here.
    expect(config.processor).toEqual({ kind: "none" });
    expect(processorMode(config)).toBe("none");
  }
  expect(MODES.map(toLivemode)).toEqual([true, false, true]);
});

it.each([
  [true, "live", undefined],
  [true, "sandbox", "livemode_mismatch"],
  [false, "sandbox", undefined],
  [false, "live", "livemode_mismatch"],
  [undefined, "live", undefined],
  [undefined, "sandbox", undefined],
  [true, "none", "processor_not_configured"],
  [false, "none", "processor_not_configured"],
  [undefined, "none", "processor_not_configured"],
] as const)(
  "A payment with livemode %s is charged by %s, or refused with the reason: %s",
  (livemode, mode, code) => {
    expect(refusedCharge(livemode, mode)?.code).toBe(code);
    for (const status of ["pending", "processing"] as const) {
      const decided = decideProcess(
        withMode(livemode, EXAMPLES[status]),
        processorOf(mode),
        NOW_MS,
      );
      expect(decided.ok ? undefined : decided.refusal.code).toBe(code);
    }
  },
);

it("The mode of an earlier payment is recorded when it is claimed, and does not change otherwise", () => {
  for (const [livemode, mode, expected] of [
    [undefined, "sandbox", false],
    [undefined, "live", true],
    [false, "sandbox", false],
    [true, "live", true],
  ] as const) {
    const decided = decideProcess(withMode(livemode), processorOf(mode), NOW_MS);
    if (!decided.ok || decided.value.step !== "claim") throw new Error("not claimed");
    expect(decided.value.change.transaction.livemode).toBe(expected);
  }
});

it("A claimed payment stays with its processor: no other one is called, whatever is asked for", () => {
  const terms = (name: ProcessorTerms["name"]): ProcessorTerms => ({
    ...processorOf(name === "sandbox" ? "sandbox" : "live"),
    name,
  });
  const claim = (name: "http" | "stripe") => {
    const decided = decideProcess(EXAMPLES.pending, terms(name), NOW_MS);
    if (!decided.ok || decided.value.step !== "claim") throw new Error("not claimed");
    return decided.value.change.transaction;
  };
  for (const [name, other] of [
    ["http", "stripe"],
    ["stripe", "http"],
  ] as const) {
    const open = claim(name);
    expect(open.processor).toBe(name);
    const held: Transaction = { ...authorized(), processor: name };
    const waiting: Transaction = { ...open, status: "requires_action" };
    const paid: Transaction = { ...charged(), processor: name };
    const capture = { amount: null };
    const refund = { idempotency_key: "r", amount: null, reason: null, metadata: {} };
    const decisions = (given: ProcessorTerms) =>
      [
        decideProcess(open, given, NOW_MS),
        decideProcess(waiting, given, NOW_MS),
        decideCancel(waiting, given, NOW_MS),
        decideCancel(held, given, NOW_MS),
        decideCapture(held, capture, given, NOW_MS),
        decideRefund(paid, "re_1", refund, [], given, NOW_MS),
      ].map((decided) => (decided.ok ? "ok" : decided.refusal.code));
    expect(decisions(terms(name))).toEqual(Array(6).fill("ok"));
    expect(decisions(terms(other))).toEqual(Array(6).fill("processor_mismatch"));
  }
});

it.each([
  ["stripe", true, "http", "processor_mismatch"],
  ["http", true, "stripe", "processor_mismatch"],
  ["stripe", true, "stripe", undefined],
  [undefined, true, "http", undefined],
  [undefined, true, "stripe", "processor_mismatch"],
  [undefined, undefined, "stripe", undefined],
  ["stripe", false, "http", "livemode_mismatch"],
] as const)(
  "A payment of %s with livemode %s that is open when the processor is %s: %s",
  (processor, livemode, name, code) => {
    expect(refusedProcessor({ processor, livemode }, { mode: "live", name })?.code).toBe(code);
  },
);

it("A payment of the sandbox is no payment of Stripe in test mode", () => {
  for (const processor of ["sandbox", undefined] as const) {
    const refused = refusedProcessor(
      { processor, livemode: false },
      { mode: "test", name: "stripe" },
    );
    expect(refused).toEqual({ code: "processor_mismatch", processor: "sandbox" });
  }
});

it("An open operation is not sent to another processor than the one that it was claimed for", async () => {
  const fetched = vi.spyOn(globalThis, "fetch").mockRejectedValue(new Error("not to be called"));
  const processor = createProcessor({
    processor: { kind: "http", url: "http://127.0.0.1:9", token: "", operations: ["find"] },
  });
  const refused = { kind: "unknown", reason: "not asked: processor_mismatch" };
  for (const operation of OPERATIONS) {
    for (const attempt of [1, 2]) {
      const request = requestOf({ operation, livemode: true, processor: "stripe", attempt });
      expect(await callWithin(processor, request, LONG_MS)).toEqual(refused);
    }
  }
  expect(fetched).not.toHaveBeenCalled();
  fetched.mockRestore();
});

it("A finished or cancelled payment gets the same response with any processor", () => {
  for (const mode of MODES) {
    for (const name of ["completed", "declined"] as const) {
      expect(decideProcess(EXAMPLES[name], processorOf(mode), NOW_MS)).toMatchObject({
        value: { step: "answer" },
      });
    }
    const cancelled = decideProcess(EXAMPLES.cancelled, processorOf(mode), NOW_MS);
    expect(cancelled).toMatchObject({ refusal: { code: "illegal_transition" } });
  }
});

it("The processor is neither called nor asked about a payment of the other mode, for any operation", async () => {
  const fetched = vi.spyOn(globalThis, "fetch").mockRejectedValue(new Error("not to be called"));
  const configs: [Config["processor"], boolean, string][] = [
    [
      { kind: "http", url: "http://127.0.0.1:9", token: "", operations: ["find"] },
      false,
      "livemode_mismatch",
    ],
    [{ kind: "sandbox" }, true, "livemode_mismatch"],
    [{ kind: "none" }, true, "processor_not_configured"],
    [{ kind: "none" }, false, "processor_not_configured"],
  ];
  const signal = () => new AbortController().signal;
  for (const [config, livemode, code] of configs) {
    const processor = createProcessor({ processor: config });
    const refused = { kind: "unknown", reason: `not asked: ${code}` };
    for (const operation of OPERATIONS) {
      for (const attempt of [1, 2]) {
        const request = requestOf({ operation, livemode, attempt });
        expect(await processor.call(request, signal)).toEqual(refused);
        expect(await processor.find?.(request, signal)).toEqual(
          config.kind === "http" ? refused : undefined,
        );
        expect(await callWithin(processor, request, LONG_MS)).toEqual(refused);
      }
    }
  }
  expect(fetched).not.toHaveBeenCalled();
  fetched.mockRestore();
});
