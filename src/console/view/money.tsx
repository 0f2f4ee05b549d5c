/** An amount of money. */
import { currencyDecimals } from "../../domain/money/currency";

/** An amount with all decimals of its currency and groups of three digits: 1,234.50 USD.
 *  @param minor minor units of the currency */
export function Money({ minor, currency }: { minor: number | bigint; currency: string }) {
  return (
    <span class="money">
      {formatMoney(minor, currency)} <span class="currency">{currency}</span>
    </span>
  );
}

/** The digits of an amount, without its currency. */
export function formatMoney(minor: number | bigint, currency: string): string {
  const decimals = currencyDecimals(currency);
  const digits = String(minor < 0 ? -minor : minor).padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals).replace(/\B(?=(\d{3})+$)/g, ",");
  const sign = minor < 0 ? "-" : "";
  return decimals === 0 ? `${sign}${whole}` : `${sign}${whole}.${digits.slice(-decimals)}`;
}

/** The same amount as text for a sentence: 1,234.50 USD. */
export function moneyText(minor: number, currency: string): string {
  return `${formatMoney(minor, currency)} ${currency}`;
}
