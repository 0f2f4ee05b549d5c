/** The header field that marks responses about sandbox payments. */

import { processorMode } from "../../processor/create";
import type { AppContext } from "../context";

const SANDBOX = { "Processor-Mode": "sandbox" };
/** Matches only the member itself in a transaction's JSON text: inside a string its quotes are escaped. */
const NOT_LIVE = '"livemode":false';

/** `Processor-Mode: sandbox` if the deployment uses the sandbox or the payment was created with it.
 *  @param body the transaction's JSON text, which is not parsed */
export function processorModeHeaders(c: AppContext, body: string): Record<string, string> {
  const isSandbox = processorMode(c.get("config")) === "sandbox" || body.includes(NOT_LIVE);
  return isSandbox ? SANDBOX : {};
}
