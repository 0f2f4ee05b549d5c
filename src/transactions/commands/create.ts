/** `create`: a new transaction, or the result of the first create under the same idempotency key. */
import {
  type CreateCommand,
  createResult,
  decideCreate,
  decideRepeatedCreate,
  type RiskBasis,
} from "../../domain/transaction/decisions/decide-create";
import type { CreateRequest } from "../../domain/transaction/idempotency";
import { toLivemode } from "../../domain/transaction/livemode";
import type { Journal, OwnedTransaction } from "../journal/journal";
import { applyChange } from "./apply";
import type { CommandBase, CommandContext } from "./context";
import { type CommandResult, refused } from "./result";

export type CreateTransaction = CommandBase & CreateCommand;

/** @param existing the transaction with this id, if there is one
 *  @param basis rules and signals; not needed when the transaction exists
 *  @throws Error without a basis for a new transaction */
export function create(
  { journal, mode, now_ms }: CommandContext,
  existing: OwnedTransaction | undefined,
  command: CreateTransaction,
  basis: RiskBasis | undefined,
): CommandResult {
  if (existing) return repeatCreate(journal, command.request, existing);
  if (!basis) throw new Error("a create needs its rules and signals");
  const change = decideCreate({ ...command, livemode: toLivemode(mode) }, basis, now_ms);
  const { id, review } = change.transaction;
  if (review) journal.reviews.open(id, Date.parse(review.expires_at));
  return applyChange(journal, command.merchant_id, change, command);
}

/** The result of the first create, or a refusal when that was for another request. */
export function repeatCreate(
  journal: Journal,
  request: CreateRequest,
  { transaction }: OwnedTransaction,
): CommandResult & { kind: "done" | "refused" } {
  const same = decideRepeatedCreate(transaction, request);
  if (!same.ok) return refused(same.refusal);
  const { version, status } = createResult(transaction);
  const data = journal.textAt(transaction.id, version);
  return { kind: "done", data, status, replayed: true, wrote: false };
}
