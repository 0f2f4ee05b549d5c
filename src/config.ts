/** The settings, read from the environment and checked once. Raw bindings are `Env`; all other code reads `Config`, with
 *  units in the names. */
import { defaultRuleSet } from "./domain/risk/default-rules/default-rules";
import type { VersionedRuleSet } from "./domain/risk/rule-set";
import type { Env } from "./env";
import { FIRST_BOOK, Settings, toBookBinding } from "./settings";

/** A REST server in front of Kafka. An empty username: no credentials are sent. */
export type KafkaRest = {
  url: string;
  username: string;
  password: string;
  topic: string;
  timeout_ms: number;
};

/** `operations`: what it knows besides charges. */
type HttpProcessor = { kind: "http"; url: string; token: string; operations: string[] };

/** `webhook_secrets`: those of the endpoint at Stripe that calls us; any of them is accepted. `api_url`: empty for Stripe's
 *  own. */
export type StripeProcessor = {
  kind: "stripe";
  secret_key: string;
  webhook_secrets: string[];
  api_url: string;
};

export type Config = {
  transaction_shards: number;
  velocity_shards: number;
  /** How many books there are. */
  books: number;
  /** For merchants without rules of their own. */
  default_rules: VersionedRuleSet;
  /** `none`: charges are refused until a processor is chosen. */
  processor: { kind: "none" | "sandbox" } | HttpProcessor | StripeProcessor;
  processor_timeout_ms: number;
  /** How long after its authorization a payment can be captured. */
  capture_window_ms: number;
  /** How long a customer has to authenticate. */
  action_window_ms: number;
  kafka:
    | { dialect: "off" }
    | ({ dialect: "upstash" } & KafkaRest)
    | ({ dialect: "rest-v2"; record_headers: boolean } & KafkaRest)
    | ({ dialect: "rest-v3"; cluster_id: string } & KafkaRest);
  /** Requests of a merchant in a window; 0: no limit. */
  limits: { requests: number; lists: number; window_ms: number };
  /** How long after its last change a final payment stays in its shard and in D1; 0: for ever. */
  hot_ms: number;
  /** How long the feed keeps events; 0: for ever. */
  feed_ms: number;
  /** Whether a create has to name its currency. */
  require_currency: boolean;
  allow_insecure_webhooks: boolean;
  log_level: "info" | "warn" | "error";
  /** Empty: every admin call gets 401. */
  admin_token: string;
  /** Empty: every scrape of the metrics gets 401. */
  metrics_token: string;
};

/** A setting is wrong. The message names it and never shows its value, so it may be logged. */
export class SettingsError extends Error {
  override readonly name = "SettingsFault";
}

const checked = new WeakMap<Env, Config>();

/** The checked settings of an environment. @throws SettingsError */
export function readConfig(env: Env): Config {
  const known = checked.get(env);
  if (known) return known;
  const config = check(env);
  checked.set(env, config);
  return config;
}

const DAY_MS = 86_400_000;

function check(env: Env): Config {
  const parsed = Settings.safeParse(env);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
    throw new SettingsError(faults.join("; "));
  }
  const settings = parsed.data;
  return {
    transaction_shards: settings.TRANSACTION_SHARDS,
    velocity_shards: settings.VELOCITY_SHARDS,
    books: readBooks(env, settings.BOOKS),
    default_rules: defaultRuleSet({
      threshold_thousandths: settings.FRAUD_THRESHOLD,
      max_daily_transactions: settings.MAX_DAILY_TRANSACTIONS,
      review_score: settings.FRAUD_REVIEW_SCORE,
      block_score: settings.FRAUD_BLOCK_SCORE,
      unlisted_currency: settings.FRAUD_UNLISTED_CURRENCY,
    }),
    processor: readProcessor(settings),
    processor_timeout_ms: settings.PROCESSOR_TIMEOUT_MS,
    capture_window_ms: settings.CAPTURE_WINDOW_S * 1_000,
    action_window_ms: settings.ACTION_WINDOW_S * 1_000,
    kafka: readKafka(settings),
    limits: {
      requests: settings.RATE_LIMIT_REQUESTS,
      lists: settings.RATE_LIMIT_LISTS,
      window_ms: settings.RATE_LIMIT_WINDOW_S * 1_000,
    },
    hot_ms: settings.HOT_DAYS,
    // A reader of the feed may be away for a day.
    feed_ms: settings.HOT_DAYS === 0 ? 0 : Math.max(settings.HOT_DAYS, DAY_MS),
    require_currency: settings.REQUIRE_CURRENCY,
    allow_insecure_webhooks: settings.ALLOW_INSECURE_WEBHOOKS,
    log_level: settings.LOG_LEVEL,
    admin_token: settings.ADMIN_TOKEN,
    metrics_token: settings.METRICS_TOKEN,
  };
}

