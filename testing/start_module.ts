/**
 * A service in a process of its own: Deno runs it from its text, with a module
 * that is loaded first.
 *
 * @module
 */

/** A service that runs; disposing of it kills it. */
export interface Started extends AsyncDisposable {
  url: string;
  child: Deno.ChildProcess;
}

/**
 * Starts a service and waits until it takes connections.
 *
 * @param source Its text.
 * @param preload Path of the module that is loaded first.
 */
export async function startModule(
  source: string,
  preload: string,
): Promise<Started> {
  const folder = await Deno.makeTempDir();
  const entry = `${folder}/main.ts`;
  await Deno.writeTextFile(entry, source);
  const port = freePort();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-config", "--quiet", "--preload", preload, entry],
    env: { PORT: String(port) },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const ended = child.status.then(() => true);
  for (;;) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      break;
    } catch {
      const wait = new Promise((resolve) => setTimeout(resolve, 20));
      if (await Promise.race([ended, wait])) throw new Error("It has ended");
    }
  }
  return {
    url: `http://127.0.0.1:${port}/`,
    child,
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended already.
      }
      await child.status;
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** A port that nothing listens on. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}
