/**
 * The start of the bare process, without an engine, so that a reader sees what is
 * engine and what is program.
 *
 * @module
 */
import { EXIT, UserError } from "../errors.ts";
import type { Container } from "../model.ts";
import type { Distribution } from "../schema.ts";
import type { Contract } from "./contract_schema.ts";
import { readProcess } from "./read_process.ts";
import { distribution } from "./statistics.ts";
import { waitUntilReady } from "./wait_until_ready.ts";

/** The figures, or why there are none. */
export type ProcessStarts = { startMs: Distribution } | { skipped: string };

/**
 * Copies the program of a running container out through `/proc/<pid>/exe` and
 * starts it on this machine, with the arguments and the environment it had.
 * Libraries and page cache are this machine's.
 *
 * @param container Runs and is ready.
 * @param options `runs` count after one that does not.
 */
export async function measureProcessStarts(
  container: Container,
  contract: Contract,
  options: { runs: number; signal?: AbortSignal },
): Promise<ProcessStarts> {
  const { runs, signal } = options;
  const service = await readProcess(container);
  if (!service) return { skipped: "this machine does not see the process" };
  const folder = await Deno.makeTempDir({ prefix: "process-start-" });
  try {
    const program = `${folder}/program`;
    const proc = `/proc/${service.pid}`;
    const copied = await copyProgram(proc, program);
    if (!copied) {
      return { skipped: "this user may not read the program; root may" };
    }
    const samples: number[] = [];
    for (let run = 0; run <= runs; run++) {
      signal?.throwIfAborted();
      await using process = startProcess(program, copied.args, copied.env);
      const { readyMs } = await waitUntilReady(process, contract, { signal });
      if (run > 0) samples.push(readyMs);
    }
    return { startMs: distribution(samples) };
  } catch (error) {
    // It needs something that only its image has: libraries, other files.
    if (error instanceof UserError && error.exitCode === EXIT.checkFailed) {
      return { skipped: `outside its image: ${error.message}` };
    }
    throw error;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function copyProgram(proc: string, to: string) {
  try {
    await Deno.copyFile(`${proc}/exe`, to);
    await Deno.chmod(to, 0o755);
    const [args, environment] = await Promise.all(
      ["cmdline", "environ"].map(async (name) =>
        (await Deno.readTextFile(`${proc}/${name}`)).split("\0").slice(0, -1)
      ),
    );
    const env = Object.fromEntries(
      environment.map((line): [string, string] => {
        const equals = line.indexOf("=");
        return [line.slice(0, equals), line.slice(equals + 1)];
      }),
    );
    return { args: args.slice(1), env };
  } catch (error) {
    if (
      error instanceof Deno.errors.PermissionDenied ||
      error instanceof Deno.errors.NotCapable ||
      error instanceof Deno.errors.NotFound
    ) return undefined;
    throw error;
  }
}

/** A process of this machine that looks like a container. */
function startProcess(
  program: string,
  args: string[],
  env: Record<string, string>,
): Container {
  const port = freePort();
  const startedAt = performance.now();
  const child = new Deno.Command(program, {
    args,
    env: { ...env, PORT: String(port) },
    clearEnv: true,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const exited = child.status.then(({ code }) => code);
  return {
    url: `http://127.0.0.1:${port}`,
    startedAt,
    exited,
    pid: () => Promise.resolve(child.pid),
    logs: () => Promise.resolve(""),
    kill: (signal) => Promise.resolve(child.kill(signal)),
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended already.
      }
      await exited;
    },
  };
}

/** A port that nobody had a moment ago. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}
