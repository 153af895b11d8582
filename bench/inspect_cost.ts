/**
 * What `deno task image inspect` takes on an image, as a user runs it.
 *
 * @module
 */
import { type Cost, runProcess } from "./run_process.ts";

const ROOT = new URL("..", import.meta.url);

/** The words of `deno task image`, whose flags for V8 keep memory low. */
function taskWords(): string[] {
  const text = Deno.readTextFileSync(new URL("deno.json", ROOT));
  const [, ...words] = JSON.parse(text).tasks.image.command.split(" ");
  return words;
}

const TASK = taskWords();

/** Where Deno keeps modules, which must not move with our own cache. */
async function denoDir(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json"],
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}

const DENO_DIR = await denoDir();

/**
 * Inspects an image.
 *
 * @param image A name or a path.
 * @param cache Folder in which images that were read are kept.
 */
export function inspect(image: string, cache: string): Promise<Cost> {
  return runProcess(Deno.execPath(), [...TASK, "inspect", image], {
    XDG_CACHE_HOME: cache,
    DENO_DIR,
  });
}
