/**
 * The order of the steps from a build context to reports. All that is given is read
 * first, so that a slip costs no build. A variant that fails keeps the others'
 * results; the exit code tells.
 *
 * @module
 */
import { join, resolve } from "node:path";
import { type Bases, chooseBases } from "../bases/choose_bases.ts";
import {
  budgetSchema,
  checkBudget,
  explainGrowth,
  holdBudget,
} from "../budget/budget.ts";
import {
  type Contract,
  contractSchema,
  defaultContract,
} from "../check/contract_schema.ts";
import { surroundings } from "../check/run_service.ts";
import { MODULE } from "../dockerfile/deno_command.ts";
import {
  findVariants,
  type VariantFile,
  variantNames,
} from "../dockerfile/find_variants.ts";
import {
  argDefaults,
  type Dockerfile,
  needsBuildKit,
  testStages,
} from "../dockerfile/parse_dockerfile.ts";
import { explainInstall } from "../engine/explain.ts";
import { prepareEngine } from "../engine/find_engine.ts";
import { setUp } from "../engine/setup.ts";
import { CommandFailed, run } from "../lib/command.ts";
import { EXIT, UserError } from "../lib/errors.ts";
import { isThere } from "../lib/files.ts";
import { pageAddress, schemaAddress } from "../lib/own_file.ts";
import { parseJson, readText } from "../lib/parse_json.ts";
import { type Architecture, HOST } from "../lib/platform.ts";
import type { Io } from "../lib/progress.ts";
import {
  isSecretVariable,
  maskValues,
  secretValues,
} from "../lib/secret_text.ts";
import { markdown } from "../report/markdown.ts";
import { holds } from "../report/problems.ts";
import type { Report } from "../report/report_schema.ts";
import {
  cannotWrite,
  checkReports,
  checkWritable,
  json,
  junit,
  parseReport,
  printReport,
  writeFile,
  writeReports,
} from "../report/write_reports.ts";
import { nextDeploys, reproduce } from "./build_again.ts";
import {
  type BuildConfig,
  buildVariants,
  findEntry,
  note,
  nothingToBuild,
  planVariants,
  type RunContext,
  type VariantRun,
} from "./build_variants.ts";
import { runVariants } from "./run_variants.ts";

/** What a quick run leaves out. */
const QUICK =
  "quick: only the contract and the answers; whether it goes on running, restrictions, stop, start, memory and next deploy were left out";

/** What a service without a contract is told. */
const NONE = `no contract.json: GET / was asked, and any status is right; see ${
  pageAddress("your-service.md")
}`;

/** @returns The exit code. */
export async function build(config: BuildConfig, io: Io): Promise<number> {
  const { runs, baseline, contract, budget, earlier } = await readGiven(config);
  const planned = runs.filter(({ skip }) => skip === undefined);
  const files = [...new Set(runs.map(({ file }) => file))];
  const [needs] = planned.flatMap(({ file }) => needsBuildKit(file) ?? []);
  const engine = await prepareEngine(config, io, { sweeps: true, needs });
  const architectures = new Set(planned.map((run) => run.architecture));
  const bases = await prepareBases(architectures, files, {
    config,
    engine,
    io,
  });
  const [[, first]] = bases;
  await preparePackages(config.context, files, io);
  await using cleanup = new AsyncDisposableStack();
  const context: RunContext = {
    config,
    engine,
    bases,
    io,
    cleanup,
    given: config.tag === undefined
      ? undefined
      : { name: config.tag, several: planned.length > 1 },
    cannotDate: config.reproducible
      ? await engine.cannotDate?.(first.source === "packages")
      : undefined,
  };

  const built = await buildVariants(runs, context);
  if (contract === undefined) built.forEach((run) => note(run, NONE));
  await runVariants(built, contract ?? defaultContract(), baseline, context);
  const starts = built.filter(({ variant }) =>
    variant.contract?.some(({ status }) => status !== "fail")
  );
  if (config.quick) built.forEach((run) => note(run, QUICK));
  else await nextDeploys(starts, context);
  if (config.reproducible) await reproduce(built, context);

  const variables = [
    ...Object.entries(contract?.env ?? {}).map((pair) => pair.join("=")),
    ...built.flatMap(({ image }) => image.config.env),
  ];
  const { source, builder, runtime, system, deno } = first;
  const report: Report = maskValues({
    schemaVersion: 1,
    createdAt: new Date().toISOString(),
    engine: { name: engine.name, version: engine.version },
    // Unless the Dockerfiles leave none open.
    ...builder + runtime !== "" &&
      { bases: { source, builder, runtime, system, deno } },
    baseline,
    ...(contract?.env ?? contract?.writable) &&
      { surroundings: shownSurroundings(contract!) },
    variants: built.map(({ architecture, variant }) => {
      const own = bases.get(architecture)!;
      return own.builder === builder && own.runtime === runtime
        ? variant
        : { ...variant, bases: { builder: own.builder, runtime: own.runtime } };
    }),
    ...notBuilt(runs),
    budgets: [],
  }, secretValues(variables));
  report.budgets = holdBudget(report, budget, earlier);
  if (earlier !== undefined) report.growth = explainGrowth(report, earlier);
  await publish(report, config, io);
  return holds(report) ? EXIT.ok : EXIT.checkFailed;
}

