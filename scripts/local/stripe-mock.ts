// Where stripe-mock is, once `npm run build:stripe-mock` has built it.
import { join } from "node:path";
import { ROOT } from "../install.mjs";

export const STRIPE_MOCK_VERSION = "0.197.0";
export const STRIPE_MOCK = join(
  ROOT,
  ".cache",
  `stripe-mock-${STRIPE_MOCK_VERSION}`,
  "stripe-mock",
);
