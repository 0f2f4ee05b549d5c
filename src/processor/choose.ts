/** Which processor a deployment charges with. */
import type { Config } from "../config";
import { httpProcessor } from "./http";
import type { Processor } from "./processor";
import { sandbox } from "./sandbox";

export function processorOf({ processor }: Config): Processor {
  return processor.kind === "http" ? httpProcessor(processor.url, processor.token) : sandbox;
}
