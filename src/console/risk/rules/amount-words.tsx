/** The amounts of rules in words. */
import type { RuleAmount } from "../../../domain/risk/rule-set";

/** Shown first where there are many. */
const COMMON = ["USD", "EUR", "GBP", "JPY"];
/** More are folded. */
const MOST_SHOWN = 4;

/** An amount of a rule. @param currency the only one in which the amount holds */
export function AmountWords({ amount, currency }: { amount: RuleAmount; currency?: string }) {
  if (typeof amount === "string") {
    const text = groupDigits(amount);
    return <>{currency ? `${text} ${currency}` : `${text}, whatever the currency`}</>;
  }
  const amounts = commonFirst(Object.keys(amount)).map(
    (code) => `${groupDigits(amount[code] ?? "")} ${code}`,
  );
  return <FoldedList items={amounts} noun="currencies" />;
}

/** Codes of currencies. */
export function CurrencyWords({ codes }: { codes: readonly string[] }) {
  return <FoldedList items={commonFirst(codes)} noun="currencies" />;
}

/** A list of which only the begin is shown, if it is long. */
export function FoldedList({ items, noun }: { items: readonly string[]; noun: string }) {
  const all = <bdi>{items.join(", ")}</bdi>;
  if (items.length <= MOST_SHOWN) return all;
  const more = items.length - 1;
  return (
    <details class="folded">
      <summary>
        <bdi>{items[0]}</bdi>, and {more} other {noun}
      </summary>
      {all}
    </details>
  );
}

function commonFirst(codes: readonly string[]): string[] {
  const first = COMMON.filter((code) => codes.includes(code));
  return [...first, ...codes.filter((code) => !first.includes(code))];
}

/** A decimal with groups of three digits: 1234.50 is 1,234.50. */
function groupDigits(decimal: string): string {
  const [whole = "", ...rest] = decimal.split(".");
  return [whole.replace(/\B(?=(\d{3})+$)/g, ","), ...rest].join(".");
}
