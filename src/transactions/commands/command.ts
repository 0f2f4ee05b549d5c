/** The commands of a shard, and the dispatch to the file of each. A command is decided and appended to the journal
 *  synchronously: no file of this folder has an `await`, so a batch of commands and `journal.write()` are one commit. */
import type { RiskBasis } from "../../domain/transaction/decisions/decide-create";
import type { ProcessorTerms } from "../../domain/transaction/livemode";
import type { Journal, OwnedTransaction } from "../journal/journal";
import { cancel } from "./cancel";
import { type CaptureTransaction, capture } from "./capture";
import type { CommandBase, CommandContext, MerchantCommand } from "./context";
import { type CreateTransaction, create } from "./create";
import { type EraseTransaction, erase } from "./erase";
import { expire } from "./expire";
import { process } from "./process";
import { type RecordOutcome, record } from "./record";
import { type RefundTransaction, refund } from "./refund";
import { type RecordReport, report } from "./report";
import { type ResolveOperation, resolve } from "./resolve";
import { type CommandResult, refused } from "./result";
import { type ReviewTransaction, review } from "./review";

type Commands = {
  create: CreateTransaction;
  process: MerchantCommand;
  capture: CaptureTransaction;
  cancel: MerchantCommand;
  refund: RefundTransaction;
  review: ReviewTransaction;
  resolve: ResolveOperation;
  expire: CommandBase;
  record: RecordOutcome;
  report: RecordReport;
  erase: EraseTransaction;
};

/** A command by its kind; without a parameter, any of them. */
export type Command<Kind extends keyof Commands = keyof Commands> = {
  [One in Kind]: { kind: One } & Commands[One];
}[Kind];

/** Whether a command does nothing but claim an operation of the processor, for which it needs no decision inputs. */
export function isClaim({ kind }: Command): boolean {
  return kind === "process" || kind === "capture" || kind === "refund";
}

/** Those that apply to a transaction that exists. A kind without a handler does not compile. */
type ChangeKind = Exclude<keyof Commands, "create">;
const HANDLERS: {
  [Kind in ChangeKind]: (
    context: CommandContext,
    owned: OwnedTransaction,
    command: Commands[Kind],
  ) => CommandResult;
} = { process, capture, cancel, refund, review, resolve, expire, record, report, erase };

/** Executes one command against the journal. A command decides before it changes anything.
 *  @param basis of a create whose transaction does not exist yet
 *  @throws Error before any change, when stored state or `basis` is missing */
export function execute(
  journal: Journal,
  command: Command,
  basis: RiskBasis | undefined,
  processor: ProcessorTerms,
  nowMs: number,
): CommandResult {
  const context: CommandContext = { journal, processor, now_ms: nowMs };
  const existing = journal.find(command.transaction_id);
  if (command.kind === "create") return create(context, existing, command, basis);
  if (!existing || ("merchant_id" in command && existing.merchant_id !== command.merchant_id)) {
    return refused({ code: "transaction_not_found" });
  }
  return change(context, existing, command);
}

/** Generic, so that the compiler pairs a command with the handler of its kind. */
function change<Kind extends ChangeKind>(
  context: CommandContext,
  owned: OwnedTransaction,
  command: Command<Kind>,
): CommandResult {
  return HANDLERS[command.kind](context, owned, command);
}
