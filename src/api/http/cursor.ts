/** Cursors: the place after which the next page begins, sealed, so that a place tells nothing of how much other
 *  merchants do and nobody makes one up. They open for the merchant and the list that they were given out for. */
import { bytesToHex } from "@noble/hashes/utils.js";
import { type CursorSecret, keepCursorSecret } from "../../d1/cursor-secret";
import type { ListPlace } from "../../d1/transaction-queries";
import { isTransactionId } from "../../domain/identity/id";
import type { AppContext } from "../context";
import { type Place, Problem } from "./problem";
import { fromBase64url, Sealer } from "./sealed-text";

const SECRET_BYTES = 32;
const IN_QUERY: Place = { parameter: "cursor" };
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
/** A position always has as many characters: a seal is as long as what it holds. */
const POSITION_DIGITS = 15;

type Numbered = "event" | "delivery" | "list_entry";
type List = "transaction" | Numbered;
type Secret = CursorSecret & { sealer: Sealer };

/** By its D1, as this isolate has read it: it never changes. */
const secrets = new WeakMap<D1Database, Secret>();

export function formatListCursor(c: AppContext, { created_at, id }: ListPlace): Promise<string> {
  return seal(c, "transaction", `${created_at} ${id}`);
}

/** @param at where the request has the cursor. @throws Problem */
export async function parseListCursor(
  c: AppContext,
  cursor: string,
  at: Place = IN_QUERY,
): Promise<ListPlace> {
  const [created_at = "", id = ""] = (await open(c, "transaction", cursor)).split(" ");
  if (!TIME.test(created_at) || !isTransactionId(id)) throw invalidCursor(at);
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

async function seal(c: AppContext, list: List, place: string): Promise<string> {
  const { sealer } = await secretOf(c);
  return sealer.seal(place, contextOf(c, list));
}

async function open(c: AppContext, list: List, cursor: string): Promise<string> {
  const secret = await secretOf(c);
  const place = await secret.sealer.open(cursor, contextOf(c, list));
  return place ?? unsealed(secret, list, cursor);
}

/** A cursor of the release before, which was base64url of the same text. */
function unsealed(secret: CursorSecret, list: List, cursor: string): string {
  const place = fromBase64url(cursor) ?? "";
  const position = Number(place.split(" ")[1]);
  if (list === "event" && !(position <= secret.unsealed_event)) throw invalidCursor();
  if (list === "list_entry" && !(position <= secret.unsealed_list_entry)) throw invalidCursor();
  return place;
}

const contextOf = (c: AppContext, list: List): string => `${list} ${c.get("merchant_id")}`;

async function secretOf(c: AppContext): Promise<Secret> {
  const known = secrets.get(c.env.DB);
  if (known) return known;
  const drawn = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
  const kept = await keepCursorSecret(c.env.DB, bytesToHex(drawn));
  const secret = { ...kept, sealer: new Sealer(kept.key) };
  secrets.set(c.env.DB, secret);
  return secret;
}

function invalidCursor(at: Place = IN_QUERY): Problem {
  const message = "is not a valid cursor";
  return new Problem("invalid_request", {
    detail: `cursor ${message}.`,
    errors: [{ ...at, message }],
  });
}
