/** A process that takes the lock of a state directory when it gets a message, and holds it until its parent
 *  disconnects. */
import { lockState } from "../../scripts/local/state-lock.ts";

const [directory = ""] = process.argv.slice(2);
process.once("message", async () => {
  try {
    await lockState(directory, "http://127.0.0.1:1");
    process.send?.("taken");
  } catch (error) {
    const fault = error as Error; // Nothing else is thrown there.
    process.send?.(`${fault.constructor.name}: ${fault.message}`);
  }
});
process.once("disconnect", () => process.exit());
process.send?.("ready");
