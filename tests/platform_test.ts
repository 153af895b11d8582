/**
 * Images for the architecture that this machine is not, on every engine that
 * works here: cross-compiled by what runs natively, complete by their files, and
 * never called checked unless they ran.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { assembleBases } from "../scripts/bases/choose_bases.ts";
import { type Architecture, cannotRun, HOST } from "../scripts/lib/platform.ts";
import { findEngine } from "../scripts/engine/find_engine.ts";
import { EXIT, messageOf, UserError } from "../scripts/lib/errors.ts";
import type { Engine, EngineName } from "../scripts/engine/engine.ts";
import type { Report } from "../scripts/report/report_schema.ts";
import { folder, image } from "./command_line.ts";

const PROJECT = join(import.meta.dirname ?? ".", "..");
const FOREIGN: Architecture = HOST === "amd64" ? "arm64" : "amd64";
const LOADER = {
  amd64: "/lib64/ld-linux-x86-64.so.2",
  arm64: "/lib/ld-linux-aarch64.so.1",
};

const SERVER =
  'Deno.serve({ port: Number(Deno.env.get("PORT")) }, () => new Response("ok"))';

async function prepare(name: EngineName): Promise<Engine | string> {
  try {
    const engine = await findEngine({ engine: name });
    await assembleBases({ engine });
    await assembleBases({ engine, architecture: FOREIGN });
    return engine;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return messageOf(error);
  }
}

/** Runs the command line in a folder; gives its exit code and its report. */
async function run(engine: Engine, cwd: string, ...args: string[]) {
  await using out = await folder({});
  const { code, stdout, stderr } = await image([
    ...["--engine", engine.name, "--bases", "packages", "--quick", "--json"],
    ...["--out", join(out.path, "report"), ...args],
  ], { cwd });
  if (stdout === "") throw new Error(stderr);
  const report: Report = JSON.parse(stdout);
  for (const { image: { reference } } of report.variants) {
    if (await engine.inspect(reference)) await engine.remove(reference);
  }
  return { code, report, stderr };
}

const engines = new Map<EngineName, Engine | string>();
for (const name of ["docker", "buildah"] as const) {
  engines.set(name, await prepare(name));
}

/** Registers a test that needs an engine. */
function test(
  name: EngineName,
  title: string,
  fn: (engine: Engine) => Promise<void>,
) {
  const engine = engines.get(name) ?? "not looked for";
  Deno.test({
    name: `${name}: ${title}` +
      (typeof engine === "string" ? ` (skipped: ${engine})` : ""),
    ignore: typeof engine === "string",
    fn: () => typeof engine === "string" ? Promise.resolve() : fn(engine),
  });
}

for (const name of engines.keys()) {
  test(
    name,
    `images for ${FOREIGN} are cross-compiled, complete and not called checked`,
    async (engine) => {
      const { code, report, stderr } = await run(
        engine,
        PROJECT,
        ...["--platform", `linux/${FOREIGN}`],
      );
      assertEquals(code, EXIT.ok, stderr);
      assertEquals(report.skipped?.map(({ name }) => name), [
        `single-stage-${FOREIGN}`,
      ]);
      assertEquals(
        report.variants.map((variant) => variant.name),
        [
          `layered-${FOREIGN}`,
          `multi-stage-${FOREIGN}`,
          `scratch-${FOREIGN}`,
        ],
      );
      for (
        const { name, image, surface, program, contract } of report.variants
      ) {
        assertEquals(image.architecture, FOREIGN);
        assertEquals(surface.interpreter, LOADER[FOREIGN], name);
        assertEquals([surface.missing, surface.foreign], [[], undefined], name);
        assert(surface.libraries?.includes("libc.so.6"), name);
        assertEquals(program?.path, "/hello", name);
        const unproven = cannotRun(FOREIGN);
        assertEquals(
          contract?.map(({ status }) => status),
          unproven ? ["skip"] : contract?.map(() => "pass"),
        );
        if (unproven) assertEquals(contract?.[0].detail, unproven);
      }
    },
  );

  test(
    name,
    "a program for another architecture than its image's is a failure",
    async (engine) => {
      await using here = await folder({
        "Dockerfile.mixed": `ARG BUILDER_IMAGE
ARG RUNTIME_IMAGE
FROM --platform=$BUILDPLATFORM \${BUILDER_IMAGE} AS build-stage
FROM --platform=$TARGETPLATFORM \${RUNTIME_IMAGE}
COPY --from=build-stage /usr/bin/tini /app
ENTRYPOINT ["/app"]
`,
      });
      const { code, report } = await run(
        engine,
        here.path,
        ...["--platform", `linux/${FOREIGN}`],
      );
      assertEquals(code, EXIT.checkFailed);
      const [{ contract }] = report.variants;
      assertEquals(contract?.[0].status, "fail");
      assertStringIncludes(contract?.[0].detail ?? "", `/app (${HOST})`);
    },
  );
}

// Nothing in it depends on the engine: one that works is enough.
const [any] = [...engines].find(([, engine]) => typeof engine !== "string") ??
  ["docker" as const];
test(
  any,
  "an engine that the builder's Deno does not have is skipped, the rest goes on",
  async (engine) => {
    await using here = await folder({
      "contract.json": JSON.stringify({
        healthPath: "/",
        requests: [{ path: "/", expect: { status: 200 } }],
      }),
      "Dockerfile.one": `ARG BUILDER_IMAGE
FROM \${BUILDER_IMAGE}
ARG JS_ENGINE=
RUN test -z "\${JS_ENGINE}" || deno compile --engine "\${JS_ENGINE}" main.ts
EXPOSE 8080
USER 1993
ENTRYPOINT ["deno", "eval", ${JSON.stringify(`${SERVER}; void 0`)}]
`,
    });
    const { code, report, stderr } = await run(
      engine,
      here.path,
      ...["--vary", "JS_ENGINE=quickjs"],
    );
    assertEquals(code, EXIT.ok, stderr);
    assertEquals(report.variants.map(({ name }) => name), ["one"]);
    const [left] = report.skipped ?? [];
    assertEquals(left?.name, "one-quickjs");
    assertStringIncludes(left?.reason ?? "", "--engine");
  },
);
