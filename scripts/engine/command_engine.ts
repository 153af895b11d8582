/**
 * What engines that are a command have in common, and what their builds leave in the
 * stores of buildah and podman: untagged images of steps, and the containers in which
 * they build. @module
 */
import { hash } from "node:crypto";
import { basename, join, resolve } from "node:path";
import { z } from "zod";
import {
  cacheFolder,
  filesIn,
  makeScratch,
  readCache,
  sweepScratch,
  writeCache,
} from "../lib/files.ts";
import { attempt, CommandFailed } from "../lib/command.ts";
import { containerName, isLeftover, isLeftoverTag } from "../lib/owner.ts";
import { pullArgs } from "./command_lines.ts";
import { runDocker } from "./docker_daemon.ts";
import type {
  BuildOptions,
  EngineName,
  ImageInfo,
  Leftovers,
  PullOptions,
} from "./engine.ts";
import { explainBuild, explainPull } from "./explain.ts";
import { sweepProcesses } from "./processes.ts";

interface Listed {
  id: string;
  name: string;
}

export abstract class CommandEngine {
  abstract readonly name: EngineName;
  abstract readonly version: string;
  /** Folder of the containers it builds in; docker's daemon looks after its own. */
  abstract readonly working?: string;

  abstract inspect(image: string): Promise<ImageInfo | undefined>;
  abstract list(): Promise<string[]>;
  /** Ids of its untagged images. */
  protected abstract untagged(): Promise<string[]>;
  /** The containers it builds in, and perhaps others. */
  protected abstract containers(): Promise<Listed[]>;

