/**
 * The engine that a command works with, installed first if that was asked for.
 *
 * @module
 */
import type { CommonConfig } from "../config.ts";
import { findEngine } from "../engine/find_engine.ts";
import { setUp } from "../engine/setup.ts";
import { sweep } from "../engine/find_engine.ts";
import { UserError } from "../errors.ts";
import type { Io } from "../io.ts";
import type { Engine } from "../model.ts";

/**
 * Finds the engine.
 *
 * @param options `sweeps`: clear what killed runs may have left in it, which
 * only those need to do that run something themselves.
 * @throws {UserError} When there is none, with the command that would change it.
 */
export function prepareEngine(
  config: CommonConfig,
  io: Io,
  options: { sweeps: boolean },
): Promise<Engine> {
  return io.progress.step("Engine", async (say) => {
    const find = () => findEngine({ engine: config.engine, signal: io.signal });
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
    if (options.sweeps) await sweep(engine);
    return engine;
  });
}
