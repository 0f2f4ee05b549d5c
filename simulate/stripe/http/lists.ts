// Lists, searches and expansions, as Stripe's API has them.
import type { Account } from "../account/account.ts";
import type { AnyObject, Kind, PaymentIntent } from "../account/objects.ts";
import { invalid } from "./errors.ts";
import { type Form, Params } from "./form.ts";

const LIMIT_DEFAULT = 10;
const LIMIT_MAX = 100;
const PAGING = ["limit", "starting_after", "ending_before", "created", "expand"];
/** How deep an expansion may go. */
const DEPTH_MAX = 4;

type List = { object: string; url: string; has_more: boolean; data: AnyObject[] };

function readLimit(params: Params): number {
  const limit = params.whole("limit") ?? LIMIT_DEFAULT;
  if (limit < 1 || limit > LIMIT_MAX) throw invalid("Invalid limit", { param: "limit" });
  return limit;
}

function isCreatedWithin(params: Params): (object: AnyObject) => boolean {
  const range = params.inner("created", ["gt", "gte", "lt", "lte"]);
  const bound = (name: string, otherwise: number) => range?.whole(name) ?? otherwise;
  const [gt, gte] = [bound("gt", -1), bound("gte", 0)];
  const [lt, lte] = [bound("lt", Number.MAX_SAFE_INTEGER), bound("lte", Number.MAX_SAFE_INTEGER)];
  return ({ created }) => created > gt && created >= gte && created < lt && created <= lte;
}

/** A page of the objects of a kind, newest first.
 *  @param filters names of parameters that are members of the object too */
export function listOf(account: Account, kind: Kind, filters: string[], form: Form): List {
  const params = new Params(form, [...PAGING, ...filters]);
  const limit = readLimit(params);
  const isWithin = isCreatedWithin(params);
  const wanted = filters.map((name) => [name, params.text(name)] as const);
  const all = account.all(kind).filter(isWithin);
  const matching = all.filter((object) =>
    wanted.every(([name, value]) => value === null || Reflect.get(object, name) === value),
  );
  const [after, before] = [params.text("starting_after"), params.text("ending_before")];
  const placeOf = (id: string) => {
    const place = matching.findIndex((object) => object.id === id);
    if (place < 0) throw invalid(`No such ${kind}: '${id}'`, { code: "resource_missing" });
    return place;
  };
  const end = before === null ? matching.length : placeOf(before);
  const backwards = Math.max(0, end - limit);
  const first = after !== null ? placeOf(after) + 1 : before === null ? 0 : backwards;
  const data = matching.slice(first, Math.min(end, first + limit));
  const has_more = before === null ? first + limit < matching.length : backwards > 0;
  return { object: "list", url: `/v1/${kind}s`, has_more, data };
}

/** Intents by `metadata['name']:'value'`. Those that are too new are not found yet. */
export function searchIntents(account: Account, form: Form) {
  const params = new Params(form, ["query", "limit", "page", "expand"]);
  const query = params.needed("query");
  const [, name = "", value = ""] =
    /^metadata\[["'](.{1,40}?)["']\]:\s?["'](.*?)["']$/.exec(query) ?? [];
  if (name === "")
    throw invalid("The stand-in searches for one member of metadata", { param: "query" });
  const isMeant = ({ id, metadata }: PaymentIntent) =>
    metadata[name] === value && account.isIndexed(id);
  const found = account.all("payment_intent").filter(isMeant);
  const data = found.slice(0, readLimit(params));
  const has_more = data.length < found.length;
  return {
    object: "search_result",
    url: "/v1/payment_intents/search",
    has_more,
    next_page: null,
    data,
  };
}

/** A copy with objects where `paths` name members that hold ids, such as `data.source`. */
export function expanded(account: Account, body: object, form: Form): object {
  const copy = structuredClone(body);
  for (const path of new Params(form, Object.keys(form)).list("expand")) {
    const names = path.split(".");
    if (names.length > DEPTH_MAX)
      throw invalid("You cannot expand more than 4 levels", { param: "expand" });
    expandAt(account, copy, names);
  }
  return copy;
}

function expandAt(account: Account, at: object, [name, ...rest]: string[]): void {
  if (name === undefined) return;
  const value: unknown = Reflect.get(at, name);
  if (Array.isArray(value)) {
    for (const one of value) expandAt(account, one, rest);
    return;
  }
  const found = typeof value === "string" ? account.find(value) : undefined;
  const inner = found ? structuredClone(found) : value;
  if (typeof inner !== "object" || inner === null) return;
  Reflect.set(at, name, inner);
  expandAt(account, inner, rest);
}
