/**
 * Packages that a Dockerfile copies from the context, installed there if they are
 * missing: the build itself then needs no registry, and whatever mirror, proxy
 * or token this machine uses for npm stays out of the images.
 *
 * @module
 */
import { join } from "node:path";
import type { VariantFile } from "../dockerfile/find_variants.ts";
import { entryCandidates } from "../dockerfile/find_entry.ts";
import {
  type Dockerfile,
  parseDockerfile,
  testStages,
} from "../dockerfile/parse_dockerfile.ts";
import { CommandFailed, run } from "../lib/command.ts";
import { EXIT, UserError } from "../lib/errors.ts";
import type { Io } from "../lib/io.ts";
import { isThere } from "../lib/files.ts";

const FOLDERS = ["node_modules", "vendor"];

/**
 * Installs what is missing.
 *
 * @param context The build context.
 * @param files Its Dockerfiles.
 * @throws {UserError} When a package cannot be had; its next step is the one
 * command that fills the folders.
 */
export async function preparePackages(
  context: string,
  files: VariantFile[],
  io: Io,
): Promise<void> {
  const exists = (path: string) => isThere(join(context, path));
  const parsed = files.map(({ text }) => parseDockerfile(text));
  const copied = FOLDERS.filter((name) =>
    parsed.some((dockerfile) => copiedFolders(dockerfile).includes(name))
  );
  const missing: string[] = [];
  for (const name of copied) if (!await exists(name)) missing.push(name);
  if (missing.length === 0) return;
  const entries = new Set<string>();
  for (const dockerfile of parsed) {
    for (const path of entryCandidates(dockerfile)) {
      if (!await exists(path)) continue;
      entries.add(path);
      break;
    }
    for (const path of testFiles(dockerfile)) {
      if (await exists(path)) entries.add(path);
    }
  }
  const hasTests = parsed.some((dockerfile) =>
    testStages(dockerfile).length > 0
  );
  const args = [
    "install",
    "--node-modules-dir=manual",
    ...copied.includes("vendor") ? ["--vendor"] : [],
    // A lock file is the service's own: it is used, and never written.
    await exists("deno.lock") ? "--frozen" : "--no-lock",
    ...hasTests ? [] : ["--prod"],
    ...["--entrypoint", ...entries],
  ];
  await io.progress.step("Packages", async (say) => {
    say(`${missing.join(" and ")} missing: deno install`);
    try {
      await run(Deno.execPath(), args, {
        cwd: context,
        env: { NO_COLOR: "1" },
        onLine: say,
        signal: io.signal,
      });
    } catch (cause) {
      if (!(cause instanceof CommandFailed)) throw cause;
      throw new UserError(
        `Cannot install the packages that the Dockerfiles copy`,
        {
          next: `Run: cd ${context} && deno install`,
          exitCode: EXIT.environment,
          output: cause.output,
          cause,
        },
      );
    }
  });
}

/** Folders of packages that a Dockerfile takes from the context. */
function copiedFolders({ stages }: Dockerfile): string[] {
  return stages.flatMap(({ instructions }) => instructions)
    .filter(({ keyword, flags }) => keyword === "COPY" && !flags.has("from"))
    .flatMap(({ text }) => text.split(/\s+/).slice(0, -1))
    .map((path) => path.replace(/^\.?\//, "").replace(/\/+$/, ""));
}

/** Modules that the stages of tests run. */
function testFiles(dockerfile: Dockerfile): string[] {
  const names = testStages(dockerfile);
  return dockerfile.stages.filter(({ name }) => names.includes(name))
    .flatMap(({ instructions }) => instructions)
    .filter(({ keyword, text }) => keyword === "RUN" && /\btest\b/.test(text))
    .flatMap(({ text }) => text.split(/\s+/))
    .filter((word) => /\.[cm]?[jt]sx?$/.test(word));
}
