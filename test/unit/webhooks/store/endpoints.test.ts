/** Webhook endpoints in memory. */
import { describe, expect, it } from "vitest";
import { commit, ENDPOINT, endpoints } from "../../../support/webhook-store";

describe("endpoints in memory", () => {
  const changes: Record<string, () => void> = {
    changed: () => endpoints.change("whe_1", { enabled: false, url: "https://other.example/" }),
    disabled: () => endpoints.disable("whe_1", "gone"),
    removed: () => endpoints.remove(ENDPOINT),
    added: () => endpoints.add({ ...ENDPOINT, id: "whe_2" }),
  };
  it.each(Object.entries(changes))(
    "Endpoints in memory equal those on disk after a commit that failed: %s",
    (_, change) => {
      const failing = () =>
        commit(() => {
          change();
          endpoints.list();
          throw new Error("disk full");
        });
      expect(failing).toThrow("disk full");
      expect(endpoints.list()).toEqual([ENDPOINT]);
      expect(endpoints.subscribedTo("transaction.created")).toEqual([ENDPOINT]);
    },
  );
});
