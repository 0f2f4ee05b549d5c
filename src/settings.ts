/** The settings of a deployment, as text and as checked values. docs/configuration.md explains each. */
import * as z from "zod";
import { parseAmount } from "./domain/money/money";
import { UNLISTED_CURRENCY } from "./domain/risk/default-rules/default-rules";
import { MAX_CAPTURE_WINDOW_S } from "./domain/transaction/capture";
import { MAX_ACTION_WINDOW_S } from "./domain/transaction/next-action";

/** With more shards than this a batch has one command and objects are cold, whatever the load. */
const MAX_SHARDS = 4_096;
/** As many as one scrape can read within its time. */
const MAX_BOOKS = 64;
const MAX_WAIT_MS = 60_000;
/** A client that is over the limit waits until the window ends. */
const MAX_WINDOW_S = 3_600;
/** The largest integer of a structured field (RFC 9651: 15 digits). */
const MAX_REQUESTS = 999_999_999_999_999;

const whole = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d+$/, "must be a whole number")
    .transform(Number)
    .pipe(z.number().min(least).max(most));
const DAY_MS = 86_400_000;
const days = z
  .string()
  .regex(/^\d{1,5}(\.\d{1,8})?$/, "must be a number of days, at most 99999, such as 90 or 0.5")
  .transform((text) => Math.round(Number(text) * DAY_MS));
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
/** A server that we call: empty for none. Credentials have settings of their own, and a path is appended. */
const baseUrl = z
  .string()
  .refine(isBaseUrl, "must be an http or https URL without credentials, query or fragment")
  .default("");
/** What a processor may know besides charges. */
const OPERATIONS = ["authorize", "capture", "void", "refund", "find"];
const operations = z
  .string()
  .transform((text) => text.split(",").map((name) => name.trim()))
  .transform((names) => (names.length === 1 && names[0] === "" ? [] : names))
  .refine(
    (names) => names.every((name) => OPERATIONS.includes(name)),
    `must be names of ${OPERATIONS.join(", ")}, with commas between them`,
  )
  .refine(
    (names) => !names.includes("authorize") || ["capture", "void"].every((n) => names.includes(n)),
    "must have capture and void when it has authorize",
  );
/** A secret or restricted key of Stripe. */
const stripeKey = z
  .string()
  .regex(/^((sk|rk)_(test|live)_[a-zA-Z0-9_]+)?$/, "must be a secret or restricted key of Stripe");
const MAX_STRIPE_SECRETS = 2;
/** Secrets of the webhook endpoint at Stripe: two while one replaces the other. */
const stripeSecrets = z
  .string()
  .regex(
    /^(whsec_[a-zA-Z0-9+/=_-]+(\s*,\s*whsec_[a-zA-Z0-9+/=_-]+)?)?$/,
    "must be one or two secrets (whsec_…) with a comma between them",
  )
  .transform((text) =>
    text
      .split(",")
      .map((secret) => secret.trim())
      .filter(Boolean)
      .slice(0, MAX_STRIPE_SECRETS),
  );
const MAX_TOPIC_CHARACTERS = 249;

export const Settings = z.object({
  TRANSACTION_SHARDS: whole(0, MAX_SHARDS).default(16),
  VELOCITY_SHARDS: whole(1, MAX_SHARDS).default(4),
  BOOKS: whole(1, MAX_BOOKS).default(1),
  FRAUD_THRESHOLD: threshold.default(5_000_000),
  FRAUD_UNLISTED_CURRENCY: z.enum(UNLISTED_CURRENCY).default("review"),
  MAX_DAILY_TRANSACTIONS: whole(0, Number.MAX_SAFE_INTEGER).default(10),
  FRAUD_REVIEW_SCORE: whole(1, 101).default(101),
  FRAUD_BLOCK_SCORE: whole(1, 101).default(70),
  /** No default: a deployment must choose to move no money. */
  PROCESSOR: z.enum(["", "sandbox", "http", "stripe"]).default(""),
  PROCESSOR_URL: baseUrl,
  PROCESSOR_TOKEN: z.string().default(""),
  PROCESSOR_OPERATIONS: operations.default([]),
  PROCESSOR_TIMEOUT_MS: whole(1, MAX_WAIT_MS).default(10_000),
  CAPTURE_WINDOW_S: whole(60, MAX_CAPTURE_WINDOW_S).default(604_800),
  ACTION_WINDOW_S: whole(60, MAX_ACTION_WINDOW_S).default(3_600),
  STRIPE_SECRET_KEY: stripeKey.default(""),
  STRIPE_WEBHOOK_SECRET: stripeSecrets.default([]),
  STRIPE_API_URL: baseUrl,
  ALLOW_LIVE_PAYMENTS: flag.default(false),
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
  HOT_DAYS: days.default(90 * DAY_MS),
  REQUIRE_CURRENCY: flag.default(false),
  ALLOW_INSECURE_WEBHOOKS: flag.default(false),
  LOG_LEVEL: z.enum(["info", "warn", "error"]).default("info"),
  ADMIN_TOKEN: z.string().default(""),
  METRICS_TOKEN: z.string().default(""),
});

export type Settings = z.output<typeof Settings>;
/** The name of a setting. */
export type Setting = keyof z.input<typeof Settings>;

/** The first book, which is the directory too: the others have only payments and what follows from them. */
export const FIRST_BOOK = 1;

/** The name of a book's binding. @param book from 1 */
export function toBookBinding(book: number): "DB" | `BOOK_${number}` {
  return book === FIRST_BOOK ? "DB" : `BOOK_${book}`;
}

/** Empty, or a URL that a path can be appended to. */
function isBaseUrl(text: string): boolean {
  if (text === "") return true;
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol)) return false;
  return url.username === "" && url.password === "" && !/[?#\s]/.test(text);
}
