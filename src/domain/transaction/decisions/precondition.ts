/** The precondition of a request: which versions of a transaction it may change. */
import type { Refusal } from "../refusal";
import type { Transaction } from "../transaction";

/** Without `expected_versions` any version may be changed. */
export type Precondition = { expected_versions?: number[] | undefined };

/** Why a request may not change a transaction; undefined when it may. To be asked about a change only: a request that
 *  repeats an earlier one changes nothing, and gets its response. */
export function refusedVersion(
  { version, status }: Pick<Transaction, "version" | "status">,
  { expected_versions }: Precondition,
): Refusal | undefined {
  if (!expected_versions || expected_versions.includes(version)) return undefined;
  return { code: "version_mismatch", version, status };
}
