/** The client of erasures. Each has an object of its own, which is named by its id. */
import type { Env } from "../env";
import { callObject } from "../runtime/object-stub";
import { randomId } from "../runtime/random-id";
import type { Erasure, ErasureRequest } from "./rpc";

const PREFIX = "era";
const ID = /^era_[a-z2-7]{26}$/;
/** Long enough for an object to start. */
const LIMIT_MS = 5_000;

type Bindings = Pick<Env, "ERASURES">;

/** Whether an erasure can have this id. */
export function isErasureId(text: string): boolean {
  return ID.test(text);
}

/** Begins an erasure. @throws the fault of the call; then it is not known whether it has begun */
export function startErasure(
  { ERASURES }: Bindings,
  request: Omit<ErasureRequest, "id">,
): Promise<Erasure> {
  const id = randomId(PREFIX);
  return callObject(ERASURES, id, (eraser) => eraser.start({ ...request, id }), {
    limit_ms: LIMIT_MS,
    repeats_timeouts: true,
  });
}

/** An erasure of a merchant; undefined when there is none. @throws the fault of the call */
export function findErasure(
  { ERASURES }: Bindings,
  id: string,
  merchantId: string,
): Promise<Erasure | undefined> {
  return callObject(ERASURES, id, (eraser) => eraser.find(merchantId), { limit_ms: LIMIT_MS });
}
