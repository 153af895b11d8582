/**
 * Takes a program's file out of the page cache. Its pages are charged to whoever
 * reads them first: after another run of the same image a memory limit would
 * not cover them, and look enough when on a fresh machine it is not.
 *
 * @module
 */

/** Reads a line, drops the file's clean pages, says how that went. */
const SCRIPT = `exec 3<"$1" || exit 1
echo held
while read -r _; do
  if dd if=/dev/fd/3 iflag=nocache count=0 2>/dev/null; then echo 0; else echo 1; fi
done`;

/** A file that stays within reach when its container is gone. */
export interface CachedFile extends AsyncDisposable {
  /**
   * Drops its pages that nobody has mapped, on disk and clean.
   *
   * @returns Whether this machine can do that.
   */
  forget(): Promise<boolean>;
}

/**
 * Keeps a file open in a shell of its own, which needs `sh` and GNU `dd`.
 *
 * @param path For example `/proc/<pid>/exe`.
 * @returns `undefined` when it cannot be opened: it takes root for another user's.
 */
export async function holdFile(path: string): Promise<CachedFile | undefined> {
  const child = new Deno.Command("sh", {
    args: ["-c", SCRIPT, "sh", path],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const writer = child.stdin.getWriter();
  const end = async () => {
    await writer.close().catch(() => {});
    await lines.cancel();
    await child.status;
  };
  const { value } = await lines.read();
  if (value?.trim() !== "held") {
    await end();
    return undefined;
  }
  return {
    async forget() {
      await writer.write(new TextEncoder().encode("\n"));
      return (await lines.read()).value?.trim() === "0";
    },
    [Symbol.asyncDispose]: end,
  };
}
