/** `resolve`: records the outcome that an operator found for a charge. The processor is not called again. */
import { decideResolution } from "../../domain/transaction/decisions/decide-resolution";
import type { ResolveRequest } from "../../domain/transaction/resolution";
import type { OwnedTransaction } from "../journal/journal";
import { applyOutcome } from "./apply";
import type { CommandBase, CommandContext } from "./context";
import type { CommandResult } from "./result";

export type ResolveCharge = CommandBase &
  ResolveRequest & {
    /** Whether a call to the processor is in progress. Evaluated when the command is decided. */
    is_call_under_way: () => boolean;
  };

export function resolve(
  { journal, now_ms }: CommandContext,
  owned: OwnedTransaction,
  command: ResolveCharge,
): CommandResult {
  const isCallUnderWay = command.is_call_under_way();
  const decided = decideResolution(owned.transaction, command, isCallUnderWay, now_ms);
  return applyOutcome(journal, owned, decided, command);
}
