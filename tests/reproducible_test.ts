/**
 * `deno task image --reproducible` on every engine that works here: what a second
 * build makes the same passes, what differs is named, and what an engine cannot
 * date is skipped.
 *
 * @module
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { assembleBases } from "../scripts/bases/choose_bases.ts";
import { findEngine } from "../scripts/engine/find_engine.ts";
import { EXIT, messageOf, UserError } from "../scripts/lib/errors.ts";
import type { Engine, EngineName } from "../scripts/engine/engine.ts";
import type { Check, Report } from "../scripts/report/report_schema.ts";

const ENTRY = join(import.meta.dirname ?? ".", "../scripts/image.ts");

const SERVER =
  'Deno.serve({ port: Number(Deno.env.get("PORT")) }, () => new Response("ok"))';
const after = (step: string) =>
  `ARG BUILDER_IMAGE
FROM \${BUILDER_IMAGE}
RUN ${step}
EXPOSE 8080
USER 1993
ENTRYPOINT ["deno", "eval", ${JSON.stringify(`${SERVER}; void 0`)}]
`;

const FILES = {
  "contract.json": JSON.stringify({
    healthPath: "/",
    requests: [{ path: "/", expect: { status: 200 } }],
  }),
  // Nothing but times: a folder that was there, and a file that the step writes.
  "Dockerfile.dated": after("echo written > /opt/written"),
  "Dockerfile.random": after(
    "cat /proc/sys/kernel/random/uuid > /opt/drawn && chmod 600 /opt/drawn",
  ),
};

async function prepare(name: EngineName): Promise<Engine | string> {
  try {
    const engine = await findEngine({ engine: name });
    await assembleBases({ engine });
    return engine;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return messageOf(error);
  }
}

/** Runs the command line in a folder; gives its exit code and its report. */
async function run(cwd: string, ...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", ENTRY, "--reproducible", "--quick", "--json"],
      ...["--bases", "packages", ...args],
    ],
    cwd,
    stdin: "null",
    env: { NO_COLOR: "1", GITHUB_STEP_SUMMARY: "" },
  }).output();
  const [out, log] = [stdout, stderr].map((bytes) =>
    new TextDecoder().decode(bytes)
  );
  if (out === "") throw new Error(log);
  const report: Report = JSON.parse(out);
  return { code, report };
}

function checksOf(report: Report, name: string): Record<string, Check> {
  const variant = report.variants.find((variant) => variant.name === name);
  return Object.fromEntries(
    variant?.reproducible?.map((check) => [check.name, check]) ?? [],
  );
}

for (const name of ["docker", "buildah"] as const) {
  const engine = await prepare(name);
  const works = typeof engine !== "string";
  Deno.test({
    name:
      `${name} builds the same image twice, or the report says what differs` +
      (works ? "" : ` (skipped: ${engine})`),
    ignore: !works,
    async fn() {
      if (!works) return;
      const cannotDate = await engine.cannotDate?.(true);
      const here = await Deno.makeTempDir();
      try {
        for (const [file, text] of Object.entries(FILES)) {
          await Deno.writeTextFile(join(here, file), text);
        }
        const { code, report } = await run(here, "--engine", name);
        assertEquals(code, EXIT.checkFailed);
        const dated = checksOf(report, "dated");
        assertEquals(dated.config.status, "pass");
        assertEquals(
          [dated.layers.status, dated.layers.detail === undefined],
          cannotDate === undefined ? ["pass", true] : ["skip", false],
        );
        assertEquals(
          dated.layers.detail?.startsWith(`${cannotDate}: layer `) ??
            true,
          true,
        );
        const { layers } = checksOf(report, "random");
        assertEquals(layers.status, "fail");
        assertMatch(layers.detail ?? "", /^layer \d+ \(RUN cat \/proc/);
        assertStringIncludes(layers.detail ?? "", "/opt/drawn (content");

        if (cannotDate !== undefined) {
          const only = ["--engine", name, "--file", "Dockerfile.dated"];
          assertEquals((await run(here, ...only)).code, EXIT.ok);
        }
        for (const { image } of report.variants) {
          assertEquals(
            await engine.inspect(`${image.reference}-again`),
            undefined,
          );
          await engine.remove(image.reference);
        }
      } finally {
        await Deno.remove(here, { recursive: true });
      }
    },
  });
}
