import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { EXIT, UserError } from "../lib/errors.ts";
import { CommandFailed } from "../lib/command.ts";
import {
  explainBuild,
  explainExport,
  explainInstall,
  explainMachine,
  explainPull,
  explainStart,
  failingStep,
  RuntimeMissing,
} from "./explain.ts";

const failed = (output: string) =>
  new CommandFailed("docker", [], { code: 1, output });

function pull(output: string): UserError {
  const error = explainPull("x:1", failed(output));
  assert(error instanceof UserError);
  assertEquals(error.exitCode, EXIT.environment);
  assertEquals(error.output, output.trim());
  return error;
}

Deno.test("explainPull() tells a silent registry from one that refuses", () => {
  for (
    const output of [
      "Error response from daemon: dial tcp: lookup r.example: no such host\n",
      "pinging container registry r.example: connect: connection refused",
      "net/http: TLS handshake timeout",
      "dial tcp 192.0.2.1:443: i/o timeout",
    ]
  ) {
    assertEquals(
      pull(output).message,
      'Cannot pull "x:1": the registry cannot be reached',
    );
  }
  for (
    const output of [
      "pull access denied for x, repository does not exist",
      "manifest for x:1 not found: manifest unknown",
      "reading manifest 1 in r.example/x: unauthorized",
      "no matching manifest for linux/arm64 in the manifest list entries",
    ]
  ) {
    assertEquals(
      pull(output).message,
      'Cannot pull "x:1": the registry does not have the image, or refuses it',
    );
  }
});

Deno.test("explainPull() shows what it does not know, and passes the rest on", () => {
  assertEquals(pull("something new").message, 'Cannot pull "x:1"');
  const bug = new TypeError("a bug");
  assertEquals(explainPull("x:1", bug), bug);
});

Deno.test("explainExport() and explainMachine() know a full disk", () => {
  const output = "write /dev/stdout: no space left on device";
  const error = explainExport("x:1", failed(output));
  assertEquals(error.message, 'Cannot export "x:1": the disk is full');
  assertStringIncludes(error.next, "Free disk space");
  assertEquals(
    explainMachine({ message: "Cannot do it", output: "permission denied" }),
    undefined,
  );
});

Deno.test("explainStart() names the program that cannot be executed", () => {
  const own = "localhost/deno-small-image-vm-1-2-ab1:scratch";
  for (
    const said of [
      'runc create failed: unable to start container process: exec: "/nope": stat /nope: no such file or directory: unknown',
      "fork/exec /nope: no such file or directory",
      'exec: "nope": executable file not found in $PATH',
    ]
  ) {
    const { message, next } = explainStart(own, said);
    assertMatch(
      message,
      /^Cannot start a container of "scratch": it cannot execute \/?nope$/,
    );
    assertMatch(next, /ENTRYPOINT/);
  }
  assertMatch(explainStart("x", "no such image: x").next, /^Build or pull/);
  assertMatch(explainStart("x", "unknown user").next, /its user must exist/);
});

const BUILDKIT_20 = `#1 [internal] load build definition from Dockerfile
#1 sha256:${"1".repeat(64)}
#1 transferring dockerfile: 90B done
#1 DONE 0.0s

#4 [1/2] COPY busybox /bin/sh
#4 CACHED

#5 [2/2] RUN deno test
#5 sha256:${"8".repeat(64)}
#5 0.217 running 1 test
#6 [other 1/1] RUN slow
#6 0.300 unrelated
#5 0.218 FAILED
#5 ERROR: executor failed running [/bin/sh -c deno test]: exit code: 3
------
 > [2/2] RUN deno test:
------
executor failed running [/bin/sh -c deno test]: exit code: 3
`;
const BUILDX = `#5 [2/2] RUN deno test
#5 0.217 FAILED
#5 ERROR: process "/bin/sh -c deno test" did not complete successfully: exit code: 3
------
 > [2/2] RUN deno test:
0.217 FAILED
------
Dockerfile:3
--------------------
   3 | >>> RUN deno test
--------------------
ERROR: failed to solve: process "/bin/sh -c deno test" did not complete successfully: exit code: 3
`;
const LEGACY =
  `DEPRECATED: The legacy builder is deprecated and will be removed in a future release.
            BuildKit is currently disabled; enable it by removing the DOCKER_BUILDKIT=0
            environment-variable.

Sending build context to Docker daemon  1.994MB
Step 1/2 : FROM builder
 ---> 458231850b95
Step 2/2 : RUN deno test
 ---> Running in 9cb740b3377e
FAILED
Removing intermediate container 9cb740b3377e
The command '/bin/sh -c deno test' returned a non-zero code: 3
`;
const BUILDAH = `[1/2] STEP 1/2: FROM scratch
[1/2] STEP 2/2: COPY x /x
--> f7b8aafe5a6
[2/2] STEP 1/1: RUN deno test
FAILED
subprocess exited with status 3
subprocess exited with status 3
Error: building at STEP "RUN deno test": exit status 3
`;

