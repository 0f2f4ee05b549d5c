/** The two ways a decision can end. A refusal is returned, never thrown. */
import type { Refusal } from "../refusal";

export type Result<Value> = { ok: true; value: Value } | { ok: false; refusal: Refusal };

export function accept<Value>(value: Value): Result<Value> {
  return { ok: true, value };
}

export function refuse(refusal: Refusal): Result<never> {
  return { ok: false, refusal };
}
