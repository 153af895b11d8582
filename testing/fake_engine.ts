/**
 * An engine for tests: its containers are servers in this process. It counts
 * what it has started, so that a test can tell that nothing is left.
 *
 * @module
 */
import type {
  Container,
  Engine,
  RunOptions,
} from "../scripts/engine/engine.ts";

/** What a fake container runs. */
export interface FakeProgram {
  /** Its port; absent: nothing listens. */
  port?: number;
  /** Called for SIGTERM and SIGINT; resolves with the exit code. */
  stop(): Promise<number>;
  /** Frees everything at once. */
  destroy(): void | Promise<void>;
  /** Resolves when it ends by itself. */
  died?: Promise<number>;
  log?: string;
  /** The process that is looked at; absent: the host sees none. */
  pid?: number;
  /** When the engine saw it run; absent: it cannot tell. */
  processStartedAt?(startedAt: number): number;
  /** Exit code of a command that is run in it. */
  exec?(command: string[]): number;
}

/** A fake container around a program. */
export function fakeContainer(
  program: FakeProgram,
  onEnd: () => void = () => {},
): Container {
  const exited = Promise.withResolvers<number>();
  const startedAt = performance.now();
  program.died?.then(exited.resolve);
  exited.promise.then(onEnd);
  return {
    ...program.port === undefined
      ? {}
      : { url: `http://127.0.0.1:${program.port}` },
    startedAt,
    processStartedAt: () =>
      Promise.resolve(program.processStartedAt?.(startedAt)),
    exited: exited.promise,
    pid: () => Promise.resolve(program.pid),
    exec: (command) =>
      Promise.resolve({ code: program.exec?.(command) ?? 127, output: "no" }),
    logs: () => Promise.resolve(program.log ?? ""),
    async kill(signal) {
      if (signal !== "SIGKILL") {
        program.stop().then(exited.resolve);
        return;
      }
      await program.destroy();
      exited.resolve(137);
    },
    async [Symbol.asyncDispose]() {
      await program.destroy();
      exited.resolve(137);
      await exited.promise;
    },
  };
}

/** A fake engine, and how many of its containers run. */
export interface FakeEngine extends Engine {
  /** The options of each run so far. */
  readonly runs: RunOptions[];
  running(): number;
}

/** An engine that starts a program for each run. */
export function fakeEngine(
  start: (options: RunOptions) => FakeProgram,
  cannot: Engine["cannot"] = {},
): FakeEngine {
  const runs: RunOptions[] = [];
  let running = 0;
  const never = () => Promise.reject(new Error("Not in this fake"));
  return {
    name: "docker",
    version: "0",
    cannot,
    runs,
    running: () => running,
    run(options) {
      runs.push(options);
      running++;
      return Promise.resolve(fakeContainer(start(options), () => running--));
    },
    build: never,
    inspect: never,
    pull: never,
    export: () => new ReadableStream(),
    list: never,
    sweep: never,
    steps: never,
    remove: never,
  };
}

/** A program that serves with `Deno.serve` and stops with grace. */
export function serving(
  handler: (request: Request) => Response | Promise<Response>,
): FakeProgram {
  const abort = new AbortController();
  let stopped = false;
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    signal: abort.signal,
    onListen: () => {},
    onError: () => new Response(null, { status: 500 }),
  }, handler);
  return {
    port: server.addr.port,
    async stop() {
      stopped = true;
      await server.shutdown();
      return 0;
    },
    async destroy() {
      // To abort a server that shuts down already is an error nobody can catch.
      if (!stopped) abort.abort();
      await server.finished;
    },
  };
}

/** A program that speaks whatever bytes it is told to. */
export function speaking(
  speak: (connection: Deno.TcpConn) => Promise<void>,
): FakeProgram & { port: number } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.TcpConn>();
  const spoken: Promise<void>[] = [];
  const accepting = (async () => {
    for await (const connection of listener) {
      open.add(connection);
      spoken.push(
        speak(connection).catch(() => {}).finally(() => close(connection)),
      );
    }
  })();
  const close = (connection: Deno.TcpConn) => {
    if (open.delete(connection)) connection.close();
  };
  let destroyed = false;
  return {
    port: listener.addr.port,
    stop: () => Promise.resolve(0),
    async destroy() {
      if (destroyed) return;
      destroyed = true;
      listener.close();
      open.forEach(close);
      await accepting.catch(() => {});
      await Promise.all(spoken);
    },
  };
}
