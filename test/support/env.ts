/** The bindings of a test: those of the Worker, and what vitest.config.ts adds. */
import type { D1Migration } from "cloudflare:test";
import { env as bindings } from "cloudflare:workers";
import type { Env } from "../../src/config";

export type TestEnv = Env & {
  TEST_MIGRATIONS: D1Migration[];
  PROCESSOR_URL: string;
  RECEIVER_URL: string;
  KAFKA_REST_URL: string;
  ADMIN_TOKEN: string;
  METRICS_TOKEN: string;
};

export const env = bindings as unknown as TestEnv; // vitest.config.ts sets the rest.
