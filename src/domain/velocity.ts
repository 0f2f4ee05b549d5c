/** What is counted about a customer, and in which windows. The counting itself lives in `velocity/`. */

const MINUTE_MS = 60_000;

/** Rolling windows. A payment made at `t` is inside until, and no longer at, `t` + the window's length. */
export const WINDOWS_MS = {
  minute: MINUTE_MS,
  hour: 60 * MINUTE_MS,
  day: 24 * 60 * MINUTE_MS,
} as const;

export type Window = keyof typeof WINDOWS_MS;
export const WINDOWS = Object.keys(WINDOWS_MS) as Window[];

/** One window of one customer, the payment in question included.
 *  `sum_minor` is in the payment's currency and stops at the largest safe integer. */
export type WindowSignals = { count: number; currency_count: number; sum_minor: number };
export type Signals = Record<Window, WindowSignals>;

/** A payment to be counted once, however often it is reported. */
export type Observation = {
  transaction_id: string;
  merchant_id: string;
  user_id: string;
  currency: string;
  amount_minor: number;
};
