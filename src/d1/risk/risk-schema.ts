/** D1's tables of fraud rules and lists. Times are milliseconds since 1970. */
import {
  index,
  integer,
  primaryKey,
  sqliteTable,
  text,
  uniqueIndex,
} from "drizzle-orm/sqlite-core";
import { LIST_FIELDS, LIST_NAMES, type RuleSet } from "../../domain/risk/rule-set";

/** Every version of every merchant's fraud rules, as they were sent. Decisions name the version. */
export const riskRuleSets = sqliteTable(
  "risk_rule_sets",
  {
    merchant_id: text().notNull(),
    version: integer().notNull(),
    rule_set: text({ mode: "json" }).$type<RuleSet>().notNull(),
    created_at: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.merchant_id, table.version] })],
);

/** Merchants' allow and block lists. A value is on a list once. */
export const riskListEntries = sqliteTable(
  "risk_list_entries",
  {
    position: integer().primaryKey({ autoIncrement: true }),
    id: text().notNull().unique(),
    merchant_id: text().notNull(),
    list: text({ enum: LIST_NAMES }).notNull(),
    field: text({ enum: LIST_FIELDS }).notNull(),
    value: text().notNull(),
    note: text(),
    created_at: integer().notNull(),
    expires_at: integer(),
  },
  (table) => [
    // For each list and field in the order of the lists; without this index a list reads all entries.
    index("risk_list_entries_by_field").on(
      table.merchant_id,
      table.list,
      table.field,
      table.position,
    ),
    uniqueIndex("risk_list_entries_by_value").on(
      table.merchant_id,
      table.list,
      table.field,
      table.value,
    ),
  ],
);

/** Goes up with every change of a merchant's rules or lists. Triggers do that, so that no change is missed: a cache of them
 *  is checked by this one number. */
export const riskVersions = sqliteTable("risk_versions", {
  merchant_id: text().primaryKey(),
  version: integer().notNull(),
});
