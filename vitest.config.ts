import "./scripts/processes/no-local-proxy.ts";
import { resolve } from "node:path";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

const FAR_AWAY = "1000000000";
/** Ends what hangs. Nothing here is measured: a machine that is busy with something else must not fail a test. */
const LIMITS = { testTimeout: 300_000, hookTimeout: 300_000, teardownTimeout: 60_000 };

/** Three files at a time: no test is about how long something takes, and many wait for something else than the processor. */
const SOME_AT_A_TIME = { maxWorkers: 3 };

/** Packages of many files, which workerd would request one after the other for each test file. */
const BUNDLED = [
  "@hono/zod-openapi",
  "zod",
  "drizzle-orm",
  "drizzle-orm/d1",
  "drizzle-orm/sqlite-core",
  "hono",
  "stripe",
  "fast-check",
];

/** Leaves these tests out of a project: they take a minute, and decisions depend neither on where a payment's object is nor
 *  on the archive. */
const withoutDecisions = (mode: string) =>
  mode === "heavy" ? [] : ["!test/worker/transactions/risk-decisions.test.ts"];

/** Folders of `test/worker` whose tests need settings of their own: each is a project. */
const OTHER_SETTINGS = [
  "archived",
  "books",
  "kafka",
  "observability",
  "reconciliation",
  "sandbox",
  "stripe",
  "webhooks",
];

/** The projects with the stand-in for Stripe, one for each. A reconciliation compares everything that it has. */
const WITH_STRIPE = ["reconciliation", "stripe"];
const STRIPE_SETTINGS = {
  PROCESSOR: "stripe",
  STRIPE_SECRET_KEY: "sk_test_for_tests",
  STRIPE_WEBHOOK_SECRET: "whsec_for_tests",
  TRANSACTION_SHARDS: "2",
  ALLOW_INSECURE_WEBHOOKS: "true",
};

/** The Worker's own tests run inside workerd, with real Durable Objects, D1 and alarms.
 *  Only the outside world is a fake (the payment processor, webhook receivers), and it is asked over real HTTP. */
const inWorkerd = (name: string, include: string[], settings: Record<string, string>) => ({
  resolve: {
    // What `src` imports, and nothing else: the stand-in itself and the tests name the folder.
    alias: [
      {
        find: /^(\.\.?\/)+(runtime\/)?with-timeout$/,
        replacement: resolve("test/support/with-timeout.ts"),
      },
    ],
  },
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
          PROCESSOR_OPERATIONS: "authorize,capture,void,refund",
          PROCESSOR_TIMEOUT_MS: "6000",
          LOG_LEVEL: "error",
          // Requests are counted everywhere; the tests of quotas set lower limits.
          RATE_LIMIT_REQUESTS: FAR_AWAY,
          RATE_LIMIT_LISTS: FAR_AWAY,
          ALLOW_INSECURE_WEBHOOKS: "false",
          RECEIVER_URL: inject("receiverUrl"),
          ...(["kafka", "observability"].includes(name)
            ? { KAFKA_REST_URL: inject("kafkaUrl"), KAFKA_TIMEOUT_MS: "1000" }
            : {}),
          ...(WITH_STRIPE.includes(name) ? { STRIPE_API_URL: inject("stripeUrl") } : {}),
          ...settings,
        },
        ...(name === "books" ? { d1Databases: { BOOK_2: "book-2", BOOK_3: "book-3" } } : {}),
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
    ...LIMITS,
    ...SOME_AT_A_TIME,
    deps: { optimizer: { ssr: { enabled: true, include: BUNDLED } } },
    setupFiles: ["./test/support/setup.ts"],
    globalSetup: [
      "./test/support/quiet.ts",
      "./test/support/processor.ts",
      "./test/support/receiver.ts",
      "./test/support/kafka.ts",
      ...(WITH_STRIPE.includes(name) ? ["./test/support/stripe.ts"] : []),
    ],
  },
});

export default defineConfig(({ mode }) => ({
  test: {
    // What a test prints is shown when it fails, and no test is called slow.
    silent: "passed-only",
    slowTestThreshold: LIMITS.testTimeout,
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts", "test/*.test.ts"],
          ...LIMITS,
          ...SOME_AT_A_TIME,
        },
      },
      { test: { name: "e2e", include: ["test/e2e/**/*.test.ts"], ...LIMITS, ...SOME_AT_A_TIME } },
      inWorkerd(
        "shards-16",
        [
          "test/worker/**/*.test.ts",
          ...OTHER_SETTINGS.map((folder) => `!test/worker/${folder}/**`),
        ],
        { TRANSACTION_SHARDS: "16" },
      ),
      inWorkerd("shards-0", ["test/worker/transactions/**/*.test.ts", ...withoutDecisions(mode)], {
        TRANSACTION_SHARDS: "0",
      }),
      inWorkerd(
        "archived",
        ["test/worker/{archived,transactions}/**/*.test.ts", ...withoutDecisions(mode)],
        {
          TRANSACTION_SHARDS: "8",
          HOT_DAYS: "0.00000002",
          ARCHIVES_BEFORE_CALLS: "true",
        },
      ),
      inWorkerd("books", ["test/worker/books/**/*.test.ts"], {
        TRANSACTION_SHARDS: "2",
        BOOKS: "3",
      }),
      inWorkerd("kafka", ["test/worker/kafka/**/*.test.ts"], { TRANSACTION_SHARDS: "2" }),
      inWorkerd("observability", ["test/worker/observability/**/*.test.ts"], {
        TRANSACTION_SHARDS: "2",
        ALLOW_INSECURE_WEBHOOKS: "true",
        LOG_LEVEL: "info",
      }),
      ...WITH_STRIPE.map((name) =>
        inWorkerd(name, [`test/worker/${name}/**/*.test.ts`], STRIPE_SETTINGS),
      ),
      inWorkerd("sandbox", ["test/worker/sandbox/**/*.test.ts"], {
        PROCESSOR: "sandbox",
        TRANSACTION_SHARDS: "2",
        ALLOW_INSECURE_WEBHOOKS: "true",
        LOG_LEVEL: "info",
      }),
      inWorkerd("webhooks", ["test/worker/webhooks/**/*.test.ts"], {
        ALLOW_INSECURE_WEBHOOKS: "true",
      }),
    ],
    coverage: { provider: "istanbul", include: ["src/**"], exclude: ["src/**/*.d.ts"] },
  },
}));