/** @throws SettingsError when a book has no binding */
function readBooks(env: Env, books: number): number {
  for (let book = FIRST_BOOK + 1; book <= books; book += 1) {
    const binding = toBookBinding(book);
    if (!env[binding])
      throw new SettingsError(`BOOKS is ${books} and there is no binding ${binding}`);
  }
  return books;
}

function readProcessor(settings: Settings): Config["processor"] {
  switch (settings.PROCESSOR) {
    case "http": {
      const { PROCESSOR_URL: url, PROCESSOR_TOKEN: token } = settings;
      if (url === "") throw new SettingsError("PROCESSOR_URL must be set when PROCESSOR is http");
      return { kind: "http", url, token, operations: settings.PROCESSOR_OPERATIONS };
    }
    case "stripe": {
      const secret_key = settings.STRIPE_SECRET_KEY;
      if (secret_key === "") {
        throw new SettingsError("STRIPE_SECRET_KEY must be set when PROCESSOR is stripe");
      }
      if (isLiveKey(secret_key) && !settings.ALLOW_LIVE_PAYMENTS) {
        throw new SettingsError(
          "STRIPE_SECRET_KEY is a live key and ALLOW_LIVE_PAYMENTS is not true",
        );
      }
      const { STRIPE_WEBHOOK_SECRET: webhook_secrets, STRIPE_API_URL: api_url } = settings;
      return { kind: "stripe", secret_key, webhook_secrets, api_url };
    }
    default:
      return { kind: settings.PROCESSOR || "none" };
  }
}

/** Whether a key of Stripe moves real money. */
export function isLiveKey(secretKey: string): boolean {
  return /^(sk|rk)_live_/.test(secretKey);
}

function readKafka(settings: Settings): Config["kafka"] {
  if (settings.KAFKA_REST_URL === "") return { dialect: "off" };
  if (settings.KAFKA_REST_PASSWORD !== "" && settings.KAFKA_REST_USERNAME === "") {
    throw new SettingsError("KAFKA_REST_USERNAME must be set when KAFKA_REST_PASSWORD is");
  }
  const rest: KafkaRest = {
    url: settings.KAFKA_REST_URL,
    username: settings.KAFKA_REST_USERNAME,
    password: settings.KAFKA_REST_PASSWORD,
    topic: settings.KAFKA_TOPIC,
    timeout_ms: settings.KAFKA_TIMEOUT_MS,
  };
  const dialect = settings.KAFKA_REST_DIALECT;
  if (dialect === "upstash") return { dialect, ...rest };
  if (dialect === "rest-v2") {
    return { dialect, record_headers: settings.KAFKA_RECORD_HEADERS, ...rest };
  }
  if (settings.KAFKA_CLUSTER_ID === "") {
    throw new SettingsError("KAFKA_CLUSTER_ID must be set when KAFKA_REST_DIALECT is rest-v3");
  }
  return { dialect, cluster_id: settings.KAFKA_CLUSTER_ID, ...rest };
}
