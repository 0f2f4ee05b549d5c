import "./scripts/no-local-proxy.mjs";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

const FAR_AWAY = "1000000000";
/** Nothing here is measured: a machine that is busy with something else must not fail a test. */
const testTimeout = 30_000;

/** Two files at a time where a test is about what happens; after these, one at a time where it is also about
 *  when: servers that are killed, receivers that hang. */
const IN_PAIRS = { maxWorkers: 2, sequence: { groupOrder: 0 } };
const ALONE = { maxWorkers: 1, sequence: { groupOrder: 1 } };

/** The Worker's own tests run inside workerd, with real Durable Objects, D1 and alarms.
 *  Only the outside world is a fake (the payment processor, webhook receivers), and it is asked over real HTTP. */
const inWorkerd = (name: string, include: string[], settings: Record<string, string>) => ({
  plugins: [
    cloudflareTest(async ({ inject }) => ({
      wrangler: { configPath: "./wrangler.toml" },
      miniflare: {
        bindings: {
          TEST_MIGRATIONS: await readD1Migrations("./migrations"),
          ADMIN_TOKEN: "an-admin-token-for-tests-only-0123456789",
          METRICS_TOKEN: "a-metrics-token-for-tests-only-0123456789",
          PROCESSOR: "http",
          PROCESSOR_URL: inject("processorUrl"),
          PROCESSOR_TIMEOUT_MS: "6000",
          BOOK_COMMIT_WAIT_MS: "500",
          LOG_LEVEL: "error",
          // Counted everywhere, in nobody's way; test/worker/limits.test.ts sets its own.
          RATE_LIMIT_REQUESTS: FAR_AWAY,
          RATE_LIMIT_LISTS: FAR_AWAY,
          ALLOW_INSECURE_WEBHOOKS: "false",
          RECEIVER_URL: inject("receiverUrl"),
          ...(["stream", "watch"].includes(name)
            ? { KAFKA_REST_URL: inject("kafkaUrl"), KAFKA_TIMEOUT_MS: "1000" }
            : {}),
          ...settings,
        },
        ratelimits: {
          FAILED_KEYS: { namespace_id: "7201", simple: { limit: 100_000, period: 60 } },
          FAILED_TOKENS: { namespace_id: "7202", simple: { limit: 100_000, period: 60 } },
        },
      },
    })),
  ],
  test: {
    name,
    include,
    testTimeout,
    ...(name.startsWith("shards") ? IN_PAIRS : ALONE),
    setupFiles: ["./test/support/setup.ts"],
    globalSetup: [
      "./test/support/processor.ts",
      "./test/support/receiver.ts",
      "./test/support/kafka.ts",
    ],
  },
});

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "domain",
          include: ["test/domain/**/*.test.ts", "test/*.test.ts"],
          testTimeout,
          ...IN_PAIRS,
        },
      },
      { test: { name: "system", include: ["test/system/**/*.test.ts"], testTimeout, ...ALONE } },
      inWorkerd("shards-16", ["test/worker/**/*.test.ts"], { TRANSACTION_SHARDS: "16" }),
      inWorkerd("shards-0", ["test/worker/{transactions,decisions,resolve}.test.ts"], {
        TRANSACTION_SHARDS: "0",
      }),
      inWorkerd("stream", ["test/stream/**/*.test.ts"], { TRANSACTION_SHARDS: "2" }),
      inWorkerd("watch", ["test/watch/**/*.test.ts"], {
        TRANSACTION_SHARDS: "2",
        ALLOW_INSECURE_WEBHOOKS: "true",
        LOG_LEVEL: "info",
      }),
      inWorkerd("webhooks", ["test/webhooks/**/*.test.ts"], { ALLOW_INSECURE_WEBHOOKS: "true" }),
    ],
    coverage: { provider: "istanbul", include: ["src/**"], exclude: ["src/**/*.d.ts"] },
  },
});
