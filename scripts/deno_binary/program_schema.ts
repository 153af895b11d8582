/** A program made by `deno compile`, and what Deno allows it, in the report. @module */
import { z } from "zod";
import { bytes } from "../lib/schema_units.ts";

export const programSchema = z.object({
  path: z.string(),
  bytes: bytes.describe("Runtime and application, in one file or in two."),
  runtimePath: z.string().optional().describe(
    "Where the runtime is, if not in the same file.",
  ),
  runtimeBytes: bytes.describe(
    "The Deno runtime: the file without the payload, or the file at runtimePath.",
  ),
  applicationBytes: bytes.describe(
    "The payload: modules, metadata, packages; with runtimePath, the whole file.",
  ),
  parts: z.object({
    own: bytes.describe("Modules of the service itself."),
    remote: bytes.describe("Modules from jsr.io and other servers."),
    npm: bytes,
    assets: bytes,
    metadata: bytes.describe("What else is in the application."),
  }).optional().describe("What applicationBytes is made of."),
  deno: z.string().optional(),
  v8: z.string().optional(),
  modules: z.array(z.object({ specifier: z.string(), bytes })),
  npm: z.array(z.object({ name: z.string(), version: z.string(), bytes })),
  assets: z.array(z.object({ path: z.string(), bytes })).optional()
    .describe("Embedded files that are neither modules nor in a package."),
});

const granted = z.union([z.literal("all"), z.array(z.string())]).optional();
export const permissionsSchema = z.object({
  source: z.enum(["binary", "command"]).describe(
    "Compiled into the program, or flags of deno run in entrypoint and command.",
  ),
  net: granted,
  read: granted,
  write: granted,
  env: granted,
  run: granted,
  sys: granted,
  ffi: granted,
  import: granted.describe(
    "Hosts that code is loaded from at run time; a compiled program loads none.",
  ),
}).describe(
  "What Deno allows the program that the image starts. A kind that is absent is refused; what is denied by an exception counts as allowed.",
);

export type Program = z.infer<typeof programSchema>;
export type Permissions = z.infer<typeof permissionsSchema>;
