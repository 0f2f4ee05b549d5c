/** What D1 reads for a query, beside the large book. */
import { expect } from "vitest";
import { openDatabase } from "../../src/d1/query";
import { STATUSES } from "../../src/domain/transaction/status";
import { env } from "./env";
import { at, PAYMENTS } from "./large-book";
import { type Billed, recordedD1 } from "./recorded-d1";

export const LIMIT = 10;
/** Rows for each item of a page and the one behind it. Most are read where a customer's payments are listed
 *  whatever their status: for each status the index, the key that it gives and the payment under it. */
export const ROWS_OF_AN_ITEM = 4 * STATUSES.length + 3;
/** A statement about one thing by its name. */
export const ONE = 20;
/** To find a merchant's feed, for each table. */
export const FEED = 6;

/** What the last call was billed for. */
export const billed: Billed[] = [];
export const d1 = recordedD1(env.DB, billed);
export const db = openDatabase(d1);

export const statements = new Set<string>();

/** What the statements of one call read together. */
export async function rowsReadBy(query: () => Promise<unknown>): Promise<number> {
  billed.length = 0;
  await query();
  expect(billed, "the call went to D1").not.toEqual([]);
  for (const { sql } of billed) statements.add(sql);
  return billed.reduce((sum, { rows_read }) => sum + rows_read, 0);
}

const range = (from_ms?: number, until_ms?: number) => ({ created: { from_ms, until_ms } });
export const WINDOWS = {
  "without times": {},
  "from a time": range(at(PAYMENTS / 2)),
  "until a time": range(undefined, at(PAYMENTS / 2)),
  "within times": range(at(20_000), at(30_000)),
  "within times that hold nothing": range(at(-20), at(-10)),
  "until a time long after the cursor": range(undefined, at(PAYMENTS * 2)),
};

/** Exported beside the queries, and asking D1 nothing themselves. */
export const NO_QUERIES = [
  "DatabaseUnavailable",
  "findBook",
  "listBooks",
  "readBooks",
  "mergeTotals",
  "placeText",
  "openDatabase",
  "queryD1",
  "FeedPlaceExpired",
  "buildRange",
  "prepareDeletion",
  "prepareRows",
  "readText",
  "selectRows",
  "toRowKey",
  "toSentRow",
  "countedAs",
  "counterOf",
  "pointsOf",
  "toHour",
  "eventText",
  "toListPage",
  "unpackEvents",
];

/** Steps of a move, which move-rows-read.test.ts measures. */
export const STEPS_OF_MOVES = [
  "MoveRefused",
  "MoveFailed",
  "StepTaken",
  "isMoved",
  "status",
  "beginCopy",
  "advanceMove",
  "copyPage",
  "follow",
  "verify",
  "compareRange",
  "startMove",
  "correctBook",
  "switchBook",
  "endMove",
  "hasEarlierRows",
  "depart",
  "fence",
  "stay",
  "readPage",
  "readChanges",
  "readBounds",
  "deleteCopied",
  "prepareClean",
  "readArrival",
  "arrive",
  "setProgress",
  "clear",
  "writeRows",
  "setBounds",
];
