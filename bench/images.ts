/**
 * Images for benchmarks: measured by the tool itself, and run on Docker.
 *
 * @module
 */
import { join } from "node:path";
import { freePort } from "../scripts/engine/free_port.ts";
import { parseReport } from "../scripts/report/write_reports.ts";
import type { Report } from "../scripts/report/report_schema.ts";
import { cleanup, output } from "./commands.ts";

const ROOT = new URL("..", import.meta.url).pathname;

/** Runs the tool; checks that fail (how a peer stops, say) fail no benchmark. */
export async function measure(
  context: string,
  out: string,
  args: string[],
): Promise<Report> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", join(ROOT, "scripts/image.ts"), "--engine", "docker"],
      ...["--context", context, "--out", out, ...args],
    ],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (code > 1) throw new Error(new TextDecoder().decode(stderr).slice(-2000));
  const file = join(out, "report.json");
  return parseReport(await Deno.readTextFile(file), file);
}

/** A container that answers. */
export interface Running extends AsyncDisposable {
  url: string;
  pid: number;
}

/** Starts an image on the host's network, on core 0. */
export async function start(image: string): Promise<Running> {
  const port = freePort();
  // deno-fmt-ignore
  const id = (await output([
    "docker", "run", "--detach", "--network", "host", "--cpuset-cpus", "0",
    "--env", `PORT=${port}`, "--env", "GOMAXPROCS=1", image,
  ])).trim();
  let gone = false;
  const stop = async () => {
    if (gone) return;
    gone = true;
    await new Deno.Command("docker", {
      args: ["rm", "--force", id],
      stdout: "null",
    }).output();
  };
  cleanup.defer(stop);
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < 200; tries++) {
    const ok = await fetch(`${url}/health`)
      .then(async (response) => (await response.text(), response.ok))
      .catch(() => false);
    if (ok) {
      const format = "{{.State.Pid}}";
      const pid = Number(
        await output(["docker", "inspect", "--format", format, id]),
      );
      return { url, pid, [Symbol.asyncDispose]: stop };
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${image} does not answer`);
}

/** Proportional memory of a process, in bytes. */
export async function proportional(pid: number): Promise<number> {
  const text = await Deno.readTextFile(`/proc/${pid}/smaps_rollup`);
  return Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1]) * 1024;
}

/** The table, in Markdown. */
export function table(rows: (string | undefined)[][]): string {
  const cells = rows.map((row) => row.map((cell) => cell ?? "–"));
  const widths = cells[0].map((_, column) =>
    Math.max(...cells.map((row) => row[column].length))
  );
  const line = (row: string[]) =>
    `| ${
      row.map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])
      ).join(" | ")
    } |`;
  const rule = widths.map((width, column) =>
    column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`
  );
  const [head, ...body] = cells;
  return [line(head), `| ${rule.join(" | ")} |`, ...body.map(line)].join("\n");
}
