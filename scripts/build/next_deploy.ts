/**
 * The next deploy: changes one line of the service in a scratch copy of the
 * context, builds again, and says which layers are new. Those are what every
 * machine pulls again.
 *
 * @module
 */
import { EXIT, explainFiles, UserError } from "../lib/errors.ts";
import type { Engine } from "../engine/engine.ts";
import { makeScratch, removeScratch } from "../lib/scratch_folder.ts";
import { copyContext } from "./copy_context.ts";
import { entryCandidates } from "../dockerfile/find_entry.ts";
import { parseDockerfile } from "../dockerfile/parse_dockerfile.ts";

/** What a next deploy is measured with. */
export interface NextDeployOptions {
  engine: Pick<Engine, "inspect" | "remove">;
  /** The build context; it is not touched. */
  context: string;
  /** Path of the Dockerfile, inside the context. */
  dockerfile: string;
  /** Diff IDs of the image that is out there. */
  diffIds: readonly string[];
  /** Tag for the new image; it is removed at the end. */
  tag: string;
  /** Builds a context as the first image was built: same arguments, same bases. */
  build(options: {
    context: string;
    dockerfile: string;
    tag: string;
    signal?: AbortSignal;
  }): Promise<void>;
  signal?: AbortSignal;
}

/** The image of the next deploy; disposing of it removes it. */
export interface NextDeploy extends AsyncDisposable {
  tag: string;
  /** Diff IDs that the image before does not have, lowest layer first. */
  newDiffIds: string[];
  /** The module that was changed, relative to the context. */
  entry: string;
}

/**
 * A statement that no bundler may drop, that is valid in any module, and that
 * is always the same: the engine's cache makes the second measurement quick.
 */
const CHANGE =
  '\nObject.defineProperty(globalThis, "nextDeploy", { value: 1 });\n';

/**
 * Builds the next deploy.
 *
 * @returns The image, to be disposed of once its new layers have been read.
 * @throws {UserError} When no module to change is found, or the build fails.
 */
export async function nextDeploy(
  options: NextDeployOptions,
): Promise<NextDeploy> {
  const { engine, context, tag, build, signal } = options;
  const dockerfile = relativeTo(context, options.dockerfile);
  const entry = await findEntry(context, dockerfile);
  const remove = async () => {
    if (await engine.inspect(tag)) await engine.remove(tag);
  };
  let scratch: string | undefined;
  try {
    scratch = await makeScratch();
    await copyContext(context, scratch, dockerfile, signal);
    await Deno.writeTextFile(`${scratch}/${entry}`, CHANGE, { append: true });
    await build({
      context: scratch,
      dockerfile: `${scratch}/${dockerfile}`,
      tag,
      ...signal ? { signal } : {},
    });
    const info = await engine.inspect(tag);
    if (!info) throw new Error(`The build left no image "${tag}"`);
    const before = new Set(options.diffIds);
    const newDiffIds = [...new Set(info.diffIds)].filter((id) =>
      !before.has(id)
    );
    return { tag, newDiffIds, entry, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    const next = "Set TMPDIR to a folder with room for a copy of the context";
    const message = "Cannot copy the context";
    throw explainFiles(message, error, { full: next, readOnly: next }) ?? error;
  } finally {
    if (scratch !== undefined) await removeScratch(scratch);
  }
}

function relativeTo(context: string, path: string): string {
  const [folder, file] = [context, path].map((path) =>
    Deno.realPathSync(path).replace(/\/$/, "")
  );
  if (!file.startsWith(`${folder}/`)) {
    throw new UserError(
      `Cannot find the next deploy of "${path}": it is outside its context`,
      { next: "Keep the Dockerfile in the folder given with --context" },
    );
  }
  return file.slice(folder.length + 1);
}

async function findEntry(context: string, dockerfile: string): Promise<string> {
  const text = await Deno.readTextFile(`${context}/${dockerfile}`);
  for (const candidate of entryCandidates(parseDockerfile(text))) {
    try {
      if ((await Deno.stat(`${context}/${candidate}`)).isFile) return candidate;
    } catch (error) {
      if (
        !(error instanceof Deno.errors.NotFound ||
          error instanceof Deno.errors.NotADirectory)
      ) throw error;
    }
  }
  throw new UserError(`Cannot tell which module "${dockerfile}" compiles`, {
    next:
      "Name it in the Dockerfile as the last word of deno compile or deno run",
    exitCode: EXIT.checkFailed,
  });
}
