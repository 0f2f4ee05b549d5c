/** How much one step of a move reads and writes. */
import type { Part } from "./parts";

export type Sizes = {
  /** Rows of one read. */
  rows: Record<Part, number>;
  /** And characters of their text. */
  characters: number;
  /** Changes of one read. */
  changes: number;
  /** Rows that are deleted of each table. */
  deleted: number;
  /** Rows that are compared. */
  compared: number;
};

export const SIZES: Sizes = {
  rows: { events: 1_000, payments: 300, refunds: 300, hours: 500 },
  // A payment with more than a kilobyte of metadata is some thousand; D1 takes values of 2 MB.
  characters: 600_000,
  changes: 300,
  deleted: 500,
  // D1 sums them up in some ten milliseconds.
  compared: 20_000,
};
