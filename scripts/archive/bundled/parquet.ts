/** Writes exported payments as Parquet, a row each, as they are after their last event. */
import { fileWriter, ParquetWriter } from "hyparquet-writer";
import type { ArchivedPayment } from "../../../src/archive/line";
import { findCurrency } from "../../../src/domain/money/currency";
import type { Transaction } from "../../../src/domain/transaction/transaction";
import type { Output } from "./export";
import { PartFile } from "./part-file";

/** Rows in memory. */
const GROUP_ROWS = 1_000;
/** Amounts have at most 15 digits in minor units, and no currency has more decimals. */
const SCALE = 3;
const PRECISION = 18;

type Row = { merchant_id: string; transaction: Transaction; events: number; refunds: number };
type Element = ConstructorParameters<typeof ParquetWriter>[0]["schema"][number];
type Column = { type: Omit<Element, "name">; read: (row: Row) => unknown };

const required = { repetition_type: "REQUIRED" } as const;
const optional = { repetition_type: "OPTIONAL" } as const;
const TEXT = {
  type: "BYTE_ARRAY",
  converted_type: "UTF8",
  logical_type: { type: "STRING" },
} as const;
const INTEGER = { type: "INT64" } as const;
const DECIMAL = {
  type: "INT64",
  converted_type: "DECIMAL",
  logical_type: { type: "DECIMAL", precision: PRECISION, scale: SCALE },
  precision: PRECISION,
  scale: SCALE,
} as const;
/** Without `isAdjustedToUTC` readers take a time for one without a zone. */
const TIME = {
  type: "INT64",
  converted_type: "TIMESTAMP_MILLIS",
  logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MILLIS" },
} as const;

const text = (read: (transaction: Transaction) => string | null | undefined): Column => ({
  type: { ...TEXT, ...optional },
  read: ({ transaction }) => read(transaction) ?? null,
});
const minor = (read: (transaction: Transaction) => number | undefined): Column => ({
  type: { ...INTEGER, ...optional },
  read: ({ transaction }) => toInteger(read(transaction)),
});
const amount = (read: (transaction: Transaction) => number | undefined): Column => ({
  type: { ...DECIMAL, ...optional },
  read: ({ transaction }) => toUnscaled(read(transaction), transaction.currency),
});
const time = (read: (transaction: Transaction) => string): Column => ({
  type: { ...TIME, ...required },
  read: ({ transaction }) => new Date(read(transaction)),
});

/** In the order of the columns. */
const COLUMNS: Record<string, Column> = {
  id: { type: { ...TEXT, ...required }, read: ({ transaction }) => transaction.id },
  merchant_id: { type: { ...TEXT, ...required }, read: ({ merchant_id }) => merchant_id },
  idempotency_key: text((one) => one.idempotency_key),
  user_id: text((one) => one.user_id),
  status: text((one) => one.status),
  currency: text((one) => one.currency),
  amount: amount((one) => one.amount_minor),
  amount_captured: amount((one) => one.amount_captured_minor),
  amount_refunded: amount((one) => one.amount_refunded_minor),
  amount_minor: minor((one) => one.amount_minor),
  amount_captured_minor: minor((one) => one.amount_captured_minor),
  amount_refunded_minor: minor((one) => one.amount_refunded_minor),
  created_at: time((one) => one.created_at),
  updated_at: time((one) => one.updated_at),
  livemode: {
    type: { type: "BOOLEAN", ...optional },
    read: ({ transaction }) => transaction.livemode ?? null,
  },
  processor: text((one) => one.processor),
  processor_reference: text((one) => one.processor_reference),
  capture_method: text((one) => one.capture_method),
  fraud_score: minor((one) => one.fraud_score),
  risk_decision: text((one) => one.risk?.decision),
  failure_code: text((one) => one.failure?.code),
  dispute_status: text((one) => one.dispute?.status),
  description: text((one) => one.description),
  metadata: text((one) => JSON.stringify(one.metadata)),
  version: minor((one) => one.version),
  events: { type: { ...INTEGER, ...required }, read: ({ events }) => BigInt(events) },
  refunds: { type: { ...INTEGER, ...required }, read: ({ refunds }) => BigInt(refunds) },
};

/** The schema's elements, the root first. */
const SCHEMA: Element[] = [
  { name: "payments", num_children: Object.keys(COLUMNS).length },
  ...Object.entries(COLUMNS).map(([name, { type }]) => ({ name, ...type })),
];

/** @param path of a new file, or of one that it replaces */
export async function openParquet(path: string): Promise<Output> {
  const file = new PartFile(path);
  await file.create();
  const writer = new ParquetWriter({ writer: fileWriter(file.part), schema: SCHEMA });
  let rows: Row[] = [];
  const write = async () => {
    const columnData = Object.entries(COLUMNS).map(([name, { read }]) => ({
      name,
      data: rows.map(read),
    }));
    rows = [];
    await writer.write({ columnData, rowGroupSize: GROUP_ROWS });
  };
  return {
    async add(_line, payment) {
      rows.push(toRow(payment));
      if (rows.length === GROUP_ROWS) await write();
    },
    async end() {
      await write();
      await writer.finish();
      await file.finish();
    },
    abandon: () => file.remove(),
  };
}

function toRow({ events, refunds }: ArchivedPayment): Row {
  const last = events.at(-1);
  if (!last) throw new Error("a payment without events");
  return {
    merchant_id: last.merchant_id,
    transaction: JSON.parse(last.data) as Transaction, // Our own text, proven by its segment.
    events: events.length,
    refunds: refunds.length,
  };
}

function toInteger(value: number | undefined): bigint | null {
  return value === undefined ? null : BigInt(value);
}

/** An amount in thousandths of the major unit: decimals are exact only as integers. Null when the currency is not known. */
function toUnscaled(minorUnits: number | undefined, currency: string): bigint | null {
  const decimals = findCurrency(currency)?.decimals;
  if (minorUnits === undefined || decimals === undefined) return null;
  return BigInt(minorUnits) * 10n ** BigInt(SCALE - decimals);
}
