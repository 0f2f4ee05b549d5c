// One order as a client carries it out: what is paid, and what of it is captured and refunded. Pure.
import { type Currency, DECLINE_FIRST, decimalText, MINOR_PER_USD, RULES } from "./expectation.ts";
import type { Random } from "./random.ts";
import {
  type Described,
  drawVisits,
  STORIES,
  STORY_WEIGHTS,
  type Step,
  type StoryName,
} from "./stories.ts";
import { type Customer, drawCourse, RETURN_URL, STRIPE_STORIES, STRIPE_WEIGHTS } from "./stripe.ts";

/** A refund of an order under a key of its own. `amount_minor` is null for all that is left. */
export type PlannedRefund = {
  key: string;
  amount_minor: number | null;
  body: { amount?: string | number; reason?: string; metadata: Record<string, string> };
};

export type Order = {
  index: number;
  merchant: number;
  key: string;
  story: string;
  amount_minor: number;
  currency: Currency;
  /** Texts and numbers of its amount that mean the same. */
  spellings: (string | number)[];
  /** The rest of what is sent. */
  body: {
    user_id: string;
    metadata: Record<string, string>;
    currency: string;
    description?: string;
    capture_method?: "manual";
    payment_method?: string;
    return_url?: string;
  };
  /** With Stripe as the processor: what the customer does if the issuer wants an authentication; null when it does not. */
  customer?: Customer | null;
  /** What a capture of a part captures. */
  part_minor: number;
  refunds: PlannedRefund[];
  /** Adds a `webhook_url`, whose port is not known yet. */
  wants_own_url: boolean;
  visits: Step[][];
  /** The orders that its `batch` creates, by their numbers. */
  batch: number[];
};

/** Whose order it is; a burst fixes its size and story. */
export type Role = { merchant: number; user_id: string; size?: Size; story?: StoryName };

const CURRENCY_WEIGHTS = { USD: 45, EUR: 25, GBP: 10, JPY: 10, KWD: 6, CLP: 4 };
const KINDS = {
  usual: ["done"],
  declined: ["decline", "insufficient_funds", "expired_card", "do_not_honor"],
  slow: ["slow"],
  unsure: ["lost", "lost_decline", "silent", "error", "pending", "pending_decline"],
  first: [DECLINE_FIRST],
};
/** Of a charge or an authorization. */
const OUTCOME_WEIGHTS = { usual: 80, declined: 9, slow: 4, unsure: 7 };
/** Of what follows it. */
const NEXT_WEIGHTS = { usual: 66, declined: 8, slow: 4, unsure: 14, first: 8 };
const REFUND_WEIGHTS = { usual: 70, declined: 10, slow: 4, unsure: 16 };
type Size = "usual" | "large" | "huge";
const SIZE_WEIGHTS: Record<Size, number> = { usual: 95, large: 3, huge: 2 };
/** In US dollars; other currencies' amounts are as large by the rates of the fraud rules. */
const SIZES: Record<Size, [least: number, most: number]> = {
  usual: [1, 900],
  large: [RULES.threshold + 1, 2 * RULES.threshold - 1],
  huge: [2 * RULES.threshold + 1, 9 * RULES.threshold],
};
const DESCRIPTIONS = [null, "Order", "Zwei Bücher, é 漢 💳", '\u202Ertl and \\ "quotes"'];
const REASONS = [null, "Damaged", "returned é 漢"];
const OWN_URL_SHARE = 0.03;

function drawOutcome(random: Random, weights: Partial<Record<keyof typeof KINDS, number>>): string {
  const kind = random.weighted(weights as Record<keyof typeof KINDS, number>);
  return random.pick(KINDS[kind]);
}

function drawMetadata(random: Random, index: number, isManual: boolean): Record<string, string> {
  return {
    order: String(index),
    outcome: drawOutcome(random, OUTCOME_WEIGHTS),
    ...(isManual && {
      capture_outcome: drawOutcome(random, NEXT_WEIGHTS),
      void_outcome: drawOutcome(random, NEXT_WEIGHTS),
    }),
  };
}

