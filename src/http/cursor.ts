/** Cursors are opaque to clients: the place after which the next page begins, as base64url. */
import type { ListPlace } from "../database/transactions";
import { isTransactionId } from "../domain/id";
import { Problem } from "./problem";

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

export function formatListCursor({ created_at, id }: ListPlace): string {
  return encode(`${created_at} ${id}`);
}

export function parseListCursor(cursor: string): ListPlace {
  const [created_at = "", id = ""] = decode(cursor).split(" ");
  if (!TIME.test(created_at) || !isTransactionId(id)) throw invalidCursor();
  return { created_at, id };
}

type Numbered = "event" | "delivery" | "list_entry";

/** A place in a list that is ordered by position. */
export function formatPositionCursor(list: Numbered, position: number): string {
  return encode(`${list} ${position}`);
}

export function parsePositionCursor(list: Numbered, cursor: string): number {
  const [name, position = ""] = decode(cursor).split(" ");
  if (name !== list || !/^\d{1,15}$/.test(position)) throw invalidCursor();
  return Number(position);
}

function encode(text: string): string {
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function decode(cursor: string): string {
  try {
    return atob(cursor.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    throw invalidCursor();
  }
}

function invalidCursor(): Problem {
  const message = "is not one of our cursors";
  return new Problem("invalid_request", {
    detail: `cursor ${message}.`,
    errors: [{ pointer: "#/cursor", message }],
  });
}
