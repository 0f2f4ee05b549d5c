/** A transaction's JSON text, stored as what differs from another object with the same members. The text is restored to the
 *  byte; one that would not be is not packed. */
import { findCurrency } from "../../money/currency";
import { formatAmount } from "../../money/money";

/** A transaction as an object whose members are compared by name. */
export type Members = Record<string, unknown>;

/** Holds the names of members that the other object has and this one does not. */
const REMOVED = "-";
/** The members of this member are compared one by one; the differing ones are under its name and a dot. */
const NESTED = "risk";
const NESTED_DIFFERENCE = `${NESTED}.`;
/** An object with a member of such a name is not packed. Assigning to "__proto__" would not make a member. */
const RESERVED = [REMOVED, NESTED_DIFFERENCE, "__proto__"];

/** @param value the object of `text`, as it was before it became text
 *  @param base the object to compare it with, which has to be known again when the text is restored
 *  @returns undefined when the text could not be restored to the byte */
export function packText(text: string, value: Members, base: Members): string | undefined {
  const difference = packMembers(value, base);
  if (!difference || JSON.stringify(unpackMembers(difference, base)) !== text) return undefined;
  return JSON.stringify(difference);
}

/** The object of a packed text. Its JSON text is the one that was packed. */
export function unpack(packed: string, base: Members): Members {
  return unpackMembers(JSON.parse(packed) as Members, base); // Written by packText() or packState().
}

/** What differs between two objects. Whether `unpackMembers` gives the same text again is to be tested.
 *  @returns undefined when it certainly does not */
export function packMembers(value: Members, base: Members): Members | undefined {
  return hasReserved(value) || hasReserved(base) ? undefined : differenceOf(value, base);
}

/** The object that differs from `base` by this. */
export function unpackMembers(difference: Members, base: Members): Members {
  const value = { ...base };
  for (const name in difference) {
    const member = difference[name];
    if (name === REMOVED) for (const removed of member as string[]) delete value[removed];
    else if (name === NESTED_DIFFERENCE) {
      value[NESTED] = unpackMembers(member as Members, value[NESTED] as Members);
    } else value[name] = member;
  }
  return value;
}

/** How a text is stored: as it is, or packed. */
export const FORMS = { whole: 0, packed: 1 } as const;

/** A new payment as most are. Texts are packed against it, so it must never change. */
const BLANK: Members = {
  id: "",
  idempotency_key: "",
  user_id: "",
  amount: 0,
  amount_minor: 0,
  currency: "USD",
  status: "pending",
  livemode: false,
  processor: "sandbox",
  fraud_score: 0,
  risk: { decision: "approve", reasons: [], shadow: [], rule_set_version: 0, signals: {} },
  failure: null,
  review: null,
  description: null,
  metadata: {},
  webhook_url: null,
  version: 1,
  created_at: "",
  updated_at: "",
  capture_method: "automatic",
  amount_captured_minor: 0,
  amount_refunded_minor: 0,
};

/** Members that are stored beside the text. Times are RFC 3339, as in the text. */
type Facts = Members & { id: string; created_at: string };

/** Packs the text of a transaction against a blank payment with these facts. The amount in major units is computed.
 *  @returns undefined when it could not be restored to the byte */
export function packState(text: string, value: Members, facts: Facts): string | undefined {
  if (hasReserved(value)) return undefined;
  const computed = computeAmount(value);
  const base = { ...blank(facts), ...(computed === value.amount && { amount: computed }) };
  const difference = differenceOf(value, base);
  const isExact = JSON.stringify(applyToBlank(difference, facts)) === text;
  return isExact ? JSON.stringify(difference) : undefined;
}

/** The transaction of a text that was packed with the same facts. */
export function unpackState(packed: string, facts: Facts): Members {
  return applyToBlank(JSON.parse(packed) as Members, facts); // Written by packState().
}

function applyToBlank(difference: Members, facts: Facts): Members {
  const value = unpackMembers(difference, blank(facts));
  if ("amount" in value && !("amount" in difference)) value.amount = computeAmount(value);
  return value;
}

/** The amount in major units; undefined when the members do not say it. */
function computeAmount({ amount_minor, currency }: Members): number | undefined {
  const decimals = findCurrency(String(currency))?.decimals;
  if (decimals === undefined || !Number.isSafeInteger(amount_minor)) return undefined;
  return Number(formatAmount(Number(amount_minor), decimals));
}

function blank(facts: Facts): Members {
  return { ...BLANK, updated_at: facts.created_at, ...facts };
}

/** Members of `base` keep their places; the others follow in the order of `value`. */
function differenceOf(value: Members, base: Members): Members {
  const difference: Members = {};
  for (const name in value) {
    const member = value[name];
    if (member === undefined || isSame(member, base[name])) continue; // JSON has no undefined.
    if (name === NESTED && isPlain(member) && isPlain(base[name])) {
      difference[NESTED_DIFFERENCE] = differenceOf(member, base[name]);
    } else difference[name] = member;
  }
  const removed = Object.keys(base).filter((name) => value[name] === undefined);
  if (removed.length > 0) difference[REMOVED] = removed;
  return difference;
}

function isSame(one: unknown, other: unknown): boolean {
  if (one === other || typeof one !== "object" || one === null) return one === other;
  return JSON.stringify(one) === JSON.stringify(other);
}

function isPlain(value: unknown): value is Members {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject && !hasReserved(value as Members);
}

function hasReserved(value: Members): boolean {
  return RESERVED.some((name) => Object.hasOwn(value, name));
}
