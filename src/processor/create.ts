/** Creates the processor that a deployment charges with. */
import type { Config } from "../config";
import { type ProcessorMode, refusedCharge } from "../domain/transaction/livemode";
import type { Log } from "../observability/log";
import { httpProcessor } from "./http";
import type { Processor } from "./processor";
import { sandbox } from "./sandbox";

export function processorMode({ processor }: Pick<Config, "processor">): ProcessorMode {
  return processor.kind === "http" ? "live" : processor.kind;
}

/** The configured processor. It is not called for payments of the other mode, not even for a charge that was open when the
 *  setting was changed: such a charge has no outcome until the setting is changed back. */
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

/** Logs once in an isolate that no money moves. Call it wherever an isolate may begin its work. */
export function logProcessorMode(config: Pick<Config, "processor">, log: Log): void {
  const mode = processorMode(config);
  if (isAnnounced || mode === "live") return;
  isAnnounced = true;
  if (mode === "sandbox") log("warn", "processor.sandbox", { reason: "PROCESSOR is sandbox" });
  else log("error", "processor.not_configured", { reason: "PROCESSOR is not set" });
}
