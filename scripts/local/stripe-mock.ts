// Where stripe-mock is, once `npm run build:stripe-mock` has built it, or where it is installed.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../install.mjs";

export const STRIPE_MOCK_VERSION = "0.197.0";
export const STRIPE_MOCK = join(
  ROOT,
  ".cache",
  `stripe-mock-${STRIPE_MOCK_VERSION}`,
  "stripe-mock",
);

/** The program, or undefined when it is neither built nor installed. */
export function findStripeMock(): string | undefined {
  if (existsSync(STRIPE_MOCK)) return STRIPE_MOCK;
  return spawnSync("stripe-mock", ["-version"]).status === 0 ? "stripe-mock" : undefined;
}
