/**
 * What builds leave in buildah's and podman's stores: untagged images of steps, and
 * the containers in which they build.
 *
 * @module
 */
import { hash } from "node:crypto";
import { basename, join, resolve } from "node:path";
import { z } from "zod";
import { cacheFolder, readCache, writeCache } from "../lib/cache.ts";
import { attempt } from "../lib/command.ts";
import { filesIn } from "../lib/files.ts";
import type { BuildOptions } from "./engine.ts";

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
  const builds = await keptSteps(engine, context, folder);
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

async function keptSteps(engine: string, context: string, folder: string) {
  const found: { file: string; steps: string[] }[] = [];
  for (const file of await filesIn(folder)) {
    if (!basename(file).startsWith(`${engine}-`)) continue;
    const kept = keptSchema.safeParse(await readCache(file)).data;
    if (kept?.context === resolve(context)) {
      found.push({ file, steps: kept.steps });
    }
  }
  return found;
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

/**
 * Finds the containers of builds that were told to end, by their name or mark, and
 * removes them if told how.
 *
 * @param store The folder of a folder for each, and the command before an id.
 */
export async function sweepWorking(
  listed: { id: string; name: string }[],
  store: { folder: string; remove?: [command: string, ...args: string[]] },
  chosen: (nameOrMark: string) => boolean,
): Promise<string[]> {
  const found: string[] = [];
  for (const { id, name } of listed) {
    const mark = await readMark(`${store.folder}/${id}/userdata/buildah.json`);
    if (!chosen(name) && !(mark && chosen(mark))) continue;
    const [command, ...args] = store.remove ?? [];
    const isFound = command === undefined ||
      (await attempt(command, [...args, id])).code === 0;
    if (isFound) found.push(name);
  }
  return found;
}

async function readMark(path: string): Promise<string | undefined> {
  try {
    return markIn(await Deno.readTextFile(path));
  } catch {
    return undefined; // No build's, or not ours to read: it is left alone.
  }
}
