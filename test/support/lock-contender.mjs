// A process that takes the lock of a state directory when it is told to, and holds it until its
// parent disconnects.
import { lockState } from "../../scripts/state-lock.mjs";

const [directory] = process.argv.slice(2);
process.once("message", async () => {
  try {
    await lockState(directory, "http://127.0.0.1:1");
    process.send("taken");
  } catch (error) {
    process.send(`${error.constructor.name}: ${error.message}`);
  }
});
process.once("disconnect", () => process.exit());
process.send("ready");
