// Carries out the plan's faults as the traffic gets to them: the server is killed and started again,
// the Kafka endpoint fails for a while. One kill at a time; an outage may go on through a kill.
import { setTimeout as sleep } from "node:timers/promises";
import type { Fault, KafkaOutage, Kill } from "../plan/plan.ts";
import type { SimulatedKafka } from "../system/kafka.ts";
import type { SimulatedServer } from "../system/server.ts";
import type { Chaos } from "../world.ts";

type Victims = {
  faults: Fault[];
  server: Pick<SimulatedServer, "start" | "kill">;
  kafka: Pick<SimulatedKafka, "fare">;
};

const DEAD_MS = 300;

/**
 * `reached(share)` is to be called with the share of the traffic that is done; `ended()` waits for
 * what was begun. `counts` says how often the server was killed and the endpoint failed.
 */
export function openChaos({ faults, server, kafka }: Victims) {
  const waiting = [...faults];
  const counts: Chaos = { kills: 0, outages: 0 };
  let kills = Promise.resolve();
  let outages = Promise.resolve();

  async function kill({ delay_ms }: Kill): Promise<void> {
    await sleep(delay_ms);
    await server.kill();
    counts.kills++;
    await sleep(DEAD_MS);
    await server.start();
  }

  async function outage({ mode, lasts_ms }: KafkaOutage): Promise<void> {
    counts.outages++;
    kafka.fare(mode);
    await sleep(lasts_ms);
    kafka.fare("up");
  }

  function reached(share: number): void {
    for (;;) {
      const [fault] = waiting;
      if (fault === undefined || fault.share > share) return;
      waiting.shift();
      if (fault.kind === "kill") kills = kills.then(() => kill(fault));
      else outages = outages.then(() => outage(fault));
      // A caller awaits these later and gets the error; this prevents an unhandled rejection until then.
      kills.catch(() => {});
    }
  }

  return { reached, ended: () => Promise.all([kills, outages]), counts };
}
