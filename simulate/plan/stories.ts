// The stories that clients' requests tell: which they send, in which order, and which of them race. Pure.
import type { Random } from "./random.ts";

/** What a client asks for. `pay` creates and processes with one request; `capture_part` captures a part, `capture_over`
 *  more than is authorized; `refund_2` is the second refund of the order, `refund_reuse` another one under the key of the
 *  first; `batch` creates several orders with one request; `authenticate` is what the customer does at the
 *  issuer's page. `faulty_item` is what a batch says of its faulty item. */
export type Call =
  | "create"
  | "pay"
  | "batch"
  | "faulty_item"
  | "reuse"
  | "process"
  | "capture"
  | "capture_part"
  | "capture_over"
  | "cancel"
  | `refund_${number}`
  | "refund_reuse"
  | "authenticate"
  | "get"
  | "key"
  | "events"
  | "refunds"
  | "list";

/** Requests that race; with a limit they are aborted after that time and sent again. */
export type Step = { calls: Call[]; hangs_up_after_ms?: number };

export type Described = {
  weight: number;
  visits: string[][];
  /** It is authorized first and captured later. */
  is_manual?: boolean;
  /** The order's refunds, in percent of what is captured; null for all that is left. */
  refunds?: (number | null)[];
};

/**
 * What clients do, by story: visits of steps. A later visit comes some orders later. `times` requests
 * race; `hangs_up` are aborted after a while and sent again with the same key until answered.
 */
export const STORIES = {
  plain: { weight: 30, visits: [["create", "process"]] },
  left: { weight: 4, visits: [["create"]] },
  double_click: { weight: 7, visits: [["create*2", "process*2"]] },
  crowd: { weight: 2, visits: [["create*6", "process*6"]] },
  repeated_later: {
    weight: 6,
    visits: [
      ["create", "process"],
      ["create", "process"],
    ],
  },
  impatient: { weight: 8, visits: [["create!", "process!"]] },
  impatient_later: { weight: 3, visits: [["create!"], ["create", "process!"]] },
  key_reused: {
    weight: 4,
    visits: [
      ["create", "reuse", "process"],
      ["reuse", "create"],
    ],
  },
  cancelled: {
    weight: 4,
    visits: [
      ["create", "cancel"],
      ["cancel", "process"],
    ],
  },
  cancel_races: { weight: 5, visits: [["create", "process|cancel"]] },

  paid_at_once: { weight: 8, visits: [["pay"]] },
  paid_twice: { weight: 3, visits: [["pay*3"], ["pay"]] },
  paid_impatiently: { weight: 4, visits: [["pay!"], ["pay"]] },
  paid_later: { weight: 2, visits: [["create"], ["pay", "create"]] },
  paid_or_processed: { weight: 2, visits: [["create", "pay|process"]] },
  paid_or_cancelled: { weight: 2, visits: [["create", "pay|cancel"]] },

  held_captured: { weight: 4, is_manual: true, visits: [["create", "process"], ["capture*2"]] },
  held_captured_partly: {
    weight: 4,
    is_manual: true,
    visits: [["pay", "capture_part!"], ["capture_part"]],
  },
  held_captured_too_much: {
    weight: 2,
    is_manual: true,
    visits: [["pay", "capture_over", "capture"], ["capture_part"]],
  },
  held_captured_again: { weight: 3, is_manual: true, visits: [["pay", "capture", "capture!"]] },
  held_voided: {
    weight: 3,
    is_manual: true,
    visits: [
      ["create", "process!", "cancel*2"],
      ["cancel", "capture"],
    ],
  },
  held_races: { weight: 4, is_manual: true, visits: [["pay", "capture|cancel"], ["capture"]] },
  held_amounts_race: { weight: 2, is_manual: true, visits: [["pay*2", "capture|capture_part"]] },
  held_left: { weight: 2, is_manual: true, visits: [["create", "process"]] },

  refunded: { weight: 3, refunds: [null], visits: [["pay"], ["refund_1*2"], ["refund_1"]] },
  refunded_in_parts: {
    weight: 3,
    refunds: [30, 20, null],
    visits: [
      ["create", "process", "refund_1!"],
      ["refund_2", "refund_3"],
    ],
  },
  refunds_race: {
    weight: 4,
    refunds: [40, 40, 40],
    visits: [["pay", "refund_1|refund_2|refund_3"], ["refund_1|refund_2|refund_3!"]],
  },
  refunded_too_early: {
    weight: 2,
    refunds: [100],
    visits: [
      ["create", "refund_1"],
      ["process", "refund_1"],
    ],
  },
  refund_reused: { weight: 2, refunds: [50], visits: [["pay", "refund_1", "refund_reuse"]] },
  held_refunded: {
    weight: 4,
    is_manual: true,
    refunds: [60, 60, null],
    visits: [["pay", "capture_part", "refund_1|refund_2"], ["refund_3"]],
  },
} satisfies Record<string, Described>;

export type StoryName = keyof typeof STORIES;

export const STORY_WEIGHTS = Object.fromEntries(
  Object.entries(STORIES).map(([name, { weight }]) => [name, weight]),
) as Record<StoryName, number>;

const READ_SHARE = 0.3;
const READS: Call[] = ["get", "key", "events", "refunds", "list"];

/** How long a client without patience waits at most. The shorter, the more of them: some hang up before
 *  the request has arrived, some after it was committed, some just before the answer. */
const PATIENCE_MAX_MS = 2_000;

/** `create*2` is two racing requests, `create!` one that hangs up, `process|cancel` two that race. */
export function readStep(text: string, random: Random): Step {
  const [, calls = "", times = "1", hangs] = /^([a-z_\d|]+)(?:\*(\d))?(!)?$/.exec(text) ?? [];
  const racing = Array.from({ length: Number(times) }, () => calls.split("|") as Call[]).flat();
  if (!hangs) return { calls: racing };
  return { calls: racing, hangs_up_after_ms: Math.ceil(PATIENCE_MAX_MS ** random.unit()) };
}

/** The visits of a story, each with a reader now and then. */
export function drawVisits({ visits }: Described, random: Random): Step[][] {
  return visits.map((texts) => {
    const steps = texts.map((text) => readStep(text, random));
    if (random.chance(READ_SHARE)) steps.push({ calls: [random.pick(READS)] });
    return steps;
  });
}

/** The number of the refund that a call asks for, from 1; null for other calls. */
export function refundNumber(call: Call): number | null {
  const [, number] = /^refund_(\d+)$/.exec(call) ?? [];
  return number === undefined ? null : Number(number);
}
