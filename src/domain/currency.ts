/** ISO 4217 as published by the `currency-codes` package: which codes exist and how many decimals each has. */
import currencies from "currency-codes/data";

/** Codes that name no money one can pay with: metals, bond and accounting units, funds, test and
 *  "no currency" codes. */
const NOT_MONEY = new Set([
  "XAG",
  "XAU",
  "XPD",
  "XPT",
  "XBA",
  "XBB",
  "XBC",
  "XBD",
  "XDR",
  "XSU",
  "XUA",
  "XTS",
  "XXX", // How ISO 4217 writes "no currency".
  "BOV",
  "CHE",
  "CHW",
  "COU",
  "MXV",
  "USN",
  "UYI",
]);
/** Accounting units with four decimals (CLF, UYW) are not payment currencies either. */
const PAYABLE_DECIMALS = new Set([0, 2, 3]);

const DECIMALS = new Map(
  currencies
    .filter(({ code, digits }) => PAYABLE_DECIMALS.has(digits) && !NOT_MONEY.has(code))
    .map(({ code, digits }) => [code, digits]),
);

/** The number of decimals of an ISO 4217 currency (0, 2 or 3), or undefined for an unknown code. */
export function currencyDecimals(code: string): number | undefined {
  return DECIMALS.get(code);
}
