/** Converts amounts between minor units of ISO 4217 and those of Stripe, exactly or not at all. docs/stripe-mapping.md has
 *  the table with its sources. Nothing here is ever rounded. */
import type { Refusal } from "../../domain/transaction/refusal";

/** The API reference allows eight digits. */
const MAX_STRIPE_AMOUNT = 99_999_999;
const LARGER_MAX: Record<string, number> = { IDR: 999_999_999_999 };

/** Cards can be charged in these, and Stripe's minor unit is that of ISO 4217. */
const SAME_UNIT = codes(`
  AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BIF BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF CLP CNY COP CRC
  CVE CZK DJF DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR JMD JPY KES
  KGS KHR KMF KRW KYD KZT LAK LBP LKR LRD LSL MAD MDL MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR
  NZD PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SEK SGD SHP SLE SOS SRD SZL THB TJS TOP TRY TTD
  TWD TZS UAH USD UYU UZS VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW`);

/** Decimals at Stripe that ISO 4217 has no longer: the amount is multiplied by 100. */
const TWO_MORE_DECIMALS = codes("ISK UGX");
/** Decimals of ISO 4217 that Stripe does not have: only whole units can be charged. */
const TWO_FEWER_DECIMALS = codes("MGA");
/** Three decimals, of which the last must be 0. */
const LAST_DIGIT_ZERO = codes("BHD JOD KWD OMR TND");

/** Stripe's amount is ours times `times`, divided by `divisor`; ours must be a multiple of `step`. */
type Conversion = { times: number; divisor: number; step: number };

const CONVERSIONS: ReadonlyMap<string, Conversion> = new Map<string, Conversion>([
  ...SAME_UNIT.map((code) => [code, { times: 1, divisor: 1, step: 1 }] as const),
  ...TWO_MORE_DECIMALS.map((code) => [code, { times: 100, divisor: 1, step: 1 }] as const),
  ...TWO_FEWER_DECIMALS.map((code) => [code, { times: 1, divisor: 100, step: 100 }] as const),
  ...LAST_DIGIT_ZERO.map((code) => [code, { times: 1, divisor: 1, step: 10 }] as const),
]);

/** The amount as Stripe is sent it; undefined when Stripe cannot take exactly this amount.
 *  @param amountMinor in minor units of ISO 4217 */
export function toStripeAmount(amountMinor: number, currency: string): number | undefined {
  const conversion = CONVERSIONS.get(currency);
  if (!conversion || !Number.isSafeInteger(amountMinor)) return undefined;
  const { times, divisor, step } = conversion;
  if (amountMinor < step || amountMinor % step !== 0) return undefined;
  if (amountMinor > maxMinor(currency, conversion)) return undefined;
  return (amountMinor * times) / divisor;
}

/** An amount of Stripe's in minor units of ISO 4217; undefined when it is none, or the currency has no conversion.
 *  @param currency in the letters of either case */
export function fromStripeAmount(amount: number, currency: string): number | undefined {
  const conversion = CONVERSIONS.get(currency.toUpperCase());
  if (!conversion || !Number.isSafeInteger(amount) || amount < 0) return undefined;
  const { times, divisor } = conversion;
  const minor = (amount * divisor) / times;
  return Number.isSafeInteger(minor) ? minor : undefined;
}

/** Why Stripe cannot take an amount; undefined when it can. Minimum amounts depend on the currency in which the account is
 *  paid out, so Stripe decides them. */
export function refusedAmount(amountMinor: number, currency: string): Refusal | undefined {
  const conversion = CONVERSIONS.get(currency);
  if (!conversion) return { code: "currency_not_supported", currency };
  if (toStripeAmount(amountMinor, currency) !== undefined) return undefined;
  const { step } = conversion;
  const most = maxMinor(currency, conversion);
  const below = Math.min(amountMinor - (amountMinor % step), most);
  const above = amountMinor > most ? most + step : below + step;
  return {
    code: "amount_not_supported",
    amount_minor: amountMinor,
    currency,
    lower_minor: below >= step ? below : null,
    upper_minor: above <= most ? above : null,
  };
}

/** The largest amount in minor units of ISO 4217. */
function maxMinor(currency: string, { times, divisor, step }: Conversion): number {
  const most = ((LARGER_MAX[currency] ?? MAX_STRIPE_AMOUNT) * divisor) / times;
  return Math.floor(most) - (Math.floor(most) % step);
}

function codes(text: string): string[] {
  return text.trim().split(/\s+/);
}
