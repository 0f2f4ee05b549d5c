/** Cursors: the place after which the next page begins, encrypted, so that a place does not reveal the activity of other
 *  merchants and cannot be forged. A cursor is valid only for the merchant and the list it was created for. */
import { type CursorSecret, keepCursorSecret } from "../../d1/cursor-secret";
import type { ListPlace } from "../../d1/transactions/list-source";
import { isRefundId, isTransactionId } from "../../domain/identity/id";
import { formatHex } from "../../domain/text/hex";
import type { AppContext } from "../context";
import { type Place, Problem } from "./problem";
import { fromBase64url, Sealer } from "./sealed-text";

const SECRET_BYTES = 32;
const IN_QUERY: Place = { parameter: "cursor" };
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
/** Positions are padded to a fixed length, because the length of a cursor reveals the length of its content. */
const POSITION_DIGITS = 15;

type Numbered = "event" | "delivery" | "list_entry" | "rule_set";
/** The second is the list of transactions in the other order. */
type Timed = "transaction" | "transaction_oldest_first" | "refund";
type List = Timed | Numbered;

/** What the ids of each list look like. */
const IS_ID: Record<Timed, (text: string) => boolean> = {
  transaction: isTransactionId,
  transaction_oldest_first: isTransactionId,
  refund: isRefundId,
};
type Secret = CursorSecret & { sealer: Sealer };

/** The secret of each D1, cached by this isolate. It never changes. */
const secrets = new WeakMap<D1Database, Secret>();

/** A place in a list that is ordered by creation time. */
export function formatListCursor(
  c: AppContext,
  { created_at, id }: ListPlace,
  list: Timed = "transaction",
): Promise<string> {
  return seal(c, list, `${created_at} ${id}`);
}

/** @param at location of the cursor in the request. @throws Problem */
export async function parseListCursor(
  c: AppContext,
  cursor: string,
  at: Place = IN_QUERY,
  list: Timed = "transaction",
): Promise<ListPlace> {
  const [created_at = "", id = ""] = (await open(c, list, cursor)).split(" ");
  if (!TIME.test(created_at) || !IS_ID[list](id)) throw invalidCursor(at);
  return { created_at, id };
}

/** A place in a list that is ordered by position. */
export function formatPositionCursor(
  c: AppContext,
  list: Numbered,
  position: number,
): Promise<string> {
  return seal(c, list, `${list} ${String(position).padStart(POSITION_DIGITS, "0")}`);
}

/** @throws Problem */
export async function parsePositionCursor(
  c: AppContext,
  list: Numbered,
  cursor: string,
): Promise<number> {
  const [name, position = ""] = (await open(c, list, cursor)).split(" ");
  if (name !== list || !/^\d{1,15}$/.test(position)) throw invalidCursor();
  return Number(position);
}

/** A cursor of an operator's list, which belongs to no merchant. @param context what it is valid for */
export async function sealOperatorCursor(
  c: AppContext,
  place: string,
  context: string,
): Promise<string> {
  return (await readSecret(c)).sealer.seal(place, `operator ${context}`);
}

/** @throws Problem */
export async function openOperatorCursor(
  c: AppContext,
  cursor: string,
  context: string,
): Promise<string> {
  const place = await (await readSecret(c)).sealer.open(cursor, `operator ${context}`);
  if (place === undefined) throw invalidCursor();
  return place;
}

async function seal(c: AppContext, list: List, place: string): Promise<string> {
  const { sealer } = await readSecret(c);
  return sealer.seal(place, buildContext(c, list));
}

async function open(c: AppContext, list: List, cursor: string): Promise<string> {
  const secret = await readSecret(c);
  const place = await secret.sealer.open(cursor, buildContext(c, list));
  return place ?? parseUnsealed(secret, list, cursor);
}

/** Reads a cursor of the previous release, which was base64url of the same text. Its lists had one order. */
function parseUnsealed(secret: CursorSecret, list: List, cursor: string): string {
  if (list === "transaction_oldest_first" || list === "rule_set") throw invalidCursor();
  const place = fromBase64url(cursor) ?? "";
  const position = Number(place.split(" ")[1]);
  if (list === "event" && !(position <= secret.unsealed_event)) throw invalidCursor();
  if (list === "list_entry" && !(position <= secret.unsealed_list_entry)) throw invalidCursor();
  return place;
}

const buildContext = (c: AppContext, list: List): string => `${list} ${c.get("merchant_id")}`;

async function readSecret(c: AppContext): Promise<Secret> {
  const known = secrets.get(c.env.DB);
  if (known) return known;
  const random = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
  const kept = await keepCursorSecret(c.env.DB, formatHex(random));
  const secret = { ...kept, sealer: new Sealer(kept.key) };
  secrets.set(c.env.DB, secret);
  return secret;
}

export function invalidCursor(at: Place = IN_QUERY): Problem {
  const message = "is not a valid cursor";
  return new Problem("invalid_request", {
    detail: `cursor ${message}.`,
    errors: [{ ...at, message }],
  });
}