/** @throws {UserError} For whatever cannot be used, or written in the end. */
async function readGiven(config: BuildConfig) {
  const files = await findVariants(config.context, config.file);
  const runs = planVariants(files, config);
  const names = runs.filter(({ skip }) => skip === undefined)
    .map(({ name }) => name);
  if (names.length === 0) throw nothingToBuild(runs);
  const baseline = chooseBaseline(names, config.against);
  const contract = await readOptional(config, "contract", contractSchema);
  const budget = await readOptional(config, "budget", budgetSchema) ?? {};
  const known = [
    ...runs.map(({ name }) => name),
    ...await variantNames(config.context),
  ];
  checkBudget(budget, [...new Set(known)]);
  const earlier = config.baseline === undefined
    ? undefined
    : parseReport(await readText(config.baseline), config.baseline);
  await checkReports(config.out);
  for (const file of [config.writeBaseline, config.junit]) {
    if (file !== undefined) await checkWritable(file);
  }
  return { runs, baseline, contract, budget, earlier };
}

function chooseBaseline(names: string[], wanted: string | undefined): string {
  if (wanted === undefined) {
    return names.includes("single-stage") ? "single-stage" : names[0];
  }
  if (names.includes(wanted)) return wanted;
  throw new UserError(
    `Cannot compare with "${wanted}": there is no such variant`,
    { next: `Choose one of ${names.join(", ")} with --against` },
  );
}

/** The file that was named, or the context's own if it has one. */
async function readOptional<T extends Parameters<typeof parseJson>[2]>(
  config: BuildConfig,
  what: "contract" | "budget",
  schema: T,
) {
  const file = config[what] ?? join(config.context, `${what}.json`);
  // A link to nothing is a slip.
  const isThere = () => Deno.lstat(file).then(() => true, () => false);
  if (config[what] === undefined && !await isThere()) return undefined;
  const address = schemaAddress(what);
  const next =
    `Fix the file; "$schema": "${address}" in it lets an editor check it while you type`;
  return parseJson(await readText(file), file, schema, { next });
}

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
  const copied = FOLDERS.filter((name) =>
    files.some((file) => copiedFolders(file).includes(name))
  );
  const missing: string[] = [];
  for (const name of copied) if (!await exists(name)) missing.push(name);
  if (missing.length === 0) return;
  const entries = new Set<string>();
  for (const file of files) {
    const entry = await findEntry(context, file);
    if (entry !== undefined) entries.add(entry);
    for (const path of testFiles(file)) {
      if (await exists(path)) entries.add(path);
    }
  }
  const hasTests = files.some((file) => testStages(file).length > 0);
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
    .filter((word) => MODULE.test(word));
}