Deno.test("failingStep() takes the failing step's lines out of BuildKit's", () => {
  assertEquals(
    failingStep(BUILDKIT_20),
    `[2/2] RUN deno test
running 1 test
FAILED
ERROR: executor failed running [/bin/sh -c deno test]: exit code: 3
executor failed running [/bin/sh -c deno test]: exit code: 3`,
  );
  assertEquals(
    failingStep(BUILDX),
    `[2/2] RUN deno test
FAILED
ERROR: process "/bin/sh -c deno test" did not complete successfully: exit code: 3
ERROR: failed to solve: process "/bin/sh -c deno test" did not complete successfully: exit code: 3`,
  );
});

Deno.test("failingStep() takes the last step of the legacy builder and of buildah", () => {
  assertEquals(
    failingStep(LEGACY),
    `Step 2/2 : RUN deno test
FAILED
The command '/bin/sh -c deno test' returned a non-zero code: 3`,
  );
  assertEquals(
    failingStep(BUILDAH),
    `[2/2] STEP 1/1: RUN deno test
FAILED
Error: building at STEP "RUN deno test": exit status 3`,
  );
});

Deno.test("failingStep() of a Dockerfile that cannot be read is its error", () => {
  assertEquals(
    failingStep(
      `#1 [internal] load build definition from Dockerfile
#1 DONE 0.0s
failed to solve with frontend dockerfile.v0: dockerfile parse error line 2: unknown instruction: RUM
`,
    ),
    "failed to solve with frontend dockerfile.v0: dockerfile parse error line 2: unknown instruction: RUM",
  );
});

Deno.test("failingStep() is bounded, in lines and in their length", () => {
  const many = Array.from({ length: 500 }, (_, i) => `line ${i}`).join("\n");
  const step = failingStep(`STEP 1/1: RUN x\n${many}\n${"y".repeat(5000)}!\n`)
    .split("\n");
  assertEquals(step.length, 40);
  assertEquals(step[38], "line 499");
  assertMatch(step[39], /^y{200} … y{199}!$/);
});

Deno.test("explainBuild() of a failing step is a failed check", () => {
  for (const output of [BUILDKIT_20, BUILDX, LEGACY, BUILDAH]) {
    const error = explainBuild("Dockerfile.scratch", output);
    assertEquals(error.message, 'Cannot build "Dockerfile.scratch"');
    assertEquals(error.exitCode, EXIT.checkFailed);
    assertStringIncludes(error.output ?? "", "FAILED");
  }
});

Deno.test("explainBuild() of a registry that does not answer says what to do", () => {
  const lookup = "dial tcp: lookup registry.example: no such host";
  for (
    const output of [
      `#3 [internal] load metadata for registry.example/x:1
#3 ERROR: failed to do request: Head "https://registry.example/v2/": ${lookup}
failed to solve with frontend dockerfile.v0: failed to create LLB definition: ${lookup}`,
      `Step 1/2 : FROM registry.example/x:1
Get "https://registry.example/v2/": ${lookup}`,
      `[1/2] STEP 1/2: FROM registry.example/x:1
Trying to pull registry.example/x:1...
Error: creating build container: initializing source docker://registry.example/x:1: pinging container registry registry.example: ${lookup}`,
    ]
  ) {
    const error = explainBuild("Dockerfile", output);
    assertEquals(
      error.message,
      'Cannot build "Dockerfile": the registry cannot be reached',
    );
    assertEquals(error.exitCode, EXIT.environment);
    assertStringIncludes(error.next, "--bases packages");
  }
});

