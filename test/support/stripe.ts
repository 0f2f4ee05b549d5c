/** The stand-in for Stripe, started once for the tests that run in workerd. They steer it by control calls. */
import type { TestProject } from "vitest/node";
import { startStripe } from "../../simulate/stripe/server";

declare module "vitest" {
  export interface ProvidedContext {
    stripeUrl: string;
  }
}

export default async function setup(project: TestProject): Promise<() => void> {
  const stripe = await startStripe({ secret_key: "sk_test_for_tests" });
  project.provide("stripeUrl", stripe.url);
  return () => stripe.close();
}
