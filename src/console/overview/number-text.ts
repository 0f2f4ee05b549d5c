/** Numbers as text. */

const THOUSANDS = new Intl.NumberFormat("en-US");

/** 1,234,567 */
export const countText = (count: number): string => THOUSANDS.format(count);

/** A part of a whole with one decimal. It is rounded towards the middle, so that only all of it is 100 % and only none of
 *  it is 0 %. @returns undefined when the whole is 0 */
export function percentText(part: number, whole: number): string | undefined {
  if (whole === 0) return undefined;
  if (part === whole) return "100 %";
  if (part === 0) return "0 %";
  const permille = Math.floor((part * 1_000) / whole);
  return permille === 0 ? "< 0.1 %" : `${(permille / 10).toFixed(1)} %`;
}

const UNITS = ["bytes", "kB", "MB", "GB"];

/** Bytes in the largest unit of a thousand that they fill: 12.3 MB. */
export function bytesText(bytes: number): string {
  let unit = 0;
  let shown = bytes;
  while (shown >= 1_000 && unit < UNITS.length - 1) {
    shown /= 1_000;
    unit += 1;
  }
  return `${unit === 0 ? shown : shown.toFixed(1)} ${UNITS[unit]}`;
}
