/** Money is a safe integer in minor units. Text becomes money exactly or not at all; nothing is ever rounded. */

/** 15 digits: every such decimal survives a trip through a JSON number (IEEE 754 keeps 15 significant
 *  digits exactly), so a client that reads `amount` as a double reads what we hold. */
export const MAX_AMOUNT_MINOR = 999_999_999_999_999;

/** The JSON number grammar (RFC 8259), so a number's source text and a decimal string are read alike. */
const DECIMAL = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
/** A decimal longer than this is refused unread: no amount needs it, and it bounds the work below. */
export const MAX_DECIMAL_CHARACTERS = 64;

export type AmountFault = "malformed" | "not_positive" | "too_many_decimals" | "too_large";
export type ParsedAmount = { ok: true; amount_minor: number } | { ok: false; fault: AmountFault };

/** Reads a decimal in major units ("100.5", "1e2") as minor units of a currency with `decimals` decimals. */
export function parseAmount(text: string, decimals: number): ParsedAmount {
  const match = text.length <= MAX_DECIMAL_CHARACTERS ? DECIMAL.exec(text) : null;
  if (!match) return { ok: false, fault: "malformed" };
  const [, sign, whole = "", fraction = "", exponent = "0"] = match;

  const digits = (whole + fraction).replace(/^0+/, "");
  if (sign === "-" || digits === "") return { ok: false, fault: "not_positive" };

  const significant = digits.replace(/0+$/, "");
  const zeros = digits.length - significant.length;
  const shift = zeros - fraction.length + Number(exponent) + decimals;
  if (shift < 0) return { ok: false, fault: "too_many_decimals" };
  if (significant.length + shift > String(MAX_AMOUNT_MINOR).length) {
    return { ok: false, fault: "too_large" };
  }
  return { ok: true, amount_minor: Number(significant + "0".repeat(shift)) };
}

/** Minor units as a decimal in major units without trailing zeros: 10050 with 2 decimals is "100.5". */
export function formatAmount(amountMinor: number, decimals: number): string {
  if (decimals === 0) return String(amountMinor);
  const digits = String(amountMinor).padStart(decimals + 1, "0");
  const fraction = digits.slice(-decimals).replace(/0+$/, "");
  const whole = digits.slice(0, -decimals);
  return fraction === "" ? whole : `${whole}.${fraction}`;
}
