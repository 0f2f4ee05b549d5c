/** Currencies: how many decimals each has, and on which days a new payment may be in it. */
import { formatTime } from "../time/format-time";
import { ACTIVE_CODES, type Decimals, NOT_MONEY, VALID_FROM, WITHDRAWN } from "./iso-4217";

/** Days are UTC, `2026-01-01`. A new payment may be in it from `valid_from` on, and no longer on `withdrawn_on`. */
export type Currency = { decimals: Decimals; valid_from?: string; withdrawn_on?: string };

const CURRENCIES: ReadonlyMap<string, Currency> = new Map<string, Currency>([
  ...([0, 2, 3] as const).flatMap((decimals) =>
    ACTIVE_CODES[decimals].map((code): [string, Currency] => {
      const valid_from = VALID_FROM[code];
      return [code, { decimals, ...(valid_from && { valid_from }) }];
    }),
  ),
  ...Object.entries(WITHDRAWN),
]);

/** Every currency that a payment may be in on some day. */
export const CURRENCY_CODES: readonly string[] = [...CURRENCIES.keys()];

/** A currency of today or a withdrawn one; undefined for every other text. */
export function findCurrency(code: string): Currency | undefined {
  return CURRENCIES.get(code);
}

/** Stored money is in a currency that this release does not know. Its decimals must not be guessed. */
export class UnknownCurrency extends Error {
  override readonly name = "UnknownCurrency";
}

/** The decimals of the minor unit of a stored amount's currency. @throws UnknownCurrency */
export function currencyDecimals(code: string): Decimals {
  const currency = CURRENCIES.get(code);
  if (!currency) throw new UnknownCurrency(`the decimals of ${code.slice(0, 3)} are not known`);
  return currency.decimals;
}

/** What is wrong with a text that is no currency, in words that follow the field's name. */
export function notCurrencyText(code: string): string {
  return NOT_MONEY.includes(code)
    ? `names ${code}, which is not a payment currency`
    : "must be an ISO 4217 currency code, such as USD";
}

/** Why a new payment cannot be in a currency at a time, in words that follow the field's name; undefined when
 *  it can. */
export function newPaymentFault(code: string, nowMs: number): string | undefined {
  const currency = CURRENCIES.get(code);
  if (!currency) return notCurrencyText(code);
  return standingFault(code, currency, formatTime(nowMs).slice(0, "2026-01-01".length));
}

/** @param today a UTC day */
export function standingFault(
  code: string,
  { valid_from, withdrawn_on }: Currency,
  today: string,
): string | undefined {
  if (withdrawn_on !== undefined && today >= withdrawn_on) {
    return `names ${code}, which was withdrawn on ${withdrawn_on}`;
  }
  if (valid_from !== undefined && today < valid_from) {
    return `names ${code}, which is not valid before ${valid_from}`;
  }
  return undefined;
}
