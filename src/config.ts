/** The environment, read and checked once. Raw bindings are `Env`; everything else sees `Config`, with units in the names. */
import * as z from "zod";
import { parseAmount } from "./domain/money/money";
import { defaultRuleSet, UNLISTED_CURRENCY } from "./domain/risk/default-rules/default-rules";
import type { VersionedRuleSet } from "./domain/risk/rule-set";
import type { QuotaKeeper } from "./rate-limit/quota-keeper";
import type { TransactionShard } from "./transactions/transaction-shard";
import type { VelocityShard } from "./velocity/velocity-shard";
import type { DeliveryNotice } from "./webhooks/queue/enqueue";
import type { WebhookDispatcher } from "./webhooks/webhook-dispatcher";

/** What the platform hands us, as wrangler.toml declares it. */
export type Env = {
  TRANSACTIONS: DurableObjectNamespace<TransactionShard>;
  VELOCITY: DurableObjectNamespace<VelocityShard>;
  WEBHOOKS: DurableObjectNamespace<WebhookDispatcher>;
  QUOTAS: DurableObjectNamespace<QuotaKeeper>;
  /** Some runtimes have no rate limiter. */
  FAILED_KEYS?: RateLimit;
  FAILED_TOKENS?: RateLimit;
  WEBHOOK_QUEUE: Queue<DeliveryNotice>;
  WEBHOOK_DEAD_QUEUE: Queue<DeliveryNotice>;
  DB: D1Database;
  ASSETS?: Fetcher;
} & Partial<Record<Setting, string>>;

/** More shards than this would make rounds of one and cold objects, whatever the load. */
const MAX_SHARDS = 4_096;
const MAX_WAIT_MS = 60_000;
/** A client that is over the limit waits until the window ends, so that must be soon enough to wait for. */
const MAX_WINDOW_S = 3_600;
/** As high as a quota goes in a structured field (RFC 9651: at most 15 digits). */
const MAX_REQUESTS = 999_999_999_999_999;

const whole = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d+$/, "must be a whole number")
    .transform(Number)
    .pipe(z.number().min(least).max(most));
const flag = z.enum(["true", "false"]).transform((text) => text === "true");
const THOUSANDTHS = 3;
const threshold = z.string().transform((text, context) => {
  const parsed = parseAmount(text, THOUSANDTHS);
  if (parsed.ok) return parsed.amount_minor;
  context.addIssue("must be a positive decimal with at most three decimals");
  return z.NEVER;
});

/** Basic authentication (RFC 7617) cannot carry control characters. */
const credential = z.string().regex(/^\P{Cc}*$/u, "must be without control characters");
/** A server that we call: empty for none. Credentials have settings of their own, and a path is put behind it. */
const baseUrl = z
  .string()
  .refine(isBaseUrl, "must be an http or https URL without credentials, query or fragment")
  .default("");
const MAX_TOPIC_CHARACTERS = 249;

const Settings = z.object({
  TRANSACTION_SHARDS: whole(0, MAX_SHARDS).default(16),
  VELOCITY_SHARDS: whole(1, MAX_SHARDS).default(4),
  BOOK_COMMIT_WAIT_MS: whole(0, MAX_WAIT_MS).default(2_000),
  FRAUD_THRESHOLD: threshold.default(5_000_000),
  FRAUD_UNLISTED_CURRENCY: z.enum(UNLISTED_CURRENCY).default("review"),
  MAX_DAILY_TRANSACTIONS: whole(0, Number.MAX_SAFE_INTEGER).default(10),
  FRAUD_REVIEW_SCORE: whole(1, 101).default(101),
  FRAUD_BLOCK_SCORE: whole(1, 101).default(70),
  /** No default: a deployment that moves no money must be meant to. */
  PROCESSOR: z.enum(["", "sandbox", "http"]).default(""),
  PROCESSOR_URL: baseUrl,
  PROCESSOR_TOKEN: z.string().default(""),
  PROCESSOR_TIMEOUT_MS: whole(1, MAX_WAIT_MS).default(10_000),
  KAFKA_REST_DIALECT: z.enum(["upstash", "rest-v2", "rest-v3"]).default("upstash"),
  KAFKA_REST_URL: baseUrl,
  KAFKA_REST_USERNAME: credential
    .refine((name) => !name.includes(":"), "must be without colons")
    .default(""),
  KAFKA_REST_PASSWORD: credential.default(""),
  KAFKA_TOPIC: z
    .string()
    .regex(/^(?!\.{1,2}$)[a-zA-Z0-9._-]+$/, "must be a legal name of a Kafka topic")
    .max(MAX_TOPIC_CHARACTERS)
    .default("payment-events"),
  KAFKA_CLUSTER_ID: z
    .string()
    .regex(/^[a-zA-Z0-9_-]*$/, "must be letters, digits, - and _")
    .default(""),
  KAFKA_RECORD_HEADERS: flag.default(false),
  KAFKA_TIMEOUT_MS: whole(1, MAX_WAIT_MS).default(10_000),
  RATE_LIMIT_REQUESTS: whole(0, MAX_REQUESTS).default(6_000),
  RATE_LIMIT_LISTS: whole(0, MAX_REQUESTS).default(600),
  RATE_LIMIT_WINDOW_S: whole(1, MAX_WINDOW_S).default(60),
  REQUIRE_CURRENCY: flag.default(false),
  ALLOW_INSECURE_WEBHOOKS: flag.default(false),
  LOG_LEVEL: z.enum(["info", "warn", "error"]).default("info"),
  ADMIN_TOKEN: z.string().default(""),
  METRICS_TOKEN: z.string().default(""),
});

