/** Which processor a deployment charges with, and which payments it may be asked about. */
import type { Config } from "../config";
import { type ProcessorMode, refusedCharge } from "../domain/transaction/livemode";
import type { Log } from "../observability/log";
import { httpProcessor } from "./http";
import type { Processor } from "./processor";
import { sandbox } from "./sandbox";

export function processorMode({ processor }: Pick<Config, "processor">): ProcessorMode {
  return processor.kind === "http" ? "live" : processor.kind;
}

/** The chosen processor. It is asked about no payment of the other mode, also not about a charge that was open
 *  when the setting was changed: such a charge stays without an outcome until the setting is back. */
export function createProcessor(config: Pick<Config, "processor">): Processor {
  const { processor } = config;
  const mode = processorMode(config);
  const chosen =
    processor.kind === "http" ? httpProcessor(processor.url, processor.token) : sandbox;
  return {
    charge(request, signal) {
      const refused = refusedCharge(request.livemode, mode);
      if (refused) return { kind: "unknown", reason: `not asked: ${refused.code}` };
      return chosen.charge(request, signal);
    },
  };
}

let isAnnounced = false;

/** Says once in an isolate that no money moves. To be called by whatever may be the first to run in one. */
export function logProcessorMode(config: Pick<Config, "processor">, log: Log): void {
  const mode = processorMode(config);
  if (isAnnounced || mode === "live") return;
  isAnnounced = true;
  if (mode === "sandbox") log("warn", "processor.sandbox", { reason: "PROCESSOR is sandbox" });
  else log("error", "processor.not_configured", { reason: "PROCESSOR is not set" });
}
