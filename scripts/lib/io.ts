/**
 * Where results and progress go; handed down, so that nothing below the entry
 * reaches for the terminal by itself.
 *
 * @module
 */
import type { Progress } from "./progress.ts";

/** The world as the commands see it. */
export interface Io {
  /** Writes to stdout. */
  print(text: string): void;
  /** Writes a line to stderr. */
  note(line: string): void;
  progress: Progress;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
  /** Width of the terminal; 80 in a pipe. */
  columns: number;
  color: boolean;
}
