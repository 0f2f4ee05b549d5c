/** Redelivers a webhook. */
import type { AppContext } from "../../api/context";
import type { Visit } from "../http/define-page";
import type { Form } from "../http/form";
import { PageProblem } from "../http/page-problem";
import { redirect } from "../http/respond-page";
import { withNotice } from "../view/notices";
import { progressOf } from "./delivery-page";
import { type DeliveryBody, deliveryPath } from "./parts";

/** A form that was sent twice redelivers once: the second time, the delivery is no more as the page had it. Two at the
 *  very same time restart the same attempt, which the dispatcher hands out once. */
export async function redeliver(c: AppContext, { api }: Visit, form: Form): Promise<Response> {
  const id = encodeURIComponent(c.req.param("id") ?? "");
  const path = `/api/v1/webhook-deliveries/${id}`;
  const delivery = await api.get<DeliveryBody>(path);
  const back = deliveryPath(delivery.id);
  if (progressOf(delivery) !== form.get("progress")) {
    return redirect(c, withNotice(back, "delivery_has_changed"));
  }
  const reply = await api.call<DeliveryBody>("POST", `${path}/redeliver`);
  if (!reply.ok) throw new PageProblem(reply.problem);
  return redirect(c, withNotice(back, "redelivered"));
}
