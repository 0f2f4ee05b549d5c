/** A rule's decimals in major units against amounts in minor units, exactly: a limit may have more
 *  decimals than the payment's currency, and nothing is rounded to compare the two. */

const DECIMAL = /^(\d+)(?:\.(\d+))?$/;

/** Whether an amount is above a decimal; undefined when the text is no decimal.
 *  Amounts are safe integers, and a limit too large to be one is read as a number above all of them. */
export function isAbove(amountMinor: number, limit: string, decimals: number): boolean | undefined {
  const match = DECIMAL.exec(limit);
  if (!match) return undefined;
  const [, whole = "", fraction = ""] = match;
  // An amount is a whole number of minor units: above 4999.9995 means above 4999.99 of them.
  const limitMinor = Number(whole + fraction.slice(0, decimals).padEnd(decimals, "0"));
  return amountMinor > limitMinor;
}

/** Whether an amount is a whole number of times a decimal; undefined when the text is none above 0. */
export function isMultiple(
  amountMinor: number,
  unit: string,
  decimals: number,
): boolean | undefined {
  const match = DECIMAL.exec(unit);
  if (!match) return undefined;
  const [, whole = "", fraction = ""] = match;
  const scale = Math.max(fraction.length, decimals);
  const unitScaled = BigInt(whole + fraction.padEnd(scale, "0"));
  if (unitScaled === 0n) return undefined;
  return (BigInt(amountMinor) * 10n ** BigInt(scale - decimals)) % unitScaled === 0n;
}
