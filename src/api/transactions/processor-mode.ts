/** How an answer about a payment shows that no money has moved. */

import { processorMode } from "../../processor/create";
import type { AppContext } from "../context";

const SANDBOX = { "Processor-Mode": "sandbox" };
/** In a transaction's JSON text only the member itself reads so: within a string its quotes are escaped. */
const NOT_LIVE = '"livemode":false';

/** `Processor-Mode: sandbox` when the deployment charges with the sandbox, or the payment is one of the sandbox.
 *  @param body the transaction's JSON text, which is passed on and not parsed */
export function processorModeHeaders(c: AppContext, body: string): Record<string, string> {
  const isSandbox = processorMode(c.get("config")) === "sandbox" || body.includes(NOT_LIVE);
  return isSandbox ? SANDBOX : {};
}
