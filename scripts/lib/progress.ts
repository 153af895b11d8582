/** What a long run tells on stderr while it goes on; stdout stays clean. @module */
import { formatDuration, printable } from "./format.ts";

/** Carries out steps and shows how they go; several may be under way at once. */
interface Progress {
  /** What `work` says is shown while it lasts. */
  step<T>(
    title: string,
    work: (say: (line: string) => void) => Promise<T>,
  ): Promise<T>;
  note(line: string): void;
}

interface ProgressTarget {
  write(text: string): void;
  /** Width of a terminal that can be redrawn; absent for a pipe. */
  columns?: number;
  verbose: boolean;
}

/** Milliseconds between two pictures of a step's progress. */
const FRAME_MS = 100;
const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/** Redrawn in place on a terminal, a line for each step elsewhere. */
export function createProgress(target: ProgressTarget): Progress {
  return target.columns && !target.verbose
    ? live(target.write, target.columns)
    : plain(target.write, target.verbose);
}

/** Redraws the steps that are under way; one that has ended leaves a line. */
function live(write: (text: string) => void, columns: number): Progress {
  const steps = new Set<{ title: string; started: number; line: string }>();
  let drawn = 0;
  let frame = 0;
  let timer: ReturnType<typeof setInterval> | undefined;
  /** Writes lines that stay, and the steps below them. */
  const draw = (...staying: string[]) => {
    // From the first column: a key that was typed may have moved the cursor.
    const erase = drawn > 0 ? `\r\x1b[${drawn}A\x1b[J` : "";
    const going = [...steps].flatMap(({ title, started, line }) => {
      const took = formatDuration(performance.now() - started);
      const lines = [`${FRAMES[frame]} ${title}  ${took}`];
      if (line !== "") lines.push(`  › ${line}`);
      return lines.map((text) => text.slice(0, columns - 1));
    });
    drawn = going.length;
    write(erase + [...staying, ...going].map((each) => `${each}\n`).join(""));
  };
  return {
    async step(title, work) {
      const step = { title, started: performance.now(), line: "" };
      steps.add(step);
      timer ??= setInterval(() => {
        frame = (frame + 1) % FRAMES.length;
        draw();
      }, FRAME_MS);
      let mark = "✖";
      try {
        const result = await work((line) => step.line = printable(line));
        mark = "✔";
        return result;
      } finally {
        steps.delete(step);
        if (steps.size === 0) {
          clearInterval(timer);
          timer = undefined;
        }
        const took = formatDuration(performance.now() - step.started);
        draw(`${mark} ${title}  ${took}`);
      }
    },
    note: draw,
  };
}

/** Writes a line when a step has ended; when verbose, all that it says too. */
function plain(write: (text: string) => void, verbose: boolean): Progress {
  const note = (line: string) => write(`${line}\n`);
  return {
    async step(title, work) {
      const start = performance.now();
      const took = () => formatDuration(performance.now() - start);
      if (verbose) note(`${title} ...`);
      try {
        const result = await work((line) => {
          if (verbose) note(`  ${printable(line)}`);
        });
        note(`${title}: ${took()}`);
        return result;
      } catch (error) {
        note(`${title}: failed after ${took()}`);
        throw error;
      }
    },
    note,
  };
}

/** The world as the commands see it: nothing below reaches for the terminal. */
export interface Io {
  print(text: string): void;
  note(line: string): void;
  progress: Progress;
  signal: AbortSignal;
  /** Width of the terminal; 80 in a pipe. */
  columns: number;
  color: boolean;
}
