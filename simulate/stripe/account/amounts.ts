// Which amounts Stripe takes in which currency (docs.stripe.com/currencies). Pure.
import { invalid } from "../http/errors.ts";

const AMOUNT_MAX = 99_999_999;
/** Minimum charge amounts where the settlement currency is the same. */
const LEAST: Record<string, number> = {
  usd: 50,
  eur: 50,
  gbp: 30,
  jpy: 50,
  chf: 50,
  cad: 50,
  aud: 50,
};
const OTHERS = [
  ...[
    "clp",
    "krw",
    "vnd",
    "xaf",
    "xof",
    "xpf",
    "bif",
    "djf",
    "gnf",
    "kmf",
    "mga",
    "pyg",
    "rwf",
    "ugx",
    "vuv",
  ],
  ...[
    "kwd",
    "bhd",
    "jod",
    "omr",
    "tnd",
    "isk",
    "huf",
    "twd",
    "sek",
    "nok",
    "dkk",
    "pln",
    "czk",
    "mxn",
    "brl",
  ],
  ...[
    "inr",
    "sgd",
    "hkd",
    "nzd",
    "thb",
    "try",
    "zar",
    "aed",
    "ils",
    "idr",
    "myr",
    "php",
    "ron",
    "bgn",
    "cop",
  ],
];
/** Three decimals, the last of which must be 0. */
const TENS = ["kwd", "bhd", "jod", "omr", "tnd"];
/** Written with two decimals, which must be 0. */
const HUNDREDS = ["isk", "ugx"];

/** Checks an amount to be charged. @throws as the API does */
export function checkAmount(amount: number, currency: string): void {
  if (LEAST[currency] === undefined && !OTHERS.includes(currency)) {
    throw invalid(`Invalid currency: ${currency}.`, { param: "currency" });
  }
  const least = LEAST[currency] ?? 1;
  if (amount < least) {
    throw invalid(`Amount must be at least ${least} ${currency}`, {
      code: "amount_too_small",
      param: "amount",
    });
  }
  if (amount > AMOUNT_MAX) {
    throw invalid(`Amount must be no more than ${AMOUNT_MAX}`, {
      code: "amount_too_large",
      param: "amount",
    });
  }
  const step = TENS.includes(currency) ? 10 : HUNDREDS.includes(currency) ? 100 : 1;
  if (amount % step !== 0) {
    throw invalid(`Invalid amount: must be evenly divisible by ${step}`, { param: "amount" });
  }
}
