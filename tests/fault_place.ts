/**
 * A place in which a fault is injected: a context, a folder for reports, a
 * `TMPDIR` and a cache of its own, and the command line run there as a user runs
 * it. Afterwards it tells what was left behind.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { basename, join } from "node:path";
import { run } from "../scripts/lib/command.ts";
import { parseReport } from "../scripts/report/write_reports.ts";
import type { Engine } from "../scripts/engine/engine.ts";
import { imageTag } from "../scripts/build/image_names.ts";
import { makeContext } from "./fault_context.ts";
import { containersOf, tagsOf } from "./traces.ts";

const PROJECT = new URL("..", import.meta.url).pathname;
const ENTRY = new URL("../scripts/image.ts", import.meta.url).pathname;
/** The environment variable that tells the processes of a place. */
const MARK = "DENO_SMALL_IMAGE_FAULT";
/** npm packages are not fetched anew for each cache. */
const { denoDir } = JSON.parse(await run(Deno.execPath(), ["info", "--json"]));

/** How the command line ended. */
export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** A command line that runs. */
export interface Running {
  pid: number;
  kill(signal: Deno.Signal): void;
  /** Types keys, where it was started in a terminal. */
  type(keys: string): Promise<void>;
  /** Resolves once stderr matches; rejects when it ends without. */
  until(pattern: RegExp): Promise<void>;
  ended: Promise<Ended>;
}

/** How the command line is started. */
export interface StartOptions {
  env?: Record<string, string>;
  cwd?: string;
  /** In place of the place's own. */
  context?: string;
  /** In place of the place's own; `""` for the default. */
  out?: string;
  /**
   * Start it in a pseudo-terminal, through `deno task` as a user does; its size,
   * or none. What it writes is `stderr` then.
   */
  terminal?: { columns?: number };
}

/** A place; disposing of it removes it and its images. */
export class Place implements AsyncDisposable {
  readonly mark = crypto.randomUUID();
  readonly context: string;
  readonly out: string;
  readonly tmp: string;
  readonly cache: string;
  readonly #folder: string;
  readonly #engine?: Engine;
  readonly #pids: number[] = [];

  private constructor(folder: string, engine?: Engine) {
    this.#folder = folder;
    this.#engine = engine;
    // Its name is that of the images.
    this.context = join(folder, basename(folder).toLowerCase());
    this.out = join(folder, "out");
    this.tmp = join(folder, "tmp");
    this.cache = join(folder, "cache");
  }

  /**
   * Makes a place.
   *
   * @param engine Builds and runs there, if it comes to that.
   * @param dockerfiles Text by name.
   * @param contract What differs from a contract that holds.
   */
  static async make(
    engine: Engine | undefined,
    dockerfiles: Record<string, string>,
    contract: Record<string, unknown> = {},
  ): Promise<Place> {
    const folder = await Deno.makeTempDir({ prefix: "fault-" });
    const place = new Place(folder, engine);
    for (const path of [place.context, place.tmp, place.cache]) {
      await Deno.mkdir(path);
    }
    // Services get nothing of our environment but this.
    const env = { [MARK]: place.mark };
    await makeContext(place.context, dockerfiles, { env, ...contract });
    return place;
  }

