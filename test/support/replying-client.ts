/** The TypeScript client with a network that gives replies which were written before. */
import { Payments } from "../../clients/typescript/src/index";

type Reply = { status: number; body: object; headers?: Record<string, string> };

/** A client whose requests get the replies in turn, the last one for all others. */
export function clientOf(...replies: [Reply, ...Reply[]]) {
  const urls: string[] = [];
  const at_ms: number[] = [];
  const payments = new Payments({
    apiKey: "sk_test_1",
    baseUrl: "https://payments.example",
    fetch: async (url) => {
      urls.push(url);
      at_ms.push(Date.now());
      const reply = replies[urls.length - 1] ?? replies[replies.length - 1] ?? replies[0];
      return new Response(JSON.stringify(reply.body), reply);
    },
  });
  return { payments, urls, at_ms };
}
