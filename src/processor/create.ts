/** Creates the processor that a deployment calls. */
import { type Config, isLiveKey } from "../config";
import {
  type ProcessorMode,
  type ProcessorTerms,
  refusedProcessor,
} from "../domain/transaction/livemode";
import type { Log } from "../observability/log";
import { httpProcessor } from "./http";
import type { OperationRequest, Processor, Unknown } from "./processor";
import { sandbox } from "./sandbox";
import { stripeProcessor } from "./stripe/stripe";

export function processorMode({ processor }: Pick<Config, "processor">): ProcessorMode {
  switch (processor.kind) {
    case "http":
      return "live";
    case "stripe":
      return isLiveKey(processor.secret_key) ? "live" : "test";
    default:
      return processor.kind;
  }
}

/** The configured processor. It is neither called nor asked about payments of the other mode or of another processor, not
 *  even about an operation that was open when the setting was changed: such an operation has no outcome until the setting is
 *  changed back. */
export function createProcessor(config: Pick<Config, "processor">): Processor {
  const { processor } = config;
  const mode = processorMode(config);
  const chosen = chooseProcessor(processor);
  const { find } = chosen;
  const refusal = (request: OperationRequest): Unknown | undefined => {
    const refused = refusedProcessor(request, { mode, name: processor.kind });
    return refused && { kind: "unknown", reason: `not asked: ${refused.code}` };
  };
  return {
    ...chosen,
    call: (request, signal) => refusal(request) ?? chosen.call(request, signal),
    ...(find && { find: (request, signal) => refusal(request) ?? find(request, signal) }),
  };
}

function chooseProcessor(processor: Config["processor"]): Processor {
  switch (processor.kind) {
    case "http":
      return httpProcessor(processor.url, processor.token, processor.operations);
    case "stripe":
      return stripeProcessor(processor);
    default:
      return sandbox;
  }
}

/** What decisions need to know of the processor. */
export function toProcessorTerms(
  processor: Processor,
  config: Pick<Config, "processor" | "capture_window_ms" | "action_window_ms">,
): ProcessorTerms {
  return {
    mode: processorMode(config),
    name: config.processor.kind,
    supports: (operation) => processor.supports(operation),
    capture_window_ms: config.capture_window_ms,
    action_window_ms: config.action_window_ms,
    refusedAmount: processor.refusedAmount ?? (() => undefined),
    refusedDetails: processor.refusedDetails ?? (() => undefined),
  };
}

let isAnnounced = false;

/** Logs once in an isolate that no money moves. Call it wherever an isolate may begin its work. */
export function logProcessorMode(config: Pick<Config, "processor">, log: Log): void {
  const mode = processorMode(config);
  if (isAnnounced || mode === "live" || mode === "test") return;
  isAnnounced = true;
  if (mode === "sandbox") log("warn", "processor.sandbox", { reason: "PROCESSOR is sandbox" });
  else log("error", "processor.not_configured", { reason: "PROCESSOR is not set" });
}
