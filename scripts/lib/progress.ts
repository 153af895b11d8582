/**
 * What a long run tells while it goes on: a live list on a terminal, plain lines
 * in a pipe. Always on stderr, so that results on stdout stay clean.
 *
 * @module
 */
import process from "node:process";
import { Listr, ListrLogger, PRESET_TIMER, ProcessOutput } from "listr2";
import { formatDuration, printable } from "./format.ts";

/** Receives a line that says what is going on within a step. */
export type Say = (line: string) => void;

/** Carries out steps and shows how they go. */
export interface Progress {
  /**
   * Carries out one step.
   *
   * @param title What is done, such as `Build scratch`.
   * @param work Does it; what it says is shown beneath the title.
   * @returns What `work` returns; what it throws is thrown on.
   */
  step<T>(title: string, work: (say: Say) => Promise<T>): Promise<T>;
}

/**
 * The progress that suits where stderr goes.
 *
 * @param terminal Whether stderr is a terminal that can be redrawn.
 */
export function createProgress(terminal: boolean): Progress {
  return terminal ? live() : plain((line) => console.error(line));
}

/** Redraws a list in place. */
function live(): Progress {
  const logger = new ListrLogger({
    processOutput: new ProcessOutput(process.stderr, process.stderr),
  });
  return {
    async step(title, work) {
      // An array, since the result of the task is set from within a callback.
      const result: Awaited<ReturnType<typeof work>>[] = [];
      const list = new Listr([{
        title,
        task: async (_context, task) => {
          result.push(await work((line) => task.output = printable(line)));
        },
        rendererOptions: {
          outputBar: 1,
          timer: { ...PRESET_TIMER, field: formatDuration },
        },
      }], {
        registerSignalListeners: false,
        concurrent: false,
        rendererOptions: {
          logger,
          collapseErrors: false,
          showErrorMessage: false,
        },
      });
      await list.run();
      return result[0];
    },
  };
}

/**
 * Writes a line when a step begins and one when it ends.
 *
 * @param write Receives each line.
 */
export function plain(write: (line: string) => void): Progress {
  return {
    async step(title, work) {
      const start = performance.now();
      write(`${title} ...`);
      try {
        const result = await work((line) => write(`  ${printable(line)}`));
        write(`${title}: ${formatDuration(performance.now() - start)}`);
        return result;
      } catch (error) {
        write(
          `${title}: failed after ${formatDuration(performance.now() - start)}`,
        );
        throw error;
      }
    },
  };
}
