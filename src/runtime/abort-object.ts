/** The end of an object that could not finish what it had begun to write. */
import { describeFault, type Log } from "../observability/log";

/** Ends the object. The platform drops what has been written since the last `await`, and the next call finds
 *  a new object, which reads its tables. Callers are told that the object was reset, and ask again. */
export function abortObject(state: DurableObjectState, log: Log, fault: unknown): never {
  log("error", "object.reset", { fault: describeFault(fault) });
  state.abort("what was begun could not be written");
  throw fault; // Not reached: an aborted object runs no further.
}
