/** `capture`: claims the capture of an authorized transaction, or finds it claimed or finished. */
import type { CaptureRequest } from "../../domain/transaction/capture";
import { decideCapture } from "../../domain/transaction/decisions/decide-capture";
import type { OwnedTransaction } from "../journal/journal";
import { applyStep } from "./apply";
import type { CommandContext, MerchantCommand } from "./context";
import type { CommandResult } from "./result";

export type CaptureTransaction = MerchantCommand & CaptureRequest;

export function capture(
  context: CommandContext,
  owned: OwnedTransaction,
  command: CaptureTransaction,
): CommandResult {
  const decided = decideCapture(owned.transaction, command, context.processor, context.now_ms);
  return applyStep(context, owned, decided, command);
}
