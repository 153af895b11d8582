/**
 * The base images that the variants of a build stand on.
 *
 * @module
 */
import { join } from "node:path";
import {
  argDefaults,
  parseDockerfile,
} from "../dockerfile/parse_dockerfile.ts";
import { type Bases, chooseBases } from "../bases/choose_bases.ts";
import type { BuildConfig } from "./config.ts";
import { setUp } from "../engine/setup.ts";
import { UserError } from "../lib/errors.ts";
import type { VariantFile } from "../dockerfile/find_variants.ts";
import type { Io } from "../lib/io.ts";
import type { Engine } from "../engine/engine.ts";
import { type Architecture, HOST } from "../lib/platform.ts";

/**
 * Chooses or assembles the bases, by what the Dockerfiles name by default.
 *
 * @returns Them, for each architecture in turn.
 */
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
    const named: Record<string, string> = Object.assign(
      {},
      ...files.map((file) => argDefaults(parseDockerfile(file.text))),
    );
    const { BUILDER_IMAGE, RUNTIME_IMAGE } = Object.fromEntries(
      config.buildArg,
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
      setup: async (packages) => {
        if (!config.setup) {
          throw new UserError(
            `Cannot assemble the bases without ${packages.join(" and ")}`,
            {
              next: `apt-get install ${
                packages.join(" ")
              }, or the same command with --setup`,
            },
          );
        }
        await setUp(packages, { onLine: say, signal: io.signal });
      },
      onLine: say,
      signal: io.signal,
    });
    if (bases.source === "packages" && architecture === HOST) {
      io.note(`Bases: ${bases.reason}`);
      io.note(`To build by hand: ${engine.name} build ${asFlags(bases)} .`);
    } else say(bases.reason);
    // What the user names goes into the builds, whatever was assembled.
    return {
      ...bases,
      builder: BUILDER_IMAGE ?? bases.builder,
      runtime: RUNTIME_IMAGE ?? bases.runtime,
    };
  });
}

/** The arguments of a build by hand, as a shell takes them. */
function asFlags({ buildArgs }: Bases): string {
  return Object.entries(buildArgs)
    .map(([name, value]) => `--build-arg '${name}=${value}'`).join(" ");
}

/** Flags for a context that brings its own stand-ins for jsr.io. */
async function standInFlags(context: string): Promise<string | undefined> {
  const map = "offline/import_map.json";
  const there = await Deno.stat(join(context, map)).then(
    () => true,
    () => false,
  );
  return there ? `--import-map ${map} --no-lock` : undefined;
}
