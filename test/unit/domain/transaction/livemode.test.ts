/** Which payments a deployment's processor may charge. */
import { expect, it, vi } from "vitest";
import { type Config, readConfig } from "../../../../src/config";
import { decideProcess } from "../../../../src/domain/transaction/decisions/decide-charge";
import {
  type ProcessorMode,
  refusedCharge,
  toLivemode,
} from "../../../../src/domain/transaction/livemode";
import type { Transaction } from "../../../../src/domain/transaction/transaction";
import type { Env } from "../../../../src/env";
import { createProcessor, processorMode } from "../../../../src/processor/create";
import type { OperationRequest } from "../../../../src/processor/processor";
import { EXAMPLES, NOW_MS } from "../../../support/examples";

const MODES: ProcessorMode[] = ["none", "sandbox", "live"];
const withMode = (livemode: boolean | undefined, transaction: Transaction = EXAMPLES.pending) => {
  const { livemode: _, ...rest } = transaction;
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
      const decided = decideProcess(withMode(livemode, EXAMPLES[status]), mode, NOW_MS);
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
    const decided = decideProcess(withMode(livemode), mode, NOW_MS);
    if (!decided.ok || decided.value.step !== "claim") throw new Error("not claimed");
    expect(decided.value.change.transaction.livemode).toBe(expected);
  }
});

it("A finished or cancelled payment gets the same response with any processor", () => {
  for (const mode of MODES) {
    for (const name of ["completed", "declined"] as const) {
      expect(decideProcess(EXAMPLES[name], mode, NOW_MS)).toMatchObject({
        value: { step: "answer" },
      });
    }
    const cancelled = decideProcess(EXAMPLES.cancelled, mode, NOW_MS);
    expect(cancelled).toMatchObject({ refusal: { code: "illegal_transition" } });
  }
});

it("The processor is not called for an open charge of the other mode", async () => {
  const fetched = vi.spyOn(globalThis, "fetch").mockRejectedValue(new Error("not to be called"));
  const config: Pick<Config, "processor"> = {
    processor: { kind: "http", url: "http://127.0.0.1:9", token: "", operations: ["find"] },
  };
  const request = { livemode: false } as OperationRequest; // Nothing else of it is read.
  const signal = () => new AbortController().signal;
  const answer = await createProcessor(config).call(request, signal);
  expect(answer).toEqual({ kind: "unknown", reason: "not asked: livemode_mismatch" });
  const none: Pick<Config, "processor"> = { processor: { kind: "none" } };
  expect(await createProcessor(none).call({ ...request, livemode: true }, signal)).toEqual({
    kind: "unknown",
    reason: "not asked: processor_not_configured",
  });
  expect(fetched).not.toHaveBeenCalled();
  fetched.mockRestore();
});
