/**
 * The engine that a command works with, installed first if that was asked for.
 *
 * @module
 */
import { findEngine } from "./find_engine.ts";
import { setUp } from "./setup.ts";
import { UserError } from "../lib/errors.ts";
import type { Io } from "../lib/io.ts";
import type { Engine, EngineName } from "./engine.ts";

/** How an engine is chosen on the command line. */
export interface EngineChoice {
  /** In place of the first that works. */
  engine?: EngineName;
  /** Install what is missing with apt. */
  setup: boolean;
}

/**
 * Finds the engine.
 *
 * @param options `sweeps`: clear what killed runs may have left in it, which
 * only those need to do that run something themselves. `needs`: an instruction
 * that its builder must know.
 * @throws {UserError} When there is none, with the command that would change it.
 */
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
    let engine: Engine;
    try {
      engine = await find();
    } catch (error) {
      if (
        !config.setup || !(error instanceof UserError) ||
        config.engine === "docker"
      ) throw error;
      await setUp([config.engine ?? "buildah"], {
        onLine: say,
        signal: io.signal,
      });
      engine = await find();
    }
    say(`${engine.name} ${engine.version}`);
    if (options.sweeps) await engine.sweep();
    return engine;
  });
}
