/** Entries of allow and block lists, as the pages read and name them. */
import type { z } from "@hono/zod-openapi";
import type { ListEntry } from "../../../api/risk/schemas/list";
import { LIST_FIELDS, LIST_NAMES, type ListField } from "../../../domain/risk/rule-set";
import { NOT_FOUND, PageProblem } from "../../http/page-problem";
import { LISTS } from "../parts";

export type Entry = z.infer<typeof ListEntry>;
export type EntryPage = { data: Entry[]; has_more: boolean; next_cursor: string | null };

export const LISTS_API = "/api/v1/risk/lists";

export const FIELD_LABELS: Record<ListField, string> = {
  customer: "Customer",
  ip: "IP address",
  card_fingerprint: "Card fingerprint",
  email: "Email address",
  email_domain: "Email domain",
  country: "Country",
};

export const LIST_OPTIONS = LIST_NAMES.map((value) => ({
  value,
  label: value === "allow" ? "Allow list" : "Block list",
}));
export const FIELD_OPTIONS = LIST_FIELDS.map((value) => ({ value, label: FIELD_LABELS[value] }));

export const removePath = (id: string): string => `${LISTS}/${id}/remove`;

/** The path of an entry in the API. @throws PageProblem for a text that is no id */
export function entryPath(id: string): string {
  if (!/^rle_[a-z2-7]{26}$/.test(id)) throw new PageProblem(NOT_FOUND);
  return `${LISTS_API}/${id}`;
}
