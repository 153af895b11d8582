/**
 * Which engine to use: the first that works, in the order in which people
 * prefer them, or the one that was asked for, installed first if that was asked too.
 *
 * @module
 */
import { CommandNotFound } from "../lib/command.ts";
import { EXIT, UserError } from "../lib/errors.ts";
import type { Io } from "../lib/progress.ts";
import { buildah } from "./buildah.ts";
import { docker } from "./docker.ts";
import { type Engine, type EngineName, ENGINES, Unusable } from "./engine.ts";
import { podman } from "./podman.ts";
import { installCommand, setUp } from "./setup.ts";

type Finders = Record<
  EngineName,
  (signal?: AbortSignal, needs?: string) => Promise<Engine>
>;

const FINDERS: Finders = { docker, podman, buildah };

interface FindOptions {
  engine?: EngineName;
  signal?: AbortSignal;
  /** An instruction that its builder must know, as `FROM --platform=$BUILDPLATFORM`. */
  needs?: string;
  /** Called with why an engine that is installed is passed over. */
  onPassed?: (reason: string) => void;
}

/** @throws {UserError} when no engine works, with each one's reason. */
export async function findEngine(
  options: FindOptions = {},
  finders: Finders = FINDERS,
): Promise<Engine> {
  const names = options.engine ? [options.engine] : ENGINES;
  const reasons: string[] = [];
  let next: string | undefined;
  let passed: string | undefined;
  for (const name of names) {
    try {
      const engine = await finders[name](options.signal, options.needs);
      // Whoever has started a daemon expects that it is used.
      if (passed !== undefined) options.onPassed?.(passed);
      return engine;
    } catch (error) {
      if (error instanceof CommandNotFound) {
        reasons.push(`${name}: not installed`);
        continue;
      }
      if (!(error instanceof Unusable)) throw error;
      const reason = `${name}: ${error.message}`;
      reasons.push(reason);
      if (error.next === undefined) continue;
      next ??= error.next;
      passed ??= reason;
    }
  }
  throw new UserError(
    options.engine
      ? `Cannot use the engine "${options.engine}"`
      : "Cannot find an engine that builds and runs images",
    {
      next: next ?? nextStep(options.engine, reasons),
      exitCode: EXIT.environment,
      output: reasons.join("\n"),
    },
  );
}

function nextStep(engine: EngineName | undefined, reasons: string[]): string {
  const absent = reasons.at(-1)?.endsWith(": not installed") ?? false;
  if (engine === "docker") {
    return absent
      ? "Install docker and start its daemon, or leave out --engine docker"
      : "Start the docker daemon (on most systems: systemctl start docker), or leave out --engine docker";
  }
  const name = engine ?? "buildah";
  if (!absent) {
    return `Correct ${name} as its message above says, or use another engine`;
  }
  const setup = name === "buildah" ? "Run again with --setup, or: " : "Run: ";
  return setup + installCommand([name]);
}

export interface EngineChoice {
  /** In place of the first that works. */
  engine?: EngineName;
  /** Install what is missing with apt. */
  setup: boolean;
}

/** @param options `sweeps`: clear what killed runs may have left in it. */
export function prepareEngine(
  config: EngineChoice,
  io: Io,
  options: { sweeps: boolean; needs?: string },
): Promise<Engine> {
  return io.progress.step("Engine", async (say) => {
    const find = () =>
      findEngine({
        engine: config.engine,
        signal: io.signal,
        needs: options.needs,
        onPassed: (reason) => io.note(`note:  Not ${reason}`),
      });
    const engine = await find().catch(async (error) => {
      const { setup, engine = "buildah" } = config;
      const helps = setup && engine !== "docker" && error instanceof UserError;
      if (!helps) throw error;
      await setUp([engine], { onLine: say, signal: io.signal });
      return await find();
    });
    say(`${engine.name} ${engine.version}`);
    if (options.sweeps) await engine.sweep({ remove: true });
    return engine;
  });
}
