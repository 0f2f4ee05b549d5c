/** The environment, read and checked once. Raw bindings are `Env`; everything else sees `Config`, with units in the names. */
import * as z from "zod";
import type { DeliveryNotice, WebhookDispatcher } from "./delivery/object";
import type { FraudRules } from "./domain/fraud";
import { parseAmount } from "./domain/money";
import type { TransactionShard } from "./transaction/object";
import type { VelocityShard } from "./velocity/object";

/** What the platform hands us, as wrangler.toml declares it. */
export type Env = {
  TRANSACTIONS: DurableObjectNamespace<TransactionShard>;
  VELOCITY: DurableObjectNamespace<VelocityShard>;
  WEBHOOKS: DurableObjectNamespace<WebhookDispatcher>;
  WEBHOOK_QUEUE: Queue<DeliveryNotice>;
  WEBHOOK_DEAD_QUEUE: Queue<DeliveryNotice>;
  DB: D1Database;
  ASSETS?: Fetcher;
} & Partial<Record<Setting, string>>;

/** More shards than this would make rounds of one and cold objects, whatever the load. */
const MAX_SHARDS = 4_096;
const MAX_WAIT_MS = 60_000;

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

const Settings = z.object({
  TRANSACTION_SHARDS: whole(0, MAX_SHARDS).default(16),
  VELOCITY_SHARDS: whole(1, MAX_SHARDS).default(4),
  BOOK_COMMIT_WAIT_MS: whole(0, MAX_WAIT_MS).default(2_000),
  FRAUD_THRESHOLD: threshold.default(5_000_000),
  MAX_DAILY_TRANSACTIONS: whole(0, Number.MAX_SAFE_INTEGER).default(10),
  FRAUD_BLOCK_SCORE: whole(1, 101).default(70),
  PROCESSOR: z.enum(["sandbox", "http"]).default("sandbox"),
  PROCESSOR_URL: z.union([z.literal(""), z.url()]).default(""),
  PROCESSOR_TOKEN: z.string().default(""),
  PROCESSOR_TIMEOUT_MS: whole(1, MAX_WAIT_MS).default(10_000),
  ALLOW_INSECURE_WEBHOOKS: flag.default(false),
  LOG_LEVEL: z.enum(["info", "warn", "error"]).default("info"),
  ADMIN_TOKEN: z.string().default(""),
});

type Setting = keyof z.input<typeof Settings>;

export type Config = {
  transaction_shards: number;
  velocity_shards: number;
  book_commit_wait_ms: number;
  fraud_rules: FraudRules;
  processor: { kind: "sandbox" } | { kind: "http"; url: string; token: string };
  processor_timeout_ms: number;
  allow_insecure_webhooks: boolean;
  log_level: "info" | "warn" | "error";
  /** Empty: there is no admin, and every admin call is answered 401. */
  admin_token: string;
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
    fraud_rules: {
      threshold_thousandths: settings.FRAUD_THRESHOLD,
      max_daily_transactions: settings.MAX_DAILY_TRANSACTIONS,
      block_score: settings.FRAUD_BLOCK_SCORE,
    },
    processor:
      settings.PROCESSOR === "http"
        ? { kind: "http", url: settings.PROCESSOR_URL, token: settings.PROCESSOR_TOKEN }
        : { kind: "sandbox" },
    processor_timeout_ms: settings.PROCESSOR_TIMEOUT_MS,
    allow_insecure_webhooks: settings.ALLOW_INSECURE_WEBHOOKS,
    log_level: settings.LOG_LEVEL,
    admin_token: settings.ADMIN_TOKEN,
  };
}
