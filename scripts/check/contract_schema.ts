/** The contract: what a service promises over HTTP, as data. @module */
import { z } from "zod";

const path = z.string().regex(
  /^\/[\x21-\x7e]*$/,
  "a path starts with / and has no spaces or control characters",
);

const status = z.int().min(100).max(599);
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const headers = z.record(
  z.string().regex(token, "a header name has letters, digits and -"),
  // A line break in a value would be a second header.
  z.string().regex(/^[^\r\n\0]*$/, "a header value is one line"),
);

const expectation = z.strictObject({
  status: status.optional().describe("Exact status; absent: any."),
  contentType: z.string().optional()
    .describe("Exact content-type, upper and lower case alike."),
  headers: headers.optional().describe("Exact values, by name of header."),
  body: z.string().optional().describe("Exact body."),
  bodyContains: z.string().optional().describe("Text the body contains."),
  json: z.json().optional()
    .describe("Value the body parses to; the order of keys does not matter."),
  noBody: z.boolean().optional()
    .describe("Not one byte follows the headers, as for HEAD."),
});

const request = z.strictObject({
  name: z.string().min(1).optional()
    .describe("How reports call it; absent: method and path."),
  method: z.string().regex(token, "a method has letters, digits and -")
    .default("GET"),
  path: path.describe("Sent as it is: nothing is decoded or resolved."),
  headers: headers.optional(),
  body: z.string().optional(),
  expect: expectation,
});

const stop = z.strictObject({
  exitCode: z.int().min(0).max(255).default(0)
    .describe("Exit code after SIGTERM."),
  withinMs: z.int().positive().default(10_000)
    .describe("Milliseconds from SIGTERM to the end when idle."),
});

const burst = z.strictObject({
  path: path.optional().describe("What is asked for; absent: healthPath."),
  requests: z.int().positive().max(1_000_000).default(4000),
  connections: z.int().positive().max(1024).default(32),
});

export const contractSchema = z.strictObject({
  $schema: z.string().optional(),
  port: z.int().min(1).max(65_535).optional().describe(
    "Port it listens on in the container; absent: the one the image exposes, or 8080.",
  ),
  env: z.record(z.string(), z.string()).optional()
    .describe("Environment variables it needs to start, beside PORT."),
  healthPath: path.default("/health")
    .describe("Asked until it answers; then the service is ready."),
  healthStatus: z.union(
    [status, z.literal("any")],
    'expected a status from 100 to 599, or "any"',
  ).default(200)
    .describe("Status that means ready."),
  readyTimeoutMs: z.int().positive().default(30_000)
    .describe("Milliseconds it may take to be ready."),
  requestTimeoutMs: z.int().positive().default(5000)
    .describe("Milliseconds that one answer may take."),
  requests: z.array(request).min(1),
  writable: z.array(
    z.string().regex(
      /^(\/[^/,:\s]+)+$/,
      "a path is absolute, without a slash at its end, spaces, commas and colons",
    ),
  ).optional().describe(
    "Folders it keeps state in, such as /data: mounted empty and writable for any user, also where its root is read-only.",
  ),
  egress: z.union([
    z.array(
      z.string().regex(
        /^[^\s,/]+$/,
        "a host is written as host or host:port, without a scheme",
      ),
    ),
    z.literal("any"),
  ], 'expected a list of hosts such as ["db:5432"], or "any"').optional()
    .describe(
      'Hosts it may connect to, as host or host:port; []: none but its own; "any": all. Absent: not checked.',
    ),
  stop: stop.prefault({}),
  burst: burst.prefault({}),
});

export type Contract = z.output<typeof contractSchema>;
export type ContractRequest = Contract["requests"][number];

/** Of a service that states none: any status is an answer, even a 404. */
export function defaultContract(): Contract {
  return contractSchema.parse({
    healthPath: "/",
    healthStatus: "any",
    requests: [{ name: "answers HTTP on /", path: "/", expect: {} }],
  });
}

/** The contract's port, else the lowest TCP one that the image exposes, else 8080. */
export function servicePort(
  contract: Pick<Contract, "port">,
  exposedPorts: readonly string[],
): number {
  if (contract.port !== undefined) return contract.port;
  const ports = exposedPorts
    .flatMap((text) => /^(\d+)(?:\/tcp)?$/.exec(text)?.[1] ?? []).map(Number);
  return ports.length > 0 ? Math.min(...ports) : 8080;
}
