/** The shape of a problem (RFC 9457) in openapi.json. */
import { z } from "@hono/zod-openapi";
import { PROBLEMS, type ProblemCode } from "./problem";

const CODES = Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]]; // There are some.

const FieldFault = z
  .object({
    pointer: z.string().optional().openapi({
      description: "A place in the body: a JSON pointer (RFC 6901) as a URI fragment.",
      example: "#/amount",
    }),
    parameter: z
      .string()
      .optional()
      .openapi({ description: "A parameter of the query or the path.", example: "limit" }),
    header: z
      .string()
      .optional()
      .openapi({ description: "A header field.", example: "Idempotency-Key" }),
    message: z.string().openapi({ example: "has more than the 2 decimals of USD" }),
  })
  .openapi("FieldFault", {
    description: "What is wrong with one part of a request. One of the other members says where.",
  });

export const Problem = z
  .object({
    type: z.string().openapi({
      description: "A page about the code.",
      example: "https://payments.example/problems/invalid_request",
    }),
    title: z.string().openapi({ example: PROBLEMS.invalid_request.title }),
    status: z.int().min(400).max(599).openapi({ example: PROBLEMS.invalid_request.status }),
    detail: z.string().openapi({ example: "amount has more than the 2 decimals of USD." }),
    code: z.enum(CODES).openapi("ProblemCode", {
      description: "Decide by this: a code keeps its meaning.",
    }),
    request_id: z.string().openapi({
      description: "Also in the `Request-Id` header and in the log.",
      example: "req_4f1c7d1f0e6b4a0c9d3e5b7a8c6d2e10",
    }),
    errors: z.array(FieldFault).optional(),
  })
  .openapi("Problem", {
    example: {
      type: "https://payments.example/problems/invalid_request",
      title: PROBLEMS.invalid_request.title,
      status: PROBLEMS.invalid_request.status,
      detail: "amount has more than the 2 decimals of USD.",
      code: "invalid_request",
      request_id: "req_4f1c7d1f0e6b4a0c9d3e5b7a8c6d2e10",
      errors: [{ pointer: "#/amount", message: "has more than the 2 decimals of USD" }],
    },
  });
