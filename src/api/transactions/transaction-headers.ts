/** The header fields of responses about one transaction. */

import { processorMode } from "../../processor/create";
import type { AppContext } from "../context";

const SANDBOX = { "Processor-Mode": "sandbox" };
/** These match only the members themselves in a transaction's JSON text: inside a string their quotes are escaped, and
 *  metadata has strings alone. */
const NOT_LIVE = '"livemode":false';
const VERSION = /"version":(\d+)/;

/** `ETag`, the version as a strong tag, and what `processorModeHeaders` has.
 *  @param body the transaction's JSON text, which is not parsed */
export function transactionHeaders(c: AppContext, body: string): Record<string, string> {
  const [, version] = VERSION.exec(body) ?? [];
  return {
    ...(version === undefined ? {} : { ETag: `"${version}"` }),
    ...processorModeHeaders(c, body),
  };
}

/** `Processor-Mode: sandbox` if the deployment uses the sandbox or the payment was created with it.
 *  @param body the JSON text of the transaction, or of a refund */
export function processorModeHeaders(c: AppContext, body: string): Record<string, string> {
  const isSandbox = processorMode(c.get("config")) === "sandbox" || body.includes(NOT_LIVE);
  return isSandbox ? SANDBOX : {};
}
