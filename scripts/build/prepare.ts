/**
 * What has to be there before the first build: the base images, and packages that
 * a Dockerfile copies from the context. These are installed there, so that whatever
 * mirror, proxy or token this machine uses for npm stays out of the images.
 *
 * @module
 */
import { join, resolve } from "node:path";
import { type Bases, chooseBases } from "../bases/choose_bases.ts";
import { entryCandidates } from "../dockerfile/deno_command.ts";
import type { VariantFile } from "../dockerfile/find_variants.ts";
import {
  argDefaults,
  type Dockerfile,
  parseDockerfile,
  testStages,
} from "../dockerfile/parse_dockerfile.ts";
import type { Engine } from "../engine/engine.ts";
import { explainInstall } from "../engine/explain.ts";
import { setUp } from "../engine/setup.ts";
import { CommandFailed, run } from "../lib/command.ts";
import { isThere } from "../lib/files.ts";
import { type Architecture, HOST } from "../lib/platform.ts";
import type { Io } from "../lib/progress.ts";
import type { BuildConfig } from "./variant_run.ts";

const FOLDERS = ["node_modules", "vendor"];
/** Lock files from which Deno takes versions, into a deno.lock that it writes. */
const LOCKS = ["package-lock.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock"];

/** @throws {UserError} When a package cannot be had, with what fills the folders. */
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
  const hasTests = parsed.some((text) => testStages(text).length > 0);
  const locked = await exists("deno.lock");
  const others = await Promise.all(LOCKS.map(exists));
  const seeded = !locked && others.includes(true);
  const args = [
    "install",
    "--node-modules-dir=manual",
    ...copied.includes("vendor") ? ["--vendor"] : [],
    // A lock file is the service's own: it is used, and never written.
    locked ? "--frozen" : seeded ? "--frozen=false" : "--no-lock",
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
      const go = resolve(context) === Deno.cwd() ? "" : `cd ${context} && `;
      const words = ["deno install --frozen=false --entrypoint", ...entries];
      throw explainInstall(cause, go + words.join(" "));
    } finally {
      const written = join(context, "deno.lock");
      if (seeded) await Deno.remove(written).catch(() => {});
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

function testFiles(dockerfile: Dockerfile): string[] {
  const names = testStages(dockerfile);
  return dockerfile.stages.filter(({ name }) => names.includes(name))
    .flatMap(({ instructions }) => instructions)
    .filter(({ keyword, text }) => keyword === "RUN" && /\btest\b/.test(text))
    .flatMap(({ text }) => text.split(/\s+/))
    .filter((word) => /\.[cm]?[jt]sx?$/.test(word));
}

/** Chooses or assembles the bases of each architecture in turn. */
export async function prepareBases(
  config: BuildConfig,
  files: VariantFile[],
  architectures: Iterable<Architecture>,
  engine: Engine,
  io: Io,
): Promise<Map<Architecture, Bases>> {
  const bases = new Map<Architecture, Bases>();
  for (const architecture of architectures) {
    const found = await basesFor(architecture, config, files, engine, io);
    bases.set(architecture, found);
  }
  return bases;
}

function basesFor(
  architecture: Architecture,
  config: BuildConfig,
  files: VariantFile[],
  engine: Engine,
  io: Io,
): Promise<Bases> {
  const title = architecture === HOST ? "Bases" : `Bases for ${architecture}`;
  return io.progress.step(title, async (say) => {
    const { BUILDER_IMAGE, RUNTIME_IMAGE } = Object.fromEntries(
      config.buildArg,
    );
    const named: Record<string, string> = Object.assign(
      {},
      ...files.map((file) => argDefaults(parseDockerfile(file.text))),
    );
    const bases = await chooseBases({
      wanted: config.bases,
      engine,
      defaults: {
        builder: BUILDER_IMAGE ?? named.BUILDER_IMAGE ?? "",
        runtime: RUNTIME_IMAGE ?? named.RUNTIME_IMAGE ?? "",
      },
      named: BUILDER_IMAGE !== undefined || RUNTIME_IMAGE !== undefined,
      refresh: config.refreshBases,
      ...(architecture === HOST ? {} : { architecture }),
      denoFlags: await standInFlags(config.context),
      setup: config.setup
        ? (packages) => setUp(packages, { onLine: say, signal: io.signal })
        : undefined,
      onLine: say,
      signal: io.signal,
    });
    if (bases.source === "packages" && architecture === HOST) {
      io.note(`Bases: ${bases.reason}`);
      const flags = [
        // OCI's config has no HEALTHCHECK; buildah leaves containers of stages.
        ...engine.name === "docker"
          ? []
          : ["--format docker --layers --force-rm"],
        ...Object.entries(bases.buildArgs)
          .map(([name, value]) => `--build-arg '${name}=${value}'`),
      ];
      io.note(
        `To build by hand: ${engine.name} build ${
          flags.join(" ")
        } ${config.context}`,
      );
    } else say(bases.reason);
    // What the user names goes into the builds, whatever was assembled.
    return {
      ...bases,
      builder: BUILDER_IMAGE ?? bases.builder,
      runtime: RUNTIME_IMAGE ?? bases.runtime,
    };
  });
}

/** Flags for a context that brings its own stand-ins for jsr.io. */
async function standInFlags(context: string): Promise<string | undefined> {
  const map = "offline/import_map.json";
  return await isThere(join(context, map))
    ? `--import-map ${map} --no-lock`
    : undefined;
}
