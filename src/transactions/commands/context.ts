/** What every command carries, and what a shard executes it with. */
import type { Precondition } from "../../domain/transaction/decisions/precondition";
import type { ProcessorTerms } from "../../domain/transaction/livemode";
import type { Journal } from "../journal/journal";

export type CommandBase = {
  transaction_id: string;
  /** W3C `traceparent` of the request that sent the command; null when that request had none. */
  traceparent: string | null;
};

/** A command of a merchant, which applies to that merchant's transactions only, and changes what it expects only. */
export type MerchantCommand = CommandBase & Precondition & { merchant_id: string };

export type CommandContext = {
  journal: Journal;
  /** The deployment's processor. */
  processor: ProcessorTerms;
  now_ms: number;
};
