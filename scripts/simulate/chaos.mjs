// Carries out the plan's faults as the traffic gets to them: the server is killed and started again,
// the Kafka endpoint fails for a while. One kill at a time; an outage may go on through a kill.
import { setTimeout as sleep } from "node:timers/promises";

const DEAD_MS = 300;

/**
 * `reached(share)` is to be called with the share of the traffic that is done; `ended()` waits for
 * what was begun. `counts` says how often the server was killed and the endpoint failed.
 */
export function openChaos({ faults, server, kafka }) {
  const waiting = [...faults];
  const counts = { kills: 0, outages: 0 };
  let kills = Promise.resolve();
  let outages = Promise.resolve();

  async function kill({ delay_ms }) {
    await sleep(delay_ms);
    await server.kill();
    counts.kills++;
    await sleep(DEAD_MS);
    await server.start();
  }

  async function outage({ mode, lasts_ms }) {
    counts.outages++;
    kafka.fare(mode);
    await sleep(lasts_ms);
    kafka.fare("up");
  }

  function reached(share) {
    while (waiting.length > 0 && waiting[0].share <= share) {
      const fault = waiting.shift();
      if (fault.kind === "kill") kills = kills.then(() => kill(fault));
      else outages = outages.then(() => outage(fault));
      // Whoever waits for the end hears how it failed; until then nobody does.
      kills.catch(() => {});
    }
  }

  return { reached, ended: () => Promise.all([kills, outages]), counts };
}
