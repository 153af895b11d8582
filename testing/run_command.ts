/**
 * A command of the tool, run in this process: its command line is read as a
 * user's is, and what it prints and says is kept.
 *
 * @module
 */
import { parseCommandLine } from "../scripts/commands/commands.ts";
import type { Io } from "../scripts/lib/progress.ts";

/** What a command has printed, line by line what it has noted, and its code. */
export interface Ran {
  code: number;
  stdout: string;
  notes: string[];
}

/**
 * Runs a command.
 *
 * @throws {UserError} As the command does.
 */
export async function runCommand(...args: string[]): Promise<Ran> {
  const ran: Ran = { code: 0, stdout: "", notes: [] };
  const note = (line: string) => void ran.notes.push(line);
  const io: Io = {
    print: (text) => ran.stdout += text,
    note,
    progress: { step: (_title, work) => work(() => {}), note },
    signal: new AbortController().signal,
    columns: 80,
    color: false,
  };
  const parsed = await parseCommandLine(args);
  if ("text" in parsed) return { ...ran, stdout: parsed.text };
  ran.code = await parsed.module.run(parsed.options, io);
  return ran;
}
