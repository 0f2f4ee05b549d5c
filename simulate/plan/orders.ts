// One order as a client carries it out: what is paid, and the story of its requests. Pure.
import { type Currency, DECIMALS, MINOR_PER_USD, RULES, SANDBOX } from "./expectation.ts";
import type { Random } from "./random.ts";

export type Call = "create" | "reuse" | "process" | "cancel" | "get" | "key" | "events" | "list";

/** Requests that race; with a limit they are aborted after that time and sent again. */
export type Step = { calls: Call[]; hangs_up_after_ms?: number };

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
  };
  /** Adds a `webhook_url`, whose port is not known yet. */
  wants_own_url: boolean;
  visits: Step[][];
};

/** Whose order it is; a burst fixes its size and story. */
export type Role = { merchant: number; user_id: string; size?: Size; story?: Story };

const CURRENCY_WEIGHTS = { USD: 45, EUR: 25, GBP: 10, JPY: 10, KWD: 6, CLP: 4 };
const DECLINES = ["decline", "insufficient_funds", "expired_card", "do_not_honor"];
const UNSURE = ["timeout_then_settle", "unknown_then_settle", "unknown_then_decline"];
const OUTCOME_WEIGHTS = { usual: 80, declined: 10, slow: 5, unsure: 5 };
type Size = "usual" | "large" | "huge";
const SIZE_WEIGHTS: Record<Size, number> = { usual: 95, large: 3, huge: 2 };
/** In US dollars; other currencies' amounts are as large by the rates of the fraud rules. */
const SIZES: Record<Size, [least: number, most: number]> = {
  usual: [1, 900],
  large: [RULES.threshold + 1, 2 * RULES.threshold - 1],
  huge: [2 * RULES.threshold + 1, 9 * RULES.threshold],
};
const DESCRIPTIONS = [null, "Order", "Zwei Bücher, é 漢 💳", '\u202Ertl and \\ "quotes"'];
const OWN_URL_SHARE = 0.03;
const READ_SHARE = 0.3;
const READS: Call[] = ["get", "key", "events", "list"];

/** How long a client without patience waits at most. The shorter, the more of them: some hang up before
 *  the request has arrived, some after it was committed, some just before the answer. */
const PATIENCE_MAX_MS = 2_000;

/**
 * What clients do, by story: visits of steps. A later visit comes some orders later. `times` requests
 * race; `hangs_up` are aborted after a while and sent again with the same key until answered.
 */
const STORIES = {
  plain: { weight: 40, visits: [["create", "process"]] },
  left: { weight: 5, visits: [["create"]] },
  double_click: { weight: 10, visits: [["create*2", "process*2"]] },
  crowd: { weight: 2, visits: [["create*6", "process*6"]] },
  repeated_later: {
    weight: 9,
    visits: [
      ["create", "process"],
      ["create", "process"],
    ],
  },
  impatient: { weight: 12, visits: [["create!", "process!"]] },
  impatient_later: { weight: 4, visits: [["create!"], ["create", "process!"]] },
  key_reused: {
    weight: 5,
    visits: [
      ["create", "reuse", "process"],
      ["reuse", "create"],
    ],
  },
  cancelled: {
    weight: 6,
    visits: [
      ["create", "cancel"],
      ["cancel", "process"],
    ],
  },
  cancel_races: { weight: 7, visits: [["create", "process|cancel"]] },
} satisfies Record<string, { weight: number; visits: string[][] }>;
type Story = keyof typeof STORIES;
const STORY_WEIGHTS = Object.fromEntries(
  Object.entries(STORIES).map(([name, { weight }]) => [name, weight]),
) as Record<Story, number>;

function decimalText(amount_minor: number, decimals: number): string {
  const digits = String(amount_minor).padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals);
  return decimals === 0 ? whole : `${whole}.${digits.slice(-decimals)}`;
}

/** An amount's minor units: of a size, and with the sandbox's ending when that says the outcome. */
function drawAmount(
  random: Random,
  currency: Currency,
  size: Size,
  ending: string | undefined,
): number {
  const scale = MINOR_PER_USD[currency];
  const [least, most] = SIZES[size];
  const minor = random.whole(least * scale, most * scale);
  if (ending === undefined) return minor;
  // Keeps the size where four digits leave a choice.
  return Math.floor(minor / 10_000) * 10_000 + Number(ending);
}

function outcomeName(random: Random): string {
  const kind = random.weighted(OUTCOME_WEIGHTS);
  if (kind === "declined") return random.pick(DECLINES);
  return kind === "unsure" ? random.pick(UNSURE) : kind;
}

/** `create*2` is two racing requests, `create!` one that hangs up, `process|cancel` two that race. */
function readStep(text: string, random: Random): Step {
  const [, calls = "", times = "1", hangs] = /^([a-z|]+)(?:\*(\d))?(!)?$/.exec(text) ?? [];
  const racing = Array.from({ length: Number(times) }, () => calls.split("|") as Call[]).flat();
  if (!hangs) return { calls: racing };
  return { calls: racing, hangs_up_after_ms: Math.ceil(PATIENCE_MAX_MS ** random.unit()) };
}

function drawVisits(story: Story, random: Random): Step[][] {
  return STORIES[story].visits.map((texts) => {
    const steps = texts.map((text) => readStep(text, random));
    if (random.chance(READ_SHARE)) steps.push({ calls: [random.pick(READS)] });
    return steps;
  });
}

export function makeOrder(
  random: Random,
  { index, merchant, key, user_id, ...fixed }: Role & { index: number; key: string },
): Order {
  const currency = random.weighted(CURRENCY_WEIGHTS);
  const outcome = outcomeName(random);
  const isNamed = random.chance(0.5);
  const size = fixed.size ?? random.weighted(SIZE_WEIGHTS);
  const ending = isNamed ? undefined : SANDBOX[outcome]?.ending;
  const amount_minor = drawAmount(random, currency, size, ending);
  const text = decimalText(amount_minor, DECIMALS[currency]);
  const metadata = {
    order: String(index),
    ...(isNamed && outcome in SANDBOX ? { sandbox_outcome: outcome } : {}),
  };
  const description = random.pick(DESCRIPTIONS);
  const story = fixed.story ?? random.weighted(STORY_WEIGHTS);
  const wants_own_url = random.chance(OWN_URL_SHARE);
  const body = { user_id, currency, metadata, ...(description ? { description } : {}) };
  return {
    index,
    merchant,
    key,
    story,
    amount_minor,
    currency,
    spellings: [text, Number(text), `${Number(text)}`],
    body,
    wants_own_url,
    visits: drawVisits(story, random),
  };
}
