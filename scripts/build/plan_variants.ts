/**
 * Which images a run builds: each Dockerfile for each platform, and once more
 * for each value that `--vary` gives one of its arguments.
 *
 * @module
 */
import { clean } from "./image_tag.ts";
import type { BuildConfig } from "./config.ts";
import type { VariantRun } from "./variant_run.ts";
import { UserError } from "../lib/errors.ts";
import type { VariantFile } from "../dockerfile/find_variants.ts";
import {
  argNames,
  lastStages,
  parseDockerfile,
} from "../dockerfile/parse_dockerfile.ts";
import { architectureOf, HOST } from "../lib/platform.ts";
import { suggest } from "../lib/suggest.ts";

/**
 * Plans a run.
 *
 * @param wanted Platforms, none for this machine's, and what to vary.
 * @returns Images of this machine's architecture first.
 * @throws {UserError} When no Dockerfile has the argument that is to be varied.
 */
export function planVariants(
  files: VariantFile[],
  { platform, vary, buildArg }: Pick<
    BuildConfig,
    "platform" | "vary" | "buildArg"
  >,
): VariantRun[] {
  checkArguments(files, vary, "vary");
  checkArguments(
    files,
    buildArg.filter(([name]) => !PREDEFINED.test(name)),
    "pass",
  );
  const architectures = platform.length === 0
    ? [HOST]
    : platform.map(architectureOf)
      .sort((a, b) => Number(b === HOST) - Number(a === HOST));
  const plans: VariantRun[] = architectures.flatMap((architecture) =>
    files.flatMap((file) => {
      const foreign = architecture !== HOST;
      const suffix = foreign ? `-${architecture}` : "";
      const skip = foreign && staysHere(file.text)
        ? `its last stage is of the build machine's architecture, ${HOST}`
        : undefined;
      const plain: VariantRun = {
        name: file.name + suffix,
        file,
        architecture,
        buildArgs: {},
        varied: false,
        tests: architecture === architectures[0],
        ...skip === undefined ? {} : { skip },
        checks: {},
        figures: {},
        notes: [],
      };
      if (skip !== undefined) return [plain];
      return [
        plain,
        ...vary.filter(([name]) => declares(file.text, name))
          .map(([name, value]) => ({
            ...plain,
            checks: {},
            figures: {},
            notes: [],
            name: `${file.name}-${clean(value)}${suffix}`,
            buildArgs: { [name]: value },
            varied: true,
            tests: false,
          })),
      ];
    })
  );
  for (const { name } of plans) {
    if (plans.filter((plan) => plan.name === name).length > 1) {
      throw new UserError(`Cannot tell variants apart: two are "${name}"`, {
        next: "Rename a Dockerfile, or leave out one of --vary",
      });
    }
  }
  return plans;
}

/** Arguments that builders know without a declaration. */
const PREDEFINED =
  /^(?:(?:https?|ftp|no|all)_proxy|SOURCE_DATE_EPOCH|BUILDKIT_.+|(?:BUILD|TARGET)(?:PLATFORM|OS|ARCH|VARIANT))$/i;

/** Refuses arguments that no Dockerfile declares: they would change nothing. */
function checkArguments(
  files: VariantFile[],
  given: BuildConfig["buildArg"],
  verb: "vary" | "pass",
): void {
  for (const [name] of given) {
    if (files.some(({ text }) => declares(text, name))) continue;
    const known = files.flatMap(({ text }) => argNames(parseDockerfile(text)));
    const meant = suggest(name, known);
    throw new UserError(
      `Cannot ${verb} "${name}": no Dockerfile has this argument`,
      {
        next: meant
          ? `Did you mean ${meant}?`
          : `Declare it in a Dockerfile with ARG ${name}`,
      },
    );
  }
}

function declares(dockerfile: string, argument: string): boolean {
  return argNames(parseDockerfile(dockerfile)).includes(argument);
}

/**
 * Why a Dockerfile cannot be built on the builder from packages, which is of this
 * machine's architecture whatever it compiles for.
 *
 * @returns `undefined` when it can.
 */
export function lacksBuilder(
  { file, architecture }: Pick<VariantRun, "file" | "architecture">,
): string | undefined {
  if (architecture === HOST) return undefined;
  const foreign = parseDockerfile(file.text).stages.some(({ platform, base }) =>
    /\bBUILDER_IMAGE\b/.test(base) && !/\bBUILDPLATFORM\b/.test(platform)
  );
  return foreign
    ? `it takes files from a builder for ${architecture}, and the one from packages is for ${HOST}`
    : undefined;
}

/**
 * The error for plans of which none is built.
 *
 * @param skipped Their names and why.
 */
export function nothingToBuild(
  skipped: Pick<VariantRun, "name" | "skip">[],
): UserError {
  return new UserError(
    `Cannot build any variant: ${
      skipped.map(({ name, skip }) => `${name}: ${skip}`).join("; ")
    }`,
    { next: "Choose other Dockerfiles with --file, or another --platform" },
  );
}

/**
 * Whether a Dockerfile ships what runs on the machine that builds it: its last
 * stage, or the stage that this goes on from, is `--platform=$BUILDPLATFORM`.
 */
export function staysHere(dockerfile: string): boolean {
  const platform = lastStages(parseDockerfile(dockerfile))
    .find((stage) => stage.platform !== "")?.platform ?? "";
  return /\bBUILDPLATFORM\b/.test(platform);
}