/** @param captured_minor what the story captures, if it captures
 *  @param percents of it, one for each refund */
function drawRefunds(
  random: Random,
  currency: Currency,
  captured_minor: number,
  percents: (number | null)[],
): PlannedRefund[] {
  return percents.map((percent, at) => {
    const share_minor = Math.floor((captured_minor * (percent ?? 0)) / 100);
    const amount_minor = percent === null ? null : Math.max(1, share_minor);
    const reason = random.pick(REASONS);
    const metadata = { outcome: drawOutcome(random, REFUND_WEIGHTS) };
    const text = amount_minor === null ? null : decimalText(amount_minor, currency);
    const amount = text !== null && random.chance(0.5) ? Number(text) : text;
    const body = {
      ...(amount === null ? {} : { amount }),
      ...(reason === null ? {} : { reason }),
      metadata,
    };
    return { key: `refund-${at + 1}`, amount_minor, body };
  });
}

/** What an order may be, with each processor. At Stripe every part is large enough to be charged alone, and amounts in KWD
 *  would have to end in 0. */
const KINDS_OF_ORDERS = {
  http: {
    stories: STORIES as Record<string, Described>,
    story_weights: STORY_WEIGHTS as Record<string, number>,
    currency_weights: CURRENCY_WEIGHTS,
    least_part: 0,
  },
  stripe: {
    stories: { ...STORIES, ...STRIPE_STORIES } as Record<string, Described>,
    story_weights: { ...STORY_WEIGHTS, ...STRIPE_WEIGHTS } as Record<string, number>,
    currency_weights: { ...CURRENCY_WEIGHTS, KWD: 0 },
    least_part: 0.7,
  },
};
export type ProcessorName = keyof typeof KINDS_OF_ORDERS;

export function makeOrder(
  random: Random,
  processor: ProcessorName,
  { index, merchant, key, user_id, ...fixed }: Role & { index: number; key: string },
): Order {
  const { stories, story_weights, currency_weights, least_part } = KINDS_OF_ORDERS[processor];
  const currency = random.weighted(currency_weights);
  const size = fixed.size ?? random.weighted(SIZE_WEIGHTS);
  const story = fixed.story ?? random.weighted(story_weights);
  const described = stories[story] ?? STORIES.plain;
  const { is_manual = false, refunds = [] }: Described = described;
  const scale = MINOR_PER_USD[currency];
  const [least, most] = SIZES[size];
  const amount_minor = random.whole(least * scale, most * scale);
  const part = least_part + (1 - least_part) * random.unit();
  const part_minor = Math.max(1, Math.floor(amount_minor * part));
  const text = decimalText(amount_minor, currency);
  const stripe = processor === "stripe" ? drawCourse(random, story) : null;
  const metadata = stripe
    ? { order: String(index), outcome: stripe.outcome }
    : drawMetadata(random, index, is_manual);
  const description = random.pick(DESCRIPTIONS);
  const body = {
    user_id,
    currency,
    metadata,
    ...(description ? { description } : {}),
    ...(is_manual ? { capture_method: "manual" as const } : {}),
    ...(stripe ? { payment_method: stripe.payment_method, return_url: RETURN_URL } : {}),
  };
  const drawn = drawRefunds(random, currency, is_manual ? part_minor : amount_minor, refunds);
  return {
    index,
    merchant,
    key,
    story,
    amount_minor,
    currency,
    spellings: [text, Number(text), `${Number(text)}`],
    body,
    ...(stripe ? { customer: stripe.customer } : {}),
    part_minor,
    refunds: stripe ? drawn.map((refund) => withOutcome(refund, stripe.refund_outcome)) : drawn,
    wants_own_url: random.chance(OWN_URL_SHARE),
    visits: drawVisits(described, random),
    batch: [],
  };
}

const withOutcome = (refund: PlannedRefund, outcome: string): PlannedRefund => ({
  ...refund,
  body: { ...refund.body, metadata: { outcome } },
});