  /** Gives or takes names, or removes images. */
  protected naming<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }

  readonly #images: Untagged = {
    list: async () =>
      (await this.untagged()).map((id) => id.replace("sha256:", "")),
    remove: async (id) => (await attempt(this.name, ["rmi", id])).code === 0,
  };

  /** Builds, and clears what is not needed any more, however that ends. */
  protected async clearing(
    options: BuildOptions,
    build: (mark: string, steps: StepImages) => Promise<void>,
  ): Promise<void> {
    const { dockerfile, context, tag } = options;
    const mark = containerName();
    const before = tag && (await this.inspect(tag))?.id;
    const steps = new StepImages(this.name, options);
    try {
      await build(mark, steps);
    } catch (error) {
      // It cleans up behind a step that fails, but not when it is told to end.
      await this.#sweepWorking((found) => found === mark, { remove: true });
      await this.naming(() => steps.fail(this.#images));
      if (!(error instanceof CommandFailed)) throw error;
      throw explainBuild(basename(dockerfile), error.output, error, context);
    }
    // An image that lost its tag to a newer one is of no use to anybody.
    await this.naming(() => steps.settle(this.#images, before || undefined));
  }

  async pull(image: string, options: PullOptions = {}): Promise<void> {
    const { platform, signal } = options;
    const version = this.name === "buildah" ? this.version : undefined;
    const args = pullArgs(image, platform, version);
    try {
      // docker's client itself writes nothing.
      await using scratch = this.working ? await makeScratch() : undefined;
      await runDocker(this.name, args, { env: scratch?.env, signal });
    } catch (error) {
      throw explainPull(image, error);
    }
  }

  steps(context: string, options: { remove: boolean }): Promise<number> {
    return this.naming(() =>
      contextSteps(this.name, context, options, this.#images)
    );
  }

  async remove(image: string): Promise<void> {
    await runDocker(this.name, ["rmi", image]);
  }

  async sweep(options: { remove: boolean }): Promise<Leftovers> {
    const process = await sweepProcesses(options);
    const container = await this.sweepContainers(options);
    const image = (await this.list()).filter(isLeftoverTag);
    // A command that a killed run has left may give a name back meanwhile.
    let left = options.remove ? image : [];
    for (let tries = 3; left.length > 0 && tries > 0; tries--) {
      await this.naming(() => attempt(this.name, ["rmi", ...left]));
      left = (await this.list()).filter((name) => image.includes(name));
    }
    const folder = await sweepScratch(options);
    return { process, container, image, folder };
  }

  protected sweepContainers(options: { remove: boolean }): Promise<string[]> {
    return this.#sweepWorking(isLeftover, options);
  }

  async #sweepWorking(
    chosen: (nameOrMark: string) => boolean,
    { remove }: { remove: boolean },
  ): Promise<string[]> {
    const { working } = this;
    if (working === undefined) return [];
    const rm = this.name === "podman" ? ["rm", "--force"] : ["rm"];
    const found: string[] = [];
    for (const { id, name } of await this.containers()) {
      const mark = await markOf(`${working}/${id}`);
      if (!chosen(name) && !(mark && chosen(mark))) continue;
      if (remove && (await attempt(this.name, [...rm, id])).code !== 0) {
        continue;
      }
      found.push(name);
    }
    return found;
  }
}

const keptSchema = z.object({
  context: z.string(),
  steps: z.array(z.string()),
});

/** `--> 1a2b3c4d5e6` or `--> Using cache <id>`: an id or the beginning of it. */
const STEP = /^--> (Using cache )?([0-9a-f]{11,64})$/;

/** Images of the last build's steps are kept, for the next; older ones fill the disk. */
export class StepImages {
  readonly #made: string[] = [];
  readonly #used: string[] = [];
  #last?: Promise<string[]>;
  /** ID of the image that was built, in hex: the last line. */
  built?: string;
  /** Resolves when all so far is on record: a build may end at any time. */
  #recorded: Promise<void> = Promise.resolve();

  constructor(
    readonly engine: string,
    readonly options: BuildOptions,
    readonly folder = stepsFolder(),
  ) {}

  /** To be given each line of the build, which is passed on. */
  readonly onLine = (line: string): void => {
    this.options.onLine?.(line);
    if (/^[0-9a-f]{64}$/.test(line)) this.built = line;
    const [, cached, id] = STEP.exec(line) ?? [];
    // What was taken from the cache is told once more, without saying so.
    if (id === undefined || this.#used.at(-1)?.startsWith(id)) return;
    this.#used.push(id);
    if (cached !== undefined) return;
    this.#made.push(id);
    this.#recorded = this.#recorded.then(async () =>
      this.#record([...await this.#before(), ...this.#used])
    );
  };

  /** Removes what no build needs any more; `before` has lost its name to this one. */
  async settle(images: Untagged, before?: string): Promise<void> {
    await this.#recorded;
    const gone = before === undefined ? [] : [before.replace("sha256:", "")];
    const { discardSteps } = this.options;
    const last = await this.#before();
    const [kept, old] = discardSteps
      ? [last, this.#made]
      : [this.#used, last.filter((id) => !this.#isUsed(id))];
    const { refused } = await removeUntagged(
      [...gone, ...old.toReversed()],
      images,
    );
    // Another Dockerfile's last build may still start from them.
    await this.#record([...old.filter((id) => refused.includes(id)), ...kept]);
  }

  /** What a build that fails has made stays for the next one, and on record. */
  async fail(images: Untagged): Promise<void> {
    if (!this.options.discardSteps) await this.#recorded;
    else await this.settle(images).catch(() => {}); // The build's error counts.
  }

  #isUsed(id: string): boolean {
    return this.#used.some((used) =>
      used.startsWith(id) || id.startsWith(used)
    );
  }

  /** The steps that were on record when this build began. */
  #before(): Promise<string[]> {
    return this.#last ??= readCache(this.#file())
      .then((kept) => keptSchema.safeParse(kept).data?.steps ?? []);
  }

  async #record(steps: string[]): Promise<void> {
    const context = resolve(this.options.context);
    if (steps.length > 0) await writeCache(this.#file(), { context, steps });
    else await Deno.remove(this.#file()).catch(() => {});
  }

  #file(): string {
    const { dockerfile, target, platform, buildArgs } = this.options;
    const build = [resolve(dockerfile), target, platform, buildArgs];
    const key = hash("sha256", JSON.stringify(build));
    return join(this.folder, `${this.engine}-${key}.json`);
  }
}

/** How an engine lists and removes its untagged images, by ids in hex. */
export interface Untagged {
  list(): Promise<string[]>;
  /** Whether it is gone: it stays when another image is built upon it. */
  remove(id: string): Promise<boolean>;
}

/**
 * How many are gone, with those that they alone were built upon, and which stay.
 *
 * @param ids In hex, or the beginning of them; those built upon others first.
 */
async function removeUntagged(
  ids: string[],
  images: Untagged,
): Promise<{ removed: number; refused: string[] }> {
  const refused: string[] = [];
  if (ids.length === 0) return { removed: 0, refused };
  const before = await images.list();
  const isThere = (id: string) => before.some((hex) => hex.startsWith(id));
  for (const id of new Set(ids.filter(isThere))) {
    if (!await images.remove(id)) refused.push(id);
  }
  const after = await images.list();
  const there = refused.filter((id) => after.some((hex) => hex.startsWith(id)));
  return { removed: before.length - after.length, refused: there };
}

/** As {@linkcode Engine.steps}. */
export async function contextSteps(
  engine: string,
  context: string,
  { remove, folder = stepsFolder() }: { remove: boolean; folder?: string },
  images: Untagged,
): Promise<number> {
  const builds: { file: string; steps: string[] }[] = [];
  for (const file of await filesIn(folder)) {
    if (!basename(file).startsWith(`${engine}-`)) continue;
    const kept = keptSchema.safeParse(await readCache(file)).data;
    if (kept?.context === resolve(context)) builds.push({ file, ...kept });
  }
  const ids = builds.flatMap(({ steps }) => steps.toReversed());
  if (!remove) {
    return (await images.list())
      .filter((hex) => ids.some((id) => hex.startsWith(id))).length;
  }
  // What one build starts from, another one's last step may lie upon.
  const { removed, refused } = await removeUntagged(ids, images);
  const again = await removeUntagged(refused, images);
  for (const { file } of builds) await Deno.remove(file);
  return removed + again.removed;
}

function stepsFolder(): string {
  return join(cacheFolder(), "steps");
}

/** The mark that a build was given, in a container's `buildah.json`. */
export function markIn(state: string): string | undefined {
  const options = JSON.parse(state)?.CommonBuildOpts;
  const secret: unknown = options?.Secrets?.[0];
  return options?.CgroupParent ||
    (typeof secret === "string" ? /^id=([^,]*)/.exec(secret)?.[1] : undefined);
}

/** The mark of the build that a container is of; none if that is not ours to read. */
async function markOf(folder: string): Promise<string | undefined> {
  try {
    return markIn(await Deno.readTextFile(`${folder}/userdata/buildah.json`));
  } catch {
    return undefined;
  }
}