Deno.test("explainBuild() of an unknown base image says so", () => {
  for (
    const output of [
      `#3 [internal] load metadata for docker.io/library/x:1
#3 ERROR: pull access denied, repository does not exist or may require authorization
ERROR: failed to solve: x:1: failed to resolve source metadata for docker.io/library/x:1`,
      `STEP 1/1: FROM localhost/x:1
Error: creating build container: localhost/x:1: image not known`,
    ]
  ) {
    assertStringIncludes(
      explainBuild("Dockerfile", output).message,
      "the registry does not have the image",
    );
  }
});

Deno.test("explainBuild() of a short name says what is not set, in either order of the pipes", () => {
  const step = "STEP 1/1: FROM x:1";
  const error =
    'Error: creating build container: short-name "x:1" did not resolve to an alias';
  for (const lines of [[step, error], [error, step]]) {
    const { message, next, exitCode } = explainBuild("a", lines.join("\n"));
    assertEquals(message, 'Cannot build "a": no registry is set for "x:1"');
    assertStringIncludes(next, "unqualified-search-registries");
    assertEquals(exitCode, EXIT.environment);
  }
});

Deno.test("explainBuild() does not blame the registry for a step's own network", () => {
  for (
    const output of [
      `STEP 3/3: RUN deno cache main.ts
error: dns error: no such host
Error: building at STEP "RUN deno cache main.ts": exit status 1`,
      `#5 [1/1] COPY nothere /x
#5 ERROR: "/nothere" not found: not found
failed to compute cache key: "/nothere" not found: not found`,
    ]
  ) {
    const error = explainBuild("Dockerfile", output);
    assertEquals(error.message.includes("registry"), false);
    assertEquals(error.exitCode, EXIT.checkFailed);
  }
});

Deno.test("explainBuild() of a file to copy says whether .dockerignore hides it", async () => {
  const context = await Deno.makeTempDir();
  await Deno.writeTextFile(`${context}/a.json`, "");
  const copies = (path: string) => [
    `#5 [2/3] COPY x ${path} ./
#5 ERROR: "/${path}" not found: not found
failed to compute cache key: "/${path}" not found: not found`,
    `#5 [2/3] COPY x ${path} ./
#5 ERROR: failed to calculate checksum of ref 1x::2y: "/${path}": not found`,
    `STEP 2/3: COPY x ${path} ./
Error: building at STEP "COPY x ${path} ./": no items matching glob "${context}/${path}" copied (1 filtered out using /x/.dockerignore): no such file or directory`,
    `Step 2/3 : COPY x ${path} ./
COPY failed: file not found in build context or excluded by .dockerignore: stat ${path}: file does not exist`,
  ];
  const of = (output: string) =>
    explainBuild("Dockerfile.a", output, undefined, context);
  for (const output of copies("a.json")) {
    const { message, next } = of(output);
    assertMatch(
      message,
      /: \.dockerignore leaves out a\.json, which it copies$/,
    );
    assertStringIncludes(next, "!a.json");
  }
  for (const output of copies("b.json")) {
    assertMatch(of(output).message, /: b\.json is not in the build context$/);
  }
  await Deno.writeTextFile(`${context}/Dockerfile.a.dockerignore`, "");
  assertStringIncludes(
    of(copies("a.json")[0]).message,
    "Dockerfile.a.dockerignore leaves out",
  );
  const stage = of(copies("a.json")[0].replace("COPY", "COPY --from=build"));
  assertMatch(stage.message, /: "build" has no a\.json$/);
  await Deno.remove(context, { recursive: true });
});

Deno.test("explainBuild() takes the cause out of the failing step", () => {
  const of = (output: string) => explainBuild("Dockerfile", output).message;
  assertMatch(
    of(`#5 [2/2] RUN npm ci
#5 0.217 /bin/sh: 1: npm: not found
#5 ERROR: process "/bin/sh -c npm ci" did not complete successfully: exit code: 127`),
    /": npm: not found$/,
  );
  assertMatch(
    of(`STEP 2/2: RUN npm ci
/bin/sh: npm: not found
Error: building at STEP "RUN npm ci": exit status 127`),
    /": npm: not found$/,
  );
  assertMatch(
    of(
      "failed to solve with frontend dockerfile.v0: failed to create LLB definition: the Dockerfile cannot be empty",
    ),
    /": the Dockerfile cannot be empty$/,
  );
});

