/** The scripts are plain JavaScript; tests use these of their functions. */
declare module "*/scripts/local.mjs" {
  export function ensureDevVars(): void;
  export function readDevVars(): Record<string, string>;
  export function migrate(): Promise<void>;
}

declare module "*/scripts/kafka/produce-request.mjs" {
  type Asked = {
    topic: string;
    value: Buffer;
    key?: Buffer;
    headers: [Buffer, Buffer][];
    partition?: number;
    timestamp?: number;
  };
  export function readProduceRequest(text: string): Asked[];
}

declare module "*/scripts/kafka/verdict.mjs" {
  type Verdict = {
    sent: number;
    received: number;
    duplicates: number;
    order_violations: number;
    missing: number;
    problems: string[];
  };
  type Expected = Map<string, { key: string; sequence: number; check: () => string | null }>;
  export function judge<Read>(
    expected: Expected,
    records: Read[],
    identify: (record: Read) => { id: string; sequence: number },
  ): Verdict;
}
