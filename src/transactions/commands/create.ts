/** `create`: a new transaction, or the result of the first create under the same idempotency key. */
import { decideProcess, refusedPayment } from "../../domain/transaction/decisions/decide-charge";
import {
  type CreateCommand,
  createResult,
  decideCreate,
  decideRepeatedCreate,
  type RiskBasis,
} from "../../domain/transaction/decisions/decide-create";
import { accept } from "../../domain/transaction/decisions/result";
import type { CreateRequest } from "../../domain/transaction/idempotency";
import { type ProcessorTerms, toLivemode, toProcessor } from "../../domain/transaction/livemode";
import type { Refusal } from "../../domain/transaction/refusal";
import type { Journal, OwnedTransaction } from "../journal/journal";
import { applyChange, applyStep, claim } from "./apply";
import type { CommandBase, CommandContext } from "./context";
import { type CommandResult, refused } from "./result";

export type CreateTransaction = CommandBase &
  CreateCommand & {
    /** Whether the transaction is also processed, if it is approved. */
    process?: boolean | undefined;
  };

/** @param existing the transaction with this id, if there is one
 *  @param basis rules and signals; not needed when the transaction exists
 *  @throws Error without a basis for a new transaction */
export function create(
  context: CommandContext,
  existing: OwnedTransaction | undefined,
  command: CreateTransaction,
  basis: RiskBasis | undefined,
): CommandResult {
  const { journal, processor, now_ms } = context;
  const { merchant_id, process = false } = command;
  if (existing) {
    return process
      ? repeatProcess(context, existing, command)
      : repeatCreate(journal, command.request, existing);
  }
  const refusal = refusedCreate(command, processor);
  if (refusal) return refused(refusal);
  if (!basis) throw new Error("a create needs its rules and signals");
  const belongsTo = { livemode: toLivemode(processor.mode), ...toProcessor(processor) };
  const created = decideCreate({ ...command, ...belongsTo }, basis, now_ms);
  const { details } = command.request;
  if (!process || created.transaction.status !== "pending") {
    journal.details.add(created.transaction.id, details);
    return applyChange(journal, merchant_id, undefined, created, command);
  }
  const decided = decideProcess(created.transaction, processor, now_ms);
  if (!decided.ok || decided.value.step !== "claim") throw new Error("a payment is not claimed");
  const { transaction, events } = decided.value.change;
  const change = { transaction, events: [...created.events, ...events] };
  journal.details.add(transaction.id, details);
  return claim(context, merchant_id, undefined, change, command);
}

/** Why a create of a new transaction is refused, whatever the payment is. */
export function refusedCreate(
  { request, process = false }: CreateTransaction,
  processor: ProcessorTerms,
): Refusal | undefined {
  return refusedPayment(request, process, processor);
}

/** The result of the first create, or a refusal when that was for another request. */
export function repeatCreate(
  journal: Journal,
  request: CreateRequest,
  { transaction }: OwnedTransaction,
): CommandResult & { kind: "done" | "refused" } {
  const same = decideRepeatedCreate(transaction, request, journal.details.of(transaction.id));
  if (!same.ok) return refused(same.refusal);
  const { version, status } = createResult(transaction);
  const data = journal.textAt(transaction.id, version);
  return { kind: "done", data, status, replayed: true, wrote: false };
}

/** A create that also processes, repeated: a pending transaction is processed now, and any other is as it is. */
function repeatProcess(
  context: CommandContext,
  owned: OwnedTransaction,
  command: CreateTransaction,
): CommandResult {
  const { transaction } = owned;
  const details = context.journal.details.of(transaction.id);
  const same = decideRepeatedCreate(transaction, command.request, details);
  if (!same.ok) return refused(same.refusal);
  const { status } = transaction;
  const isOpen = ["pending", "processing", "requires_action"].includes(status);
  const decided = isOpen
    ? decideProcess(transaction, context.processor, context.now_ms)
    : accept({ step: "answer" } as const);
  const result = applyStep(context, owned, decided, command);
  return result.kind === "refused" ? result : { ...result, replayed: true };
}