Deno.test("explainBuild() of a full disk is the environment's fault", () => {
  const error = explainBuild(
    "Dockerfile",
    `STEP 2/2: COPY big /big
Error: building at STEP "COPY big /big": write /big: no space left on device`,
  );
  assertEquals(error.message, 'Cannot build "Dockerfile": the disk is full');
  assertEquals(error.exitCode, EXIT.environment);
});

Deno.test("explainBuild() of a step that runs another architecture says where to build", () => {
  const error = explainBuild(
    "Dockerfile",
    `#5 [build 2/2] RUN deno compile main.ts
#5 0.2 exec /bin/sh: exec format error
#5 ERROR: process "/bin/sh -c deno compile main.ts" did not complete successfully: exit code: 1`,
  );
  assertEquals(error.exitCode, EXIT.checkFailed);
  assertStringIncludes(error.next, "--platform=$BUILDPLATFORM");
});

Deno.test("explainBuild() tells whom the legacy builder fails to install BuildKit", () => {
  for (
    const output of [
      `Step 2/2 : RUN --mount=type=cache,target=/x true
the --mount option requires BuildKit. Refer to the documentation`,
      `Step 5/9 : FROM --platform=$BUILDPLATFORM \${BUILDER_IMAGE} AS build-stage
failed to parse platform : "" is an invalid component of ""`,
    ]
  ) {
    assertStringIncludes(
      explainBuild("Dockerfile", output).next,
      "docker-buildx",
    );
  }
});

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

