/** The simulator is plain JavaScript; tests use these of its functions. */
declare module "*/scripts/simulate/options.mjs" {
  export type Options = {
    transactions: number;
    rate: number;
    concurrency: number;
    merchants: number;
    customers: number;
    seed: string;
    chaos: boolean;
    keep: boolean;
    help: boolean;
  };
  export function readOptions(args: string[]): Options;
}

declare module "*/scripts/simulate/plan.mjs" {
  type Call = "create" | "reuse" | "process" | "cancel" | "get" | "key" | "events" | "list";
  export type Order = {
    index: number;
    merchant: number;
    key: string;
    story: string;
    amount_minor: number;
    currency: string;
    spellings: (string | number)[];
    body: { user_id: string; metadata: Record<string, string>; description?: string };
    wants_own_url: boolean;
    visits: { calls: Call[]; hangs_up_after_ms?: number }[][];
  };
  export type Plan = {
    seed: string;
    digest: string;
    merchants: number;
    orders: Order[];
    queue: [order: number, part: number][];
    faults: { kind: string; share: number }[];
  };
  type Size = {
    seed: string;
    transactions: number;
    merchants: number;
    customers: number;
    chaos: boolean;
  };
  export const ENDPOINTS: { kind: string; events: string[] }[];
  export function makePlan(size: Size): Plan;
}

declare module "*/scripts/simulate/expectation.mjs" {
  type Row = { ending: string; status: string; code: string | null; unknowns: number };
  export const SANDBOX: Record<string, Row>;
  export const RULES: { threshold: number; daily: number; block_score: number };
  export const DECIMALS: Record<string, number>;
  export const MINOR_PER_USD: Record<string, number>;
  export function chargeOutcome(payment: {
    amount_minor: number;
    metadata: Record<string, string>;
  }): { status: string; code: string | null; unknowns: number };
  export function assess(
    payment: { amount_minor: number; currency: string },
    isFrequent: boolean,
  ): { score: number; rules: string[]; isBlocked: boolean };
}

declare module "*/scripts/simulate/exposition.mjs" {
  export type Sample = { name: string; labels: Record<string, string>; value: number };
  export function parseExposition(text: string): Sample[];
}

declare module "*/scripts/simulate/reconcile/log.mjs" {
  export function errorsIn(output: string): Map<string, number>;
}

declare module "*/scripts/simulate/reconcile.mjs" {
  export type Difference = { area: string; text: string };
  export function reconcile(world: object): Difference[];
}

declare module "*/scripts/simulate/within.mjs" {
  export class Late extends Error {}
  export function within<T>(
    limit_ms: number,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T>;
}

declare module "*/scripts/simulate/report.mjs" {
  type Difference = { area: string; text: string };
  export function tableOf(world: object): string;
  export function differencesText(differences: Difference[]): string;
}