/** Chooses or assembles the bases of each architecture in turn. */
async function prepareBases(
  architectures: Iterable<Architecture>,
  files: VariantFile[],
  { config, engine, io }: Pick<RunContext, "config" | "engine" | "io">,
): Promise<Map<Architecture, Bases>> {
  const { BUILDER_IMAGE, RUNTIME_IMAGE } = Object.fromEntries(config.buildArg);
  const named: Record<string, string> = Object.assign(
    {},
    ...files.map(argDefaults),
  );
  // A context that brings its own stand-ins for jsr.io.
  const standIns = "offline/import_map.json";
  const denoFlags = await isThere(join(config.context, standIns))
    ? `--import-map ${standIns} --no-lock`
    : undefined;
  const all = new Map<Architecture, Bases>();
  for (const architecture of architectures) {
    const isOwn = architecture === HOST;
    const title = isOwn ? "Bases" : `Bases for ${architecture}`;
    await io.progress.step(title, async (say) => {
      const options = { onLine: say, signal: io.signal };
      const setup = (packages: string[]) => setUp(packages, options);
      const bases = await chooseBases({
        ...options,
        wanted: config.bases,
        engine,
        defaults: {
          builder: BUILDER_IMAGE ?? named.BUILDER_IMAGE ?? "",
          runtime: RUNTIME_IMAGE ?? named.RUNTIME_IMAGE ?? "",
        },
        named: BUILDER_IMAGE !== undefined || RUNTIME_IMAGE !== undefined,
        refresh: config.refreshBases,
        denoFlags,
        architecture: isOwn ? undefined : architecture,
        setup: config.setup ? setup : undefined,
      });
      if (bases.source === "packages" && isOwn) {
        io.note(`Bases: ${bases.reason}`);
        // OCI's config has no HEALTHCHECK; buildah leaves containers of stages.
        const flags = engine.name === "docker"
          ? ""
          : "--format docker --layers --force-rm ";
        const args = Object.entries(bases.buildArgs)
          .map(([name, value]) => `--build-arg '${name}=${value}' `).join("");
        io.note(
          `To build by hand: ${engine.name} build ${flags}${args}${config.context}`,
        );
      } else say(bases.reason);
      // What the user names goes into the builds, whatever was assembled.
      all.set(architecture, {
        ...bases,
        builder: BUILDER_IMAGE ?? bases.builder,
        runtime: RUNTIME_IMAGE ?? bases.runtime,
      });
    });
  }
  return all;
}

/** Without the values of secrets, as a report may be shown to anyone. */
function shownSurroundings(contract: Contract) {
  const { env, ...others } = surroundings(contract);
  const shown = Object.entries(env ?? {}).map(([name, value]) =>
    isSecretVariable(`${name}=${value}`) ? [name, "…"] : [name, value]
  );
  return { ...others, ...env && { env: Object.fromEntries(shown) } };
}

function notBuilt(runs: VariantRun[]): Pick<Report, "failures" | "skipped"> {
  const skipped = runs.flatMap(({ name, file: { dockerfile }, skip }) =>
    skip === undefined ? [] : [{ name, dockerfile, reason: skip }]
  );
  const failures = runs.flatMap(({ name, file: { dockerfile }, failure }) => {
    if (failure === undefined) return [];
    const { message, output, next } = failure;
    return [{ name, dockerfile, message, output, next }];
  });
  return { failures, ...skipped.length > 0 && { skipped } };
}

async function publish(
  report: Report,
  config: BuildConfig,
  io: Io,
): Promise<void> {
  await writeReports(report, config.out);
  if (config.writeBaseline !== undefined) {
    await writeFile(config.writeBaseline, json(report));
  }
  if (config.junit !== undefined) await writeFile(config.junit, junit(report));
  const summary = Deno.env.get("GITHUB_STEP_SUMMARY");
  if (summary) {
    try {
      await Deno.writeTextFile(summary, markdown(report), { append: true });
    } catch (error) {
      throw cannotWrite(summary, error);
    }
  }
  printReport(report, config, io);
}
