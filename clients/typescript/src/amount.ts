/** Amounts: the API reads them as decimal strings and shows them in minor units too. */
import { CURRENCY_DECIMALS } from "./generated/currency-decimals.js";

/**
 * The decimal string of an amount in minor units, exactly: `toDecimalAmount(10050, "USD")` is `"100.50"`, and
 * `toDecimalAmount(500, "JPY")` is `"500"`.
 *
 * @throws RangeError if the amount is not a safe integer of 0 or above, or the currency is not one of the API
 */
export function toDecimalAmount(amountMinor: number, currency: string): string {
  if (!Number.isSafeInteger(amountMinor) || amountMinor < 0) {
    throw new RangeError("An amount in minor units is a whole number of 0 or above.");
  }
  const places = Object.hasOwn(CURRENCY_DECIMALS, currency)
    ? CURRENCY_DECIMALS[currency]
    : undefined;
  if (places === undefined) throw new RangeError("The currency is not one of the API.");
  const digits = String(amountMinor).padStart(places + 1, "0");
  return places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`;
}