  /** Starts `deno task image` on the place's engine. */
  start(args: string[] = [], options: StartOptions = {}): Running {
    const { context = this.context, out = this.out, terminal } = options;
    const words = [
      ...["--context", context],
      ...(this.#engine ? ["--engine", this.#engine.name] : []),
      ...(out === "" ? [] : ["--out", out]),
      ...args,
    ];
    const [command, commandArgs] = terminal
      ? ["script", ["-qefc", inTerminal(words, terminal.columns), "/dev/null"]]
      : [Deno.execPath(), ["run", "-A", ENTRY, "--verbose", ...words]];
    const child = new Deno.Command(command, {
      args: commandArgs,
      cwd: options.cwd,
      env: {
        NO_COLOR: "1",
        GITHUB_STEP_SUMMARY: "",
        DENO_DIR: denoDir,
        XDG_CACHE_HOME: this.cache,
        TMPDIR: this.tmp,
        [MARK]: this.mark,
        ...options.env,
      },
      stdin: terminal ? "piped" : "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#pids.push(child.pid);
    return running(child, terminal !== undefined);
  }

  /** Runs `deno task image` to its end. */
  async run(args: string[] = [], options: StartOptions = {}): Promise<Ended> {
    return await this.start(args, options).ended;
  }

  /** Ids of the processes that run for this place, services included. */
  processes(): { pid: number; args: string[] }[] {
    const found: { pid: number; args: string[] }[] = [];
    for (const { name } of Deno.readDirSync("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      try {
        const environ = Deno.readTextFileSync(`/proc/${name}/environ`);
        if (!environ.includes(`${MARK}=${this.mark}`)) continue;
        const args = Deno.readTextFileSync(`/proc/${name}/cmdline`)
          .split("\0").slice(0, -1);
        found.push({ pid: Number(name), args });
      } catch {
        // It ended meanwhile.
      }
    }
    return found;
  }

  /** Takes note of what runs, so that what it has made is looked for later. */
  follow(): void {
    this.#pids.push(...this.processes().map(({ pid }) => pid));
  }

  /** Nothing runs, no container, no tag and no file is there but the reports. */
  async assertNothingLeft(): Promise<void> {
    assertEquals(this.processes(), [], "processes are left");
    for (const pid of this.#pids) {
      if (this.#engine === undefined) break;
      assertEquals(await containersOf(this.#engine, `-${pid}-`), []);
      assertEquals(await tagsOf(this.#engine, pid), [], "tags are left");
    }
    const left = [...Deno.readDirSync(this.tmp)].map(({ name }) => name);
    assertEquals(left, [], "scratch files are left");
    const reports = await exists(this.out) ? names(this.out) : [];
    assertEquals(reports.filter((name) => name.startsWith(".")), []);
  }

  /** Puts reports there, as those of a run before. */
  async writeOldReports(): Promise<void> {
    await Deno.mkdir(this.out, { recursive: true });
    for (const [name, text] of Object.entries(OLD)) {
      await Deno.writeTextFile(join(this.out, name), text);
    }
  }

  /** The reports of the run before are there, whole, and nothing else. */
  async assertOldReports(): Promise<void> {
    assertEquals(names(this.out), REPORTS);
    for (const [name, text] of Object.entries(OLD)) {
      assertEquals(await Deno.readTextFile(join(this.out, name)), text);
    }
  }

  /** Whole reports of one run are there, and nothing else; the JSON one parsed. */
  async reports() {
    assertEquals(names(this.out), REPORTS);
    const [page, data, text] = await Promise.all(
      REPORTS.map((name) => Deno.readTextFile(join(this.out, name))),
    );
    assert(page.trimEnd().endsWith("</html>"));
    assert(text.endsWith("\n"));
    return parseReport(data, "report.json");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { pid } of this.processes()) {
      try {
        Deno.kill(pid, "SIGKILL");
      } catch {
        // It ended meanwhile.
      }
    }
    if (this.#engine) await this.#removeImages(this.#engine);
    await Deno.remove(this.#folder, { recursive: true });
  }

  async #removeImages(engine: Engine): Promise<void> {
    for (const name of names(this.context)) {
      const variant = /^Dockerfile(?:\.(.*))?$/.exec(name);
      if (variant === null) continue;
      const tag = imageTag(this.context, variant[1] ?? "single-stage");
      const there = await engine.inspect(tag).catch(() => undefined);
      // Others use the engine at the same time; what it keeps is no fault here.
      if (there) await engine.remove(tag).catch(() => {});
    }
  }
}

/** The files of a run, sorted. */
/** As far as a run looks at the reports of the one before. */
const OLD = {
  "index.html": "deno-small-image · old",
  "report.json": '{ "schemaVersion": 1 }',
  "report.md": "### `old`",
};
const REPORTS = Object.keys(OLD);

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

function names(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

/** The command that a shell runs in a pseudo-terminal. */
function inTerminal(words: string[], columns?: number): string {
  const task = [Deno.execPath(), "task", "--cwd", PROJECT, "image", ...words];
  const size = columns === undefined ? "" : `stty cols ${columns} rows 40; `;
  return size + task.map((word) => `'${word}'`).join(" ");
}

function running(child: Deno.ChildProcess, terminal: boolean): Running {
  let stderr = "";
  let over = false;
  let changed = Promise.withResolvers<void>();
  const read = async () => {
    const stream = terminal ? child.stdout : child.stderr;
    const text = stream.pipeThrough(new TextDecoderStream());
    for await (const chunk of text) {
      stderr += chunk;
      changed.resolve();
      changed = Promise.withResolvers<void>();
    }
    over = true;
    changed.resolve();
  };
  const ended = (async () => {
    const [stdout, { code }] = await Promise.all([
      new Response(terminal ? child.stderr : child.stdout).text(),
      child.status,
      read(),
    ]);
    return { code, stdout, stderr };
  })();
  return {
    pid: child.pid,
    kill: (signal) => child.kill(signal),
    async type(keys) {
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode(keys));
      writer.releaseLock();
    },
    ended,
    async until(pattern) {
      while (!pattern.test(stderr)) {
        if (over) throw new Error(`It never wrote ${pattern}:\n${stderr}`);
        await changed.promise;
      }
    },
  };
}
