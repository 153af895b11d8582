import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { EXIT } from "../lib/errors.ts";
import { explainBuild } from "./explain_build.ts";
import { RuntimeMissing } from "./runtime_missing.ts";

function missing(output: string): RuntimeMissing {
  const error = explainBuild("Dockerfile.scratch", output);
  assert(error instanceof RuntimeMissing, error.message);
  assertEquals(error.exitCode, EXIT.environment);
  assertStringIncludes(error.message, 'Cannot build "Dockerfile.scratch": ');
  return error;
}

Deno.test("RuntimeMissing: a Deno that does not know an option", () => {
  for (const option of ["--engine", "--bundle"]) {
    const { reason } = missing(`STEP 7/7: RUN deno compile ${option} main.ts
error: unexpected argument '${option}' found`);
    assertEquals(reason, `the builder's Deno does not know ${option}`);
  }
  const other = explainBuild(
    "Dockerfile",
    "STEP 7/7: RUN ls\nerror: unexpected argument '--bundle' found",
  );
  assertEquals(other instanceof RuntimeMissing, false);
});

Deno.test("RuntimeMissing: a download that fails, and where from", () => {
  const output = (name: string) =>
    `#9 [build-stage 5/5] RUN deno compile main.ts
#9 1.2 \x1b[32mDownload\x1b[0m https://dl.example/release/v9.9.9/${name}.zip
#9 1.4 error: Writing deno compile executable to temporary file 'hello.tmp'
#9 1.4     0: Setting up base binary.
#9 ERROR: executor failed running [/bin/sh -c deno compile main.ts]: exit code: 1`;
  const other = missing(output("denort-quickjs-x86_64"));
  assertEquals(other.reason, "denort-quickjs-x86_64 cannot be downloaded");
  assertStringIncludes(other.next, "dl.example");
  assertEquals(other.next.includes("packages"), false);
  assertStringIncludes(missing(output("denort-x86_64")).next, "packages");
});

Deno.test("RuntimeMissing: not when modules cannot be downloaded", () => {
  const error = explainBuild(
    "Dockerfile",
    `STEP 7/7: RUN deno compile main.ts
Download https://jsr.example/@std/http/meta.json
error: JSR package manifest for '@std/http' failed to load`,
  );
  assertEquals(error instanceof RuntimeMissing, false);
});