Deno.test("explainBuild() of an option that Deno knows in another spelling", () => {
  const of = (option: string, similar: string) =>
    explainBuild(
      "Dockerfile",
      `STEP 7/7: RUN deno compile ${option} main.ts
error: unexpected argument '${option}' found

  tip: a similar argument exists: '${similar}'`,
    );
  const { message, next, exitCode } = of("--alow-env", "--allow-env");
  assertMatch(message, /: there is no option --alow-env$/);
  assertEquals(next, "Did you mean --allow-env?");
  assertEquals(exitCode, EXIT.checkFailed);
  assert(of("--engine", "--env-file") instanceof RuntimeMissing);
  assert(of("--exclude-unused-npm", "--exclude") instanceof RuntimeMissing);
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

Deno.test("explainBuild() of a module that cannot be downloaded", () => {
  const of = (line: string) =>
    explainBuild("Dockerfile", `STEP 7/7: RUN deno compile main.ts\n${line}`);
  const jsr = of(
    "error: JSR package manifest for '@hono/hono' failed to load. Import 'https://jsr.example/@hono/hono/meta.json' failed.",
  );
  assertEquals(
    jsr.message,
    'Cannot build "Dockerfile": jsr:@hono/hono cannot be downloaded',
  );
  assertEquals(jsr.exitCode, EXIT.environment);
  assertStringIncludes(jsr.next, '"vendor": true');
  const web = of("error: Import 'https://deno.example/x/mod.ts' failed.");
  assertStringIncludes(web.message, "https://deno.example/x/mod.ts");
});

Deno.test("explainBuild() of source that Deno does not take: place, reason, and no step", () => {
  const of = (...lines: string[]) =>
    explainBuild(
      "Dockerfile",
      ["STEP 7/7: RUN deno compile main.ts", ...lines].join("\n"),
    );
  const syntax = of(
    "Check file:///app/main.ts",
    "error: The module's source code could not be parsed: Expected ident at file:///app/ws.ts:7:17",
    "",
    "1.639",
    "  const = 1;",
    "ERROR: executor failed running [/bin/sh -c deno compile main.ts]: exit code: 1",
  );
  assertEquals(
    syntax.message,
    'Cannot build "Dockerfile": /app/ws.ts:7:17: Expected ident',
  );
  assertEquals(/STEP|executor|1\.639/.test(syntax.output ?? ""), false);
  assertEquals(syntax.exitCode, EXIT.checkFailed);
  const type = of(
    "0.512 TS2322 [ERROR]: Type 'string' is not assignable to type 'number'.",
    "    at file:///app/main.ts:1:7",
    "error: Type checking failed.",
  );
  assertStringIncludes(type.message, "/app/main.ts:1:7: Type 'string' is not");
  const missing = of(
    'error: Module not found "file:///app/x.ts".',
    "    at file:///app/main.ts:1:8",
  );
  assertStringIncludes(missing.message, 'main.ts:1:8: Module not found "/app');
  assertStringIncludes(missing.next, ".dockerignore");
  assertStringIncludes(
    of("error: npm package 'no-such' does not exist.").message,
    "npm package 'no-such' does not exist",
  );
  assertEquals(of("make: *** no rule").message, 'Cannot build "Dockerfile"');
});

Deno.test("explainBuild() of packages that are older than their import", () => {
  const error = explainBuild(
    "Dockerfile",
    `STEP 7/7: RUN deno compile main.ts
error: Could not find a matching package for 'npm:a@^2' in the node_modules directory. Ensure you have all your JSR and npm dependencies listed
    at file:///app/main.ts:1:24

Stack backtrace:
   0: <unknown>`,
  );
  assertEquals(
    error.message,
    "Cannot build \"Dockerfile\": /app/main.ts:1:24: Could not find a matching package for 'npm:a@^2' in the node_modules directory",
  );
  assertEquals(error.next, "Run: deno install --node-modules-dir=manual");
  assertEquals(/backtrace|unknown/.test(error.output ?? ""), false);
});

Deno.test("explainBuild() of a compile without memory: named, without frames", () => {
  const frame = "#5 1.2     deno(+0x2e804a3) [0x55b3b68af4a3]\n";
  const error = explainBuild(
    "Dockerfile",
    `#5 [2/2] RUN deno compile main.ts
#5 1.1 # Fatal JavaScript out of memory: Reached heap limit
#5 1.1 ==== C stack trace ===============================
${frame.repeat(50)}#5 1.3 Trace/breakpoint trap
#5 ERROR: executor failed running [/bin/sh -c deno compile]: exit code: 133`,
  );
  assertEquals(
    error.message,
    'Cannot build "Dockerfile": Fatal JavaScript out of memory: Reached heap limit',
  );
  assertStringIncludes(error.next, "--max-old-space-size");
  assertEquals(error.output?.includes("+0x"), false);
  for (const end of ["exit status 137", "returned a non-zero code: 137"]) {
    const { message } = explainBuild("a", `STEP 2/2: RUN x\nError: ${end}`);
    assertEquals(message, 'Cannot build "a": its step was killed');
  }
});

Deno.test("explainInstall() tells a wrong name and an old lock from the network", () => {
  const of = (output: string) => explainInstall(failed(output), "deno lock");
  const wrong = of(`Download https://npm.example/a
error: npm package 'a' does not exist.
    at file:///x/main.ts:1:24

Stack backtrace:
   0: <unknown>
`);
  assertStringIncludes(wrong.message, "npm package 'a' does not exist");
  assertStringIncludes(wrong.next, "deno.json");
  assertEquals(wrong.exitCode, EXIT.checkFailed);
  assertEquals(/backtrace|unknown/.test(wrong.output ?? ""), false);
  const lock = of(
    "error: The lockfile is out of date. Run `deno install --frozen=false`\nchanges:\n 4 | -",
  );
  assertMatch(lock.message, /: deno\.lock is out of date$/);
  assertEquals([lock.next, lock.exitCode], [
    "Run: deno lock",
    EXIT.checkFailed,
  ]);
  for (
    const line of [
      'Failed loading http://npm.example/a for package "a"\n    0: Bad response: 401\n    at file:///x/main.ts:1:8',
      "Failed caching npm package 'a'\n    0: Bad response: 500",
    ]
  ) {
    const { message, exitCode } = of(`error: ${line}`);
    assertMatch(message, /: npm:a cannot be downloaded$/);
    assertEquals(exitCode, EXIT.environment);
  }
  assertMatch(of("error: Cannot parse\nit").message, /: Cannot parse$/);
});

Deno.test("explainBuild() of an instruction that does not exist, on each builder", () => {
  for (
    const output of [
      "failed to create LLB definition: dockerfile parse error line 2: unknown instruction: COPPY",
      'Error: Build error: Unknown instruction: "COPPY" &imagebuilder.Step{Env:[]}',
    ]
  ) {
    const { message, next } = explainBuild("Dockerfile", output);
    assertStringIncludes(message, "there is no instruction COPPY");
    assertEquals(next, "Correct it in the Dockerfile");
  }
});