type Settings = z.output<typeof Settings>;
type Setting = keyof z.input<typeof Settings>;

/** A REST server in front of Kafka. An empty username: it wants no credentials. */
export type KafkaRest = {
  url: string;
  username: string;
  password: string;
  topic: string;
  timeout_ms: number;
};

export type Config = {
  transaction_shards: number;
  velocity_shards: number;
  book_commit_wait_ms: number;
  /** In force for merchants who have made none. */
  default_rules: VersionedRuleSet;
  /** `none`: charges are refused until a processor is chosen. */
  processor: { kind: "none" | "sandbox" } | { kind: "http"; url: string; token: string };
  processor_timeout_ms: number;
  kafka:
    | { dialect: "off" }
    | ({ dialect: "upstash" } & KafkaRest)
    | ({ dialect: "rest-v2"; record_headers: boolean } & KafkaRest)
    | ({ dialect: "rest-v3"; cluster_id: string } & KafkaRest);
  /** What a merchant may ask for in a window; 0: as much as it likes. */
  limits: { requests: number; lists: number; window_ms: number };
  /** Whether a create has to name its currency. */
  require_currency: boolean;
  allow_insecure_webhooks: boolean;
  log_level: "info" | "warn" | "error";
  /** Empty: there is no admin, and every admin call is answered 401. */
  admin_token: string;
  /** Empty: nobody may see the metrics. */
  metrics_token: string;
};

/** A setting is wrong. The message names it and never shows its value, so it may be logged. */
export class SettingsFault extends Error {
  override readonly name = "SettingsFault";
}

const checked = new WeakMap<Env, Config>();

/** The checked settings of an environment. @throws SettingsFault */
export function configOf(env: Env): Config {
  const known = checked.get(env);
  if (known) return known;
  const config = check(env);
  checked.set(env, config);
  return config;
}

function check(env: Env): Config {
  const parsed = Settings.safeParse(env);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
    throw new SettingsFault(faults.join("; "));
  }
  const settings = parsed.data;
  if (settings.PROCESSOR === "http" && settings.PROCESSOR_URL === "") {
    throw new SettingsFault("PROCESSOR_URL must be set when PROCESSOR is http");
  }
  return {
    transaction_shards: settings.TRANSACTION_SHARDS,
    velocity_shards: settings.VELOCITY_SHARDS,
    book_commit_wait_ms: settings.BOOK_COMMIT_WAIT_MS,
    default_rules: defaultRuleSet({
      threshold_thousandths: settings.FRAUD_THRESHOLD,
      max_daily_transactions: settings.MAX_DAILY_TRANSACTIONS,
      review_score: settings.FRAUD_REVIEW_SCORE,
      block_score: settings.FRAUD_BLOCK_SCORE,
      unlisted_currency: settings.FRAUD_UNLISTED_CURRENCY,
    }),
    processor:
      settings.PROCESSOR === "http"
        ? { kind: "http", url: settings.PROCESSOR_URL, token: settings.PROCESSOR_TOKEN }
        : { kind: settings.PROCESSOR || "none" },
    processor_timeout_ms: settings.PROCESSOR_TIMEOUT_MS,
    kafka: kafkaOf(settings),
    limits: {
      requests: settings.RATE_LIMIT_REQUESTS,
      lists: settings.RATE_LIMIT_LISTS,
      window_ms: settings.RATE_LIMIT_WINDOW_S * 1_000,
    },
    require_currency: settings.REQUIRE_CURRENCY,
    allow_insecure_webhooks: settings.ALLOW_INSECURE_WEBHOOKS,
    log_level: settings.LOG_LEVEL,
    admin_token: settings.ADMIN_TOKEN,
    metrics_token: settings.METRICS_TOKEN,
  };
}

function kafkaOf(settings: Settings): Config["kafka"] {
  if (settings.KAFKA_REST_URL === "") return { dialect: "off" };
  if (settings.KAFKA_REST_PASSWORD !== "" && settings.KAFKA_REST_USERNAME === "") {
    throw new SettingsFault("KAFKA_REST_USERNAME must be set when KAFKA_REST_PASSWORD is");
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
    throw new SettingsFault("KAFKA_CLUSTER_ID must be set when KAFKA_REST_DIALECT is rest-v3");
  }
  return { dialect, cluster_id: settings.KAFKA_CLUSTER_ID, ...rest };
}

/** Empty, or a URL that a path can be put behind. */
function isBaseUrl(text: string): boolean {
  if (text === "") return true;
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol)) return false;
  return url.username === "" && url.password === "" && !/[?#\s]/.test(text);
}
