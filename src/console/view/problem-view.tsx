/** What went wrong, and how to find it in the log. */
import type { ShownProblem } from "../http/page-problem";

export function ProblemView({ shown, requestId }: { shown: ShownProblem; requestId: string }) {
  return (
    <section class="problem-page">
      <p class="problem-status">{shown.status}</p>
      <h1>{shown.title}</h1>
      <p>{shown.detail}</p>
      <p class="muted">
        Request <code>{requestId}</code>
      </p>
      <p>
        <a class="button" href="/console">
          To the overview
        </a>
      </p>
    </section>
  );
}
