/**
 * What an engine must offer to build, run and export images.
 *
 * @module
 */
import type { ImageConfig } from "../image/model.ts";

/** The engines, in the order in which people prefer them. */
export const ENGINES = ["docker", "podman", "buildah"] as const;
/** Name of a supported engine. */
export type EngineName = typeof ENGINES[number];

/** What a build needs. */
export interface BuildOptions {
  /** Folder sent as the build context. */
  context: string;
  /** Path of the Dockerfile. */
  dockerfile: string;
  /** Tag of the result; absent for a build that is only a test. */
  tag?: string;
  /** A tag beside it, which keeps the image when another build takes `tag`. */
  alias?: string;
  target?: string;
  buildArgs?: Record<string, string>;
  /** As `linux/arm64`. */
  platform?: string;
  /** Build every step anew. */
  noCache?: boolean;
  /**
   * Date of the image and of every file in its new layers, in seconds since the
   * epoch; only for an engine whose {@linkcode Engine.cannotDate} has no reason.
   */
  timestamp?: number;
  /** Leave no step behind that a later build could start from. */
  discardSteps?: boolean;
  /** Called with each line of the build's output. */
  onLine?: (line: string) => void;
  signal?: AbortSignal;
}

/** What a run may be restricted by; engines differ in what they can do. */
export interface Restrictions {
  readOnly?: boolean;
  dropCapabilities?: boolean;
  noNewPrivileges?: boolean;
  memoryBytes?: number;
  pids?: number;
  /** `uid` or `uid:gid`, in place of the image's user. */
  user?: string;
}

/** What a run needs. */
export interface RunOptions extends Restrictions {
  image: string;
  /**
   * The port the service listens on inside; given to it as `PORT` too. Engines
   * that share the host's network choose a free one instead. Absent: no port
   * is published (for commands such as `healthcheck`).
   */
  port?: number;
  env?: Record<string, string>;
  /** Folders that are mounted in memory, writable for any user. */
  writable?: string[];
  /** In place of the image's command. */
  args?: string[];
  /** In place of the image's entrypoint and command; `args` does not count then. */
  entrypoint?: string[];
  signal?: AbortSignal;
}

/** A container that runs; disposing of it stops and removes it. */
export interface Container extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`; absent when no port was asked for. */
  readonly url?: string;
  /** `performance.now()` when the engine was told to start it. */
  readonly startedAt: number;
  /**
   * `performance.now()` when the engine saw the program itself run, some
   * milliseconds late at most; `undefined` where the engine's clock is another.
   */
  processStartedAt(): Promise<number | undefined>;
  /**
   * Whether it has ended while somebody else holds its port of this host; absent
   * where the engine itself keeps the port until then.
   */
  portWasTaken?(): boolean;
  /** Host's id of the main process, where the host can see it. */
  pid(): Promise<number | undefined>;
  /**
   * Runs a command in it, as the image's user with its environment.
   *
   * @returns Its exit code, not 0 if it cannot be started, and what it wrote.
   */
  exec(
    command: string[],
    options?: { signal?: AbortSignal },
  ): Promise<{ code: number; output: string }>;
  /** All that it has written to stdout and stderr so far. */
  logs(): Promise<string>;
  /** Sends a signal to the main process. */
  kill(signal: "SIGTERM" | "SIGKILL" | "SIGINT"): Promise<void>;
  /** Resolves with the exit code once it has ended. */
  readonly exited: Promise<number>;
}

/** What an engine knows of an image without exporting it. */
export interface ImageInfo {
  /** `sha256:<hex>` of its config. */
  id: string;
  /** As `amd64`. */
  architecture: string;
  /** What the engine itself gives as the size, in bytes. */
  sizeBytes?: number;
  /** Diff IDs of its layers, lowest first. */
  diffIds: string[];
  config: ImageConfig;
}

/** What builds and runs images. */
export interface Engine {
  readonly name: EngineName;
  readonly version: string;
  /** The command that empties its cache of builds, where that is apart from images. */
  readonly pruneCommand?: string;
  /** For each restriction it cannot apply, the reason why. */
  readonly cannot: Partial<Record<keyof Restrictions, string>>;
  /**
   * Why it cannot date the files that it builds; absent when it can.
   *
   * @param local Whether it builds on images that only this engine has.
   */
  cannotDate?(local: boolean): Promise<string | undefined>;
  /** @throws {UserError} with the failing step's output. */
  build(options: BuildOptions): Promise<void>;
  /** @returns `undefined` when it has no such image. */
  inspect(image: string): Promise<ImageInfo | undefined>;
  /** @throws {UserError} when the registry does not have it or does not answer. */
  pull(
    image: string,
    options?: { platform?: string; signal?: AbortSignal },
  ): Promise<void>;
  /** Streams the image as an archive: docker-archive or OCI. */
  export(image: string, signal?: AbortSignal): ReadableStream<Uint8Array>;
  run(options: RunOptions): Promise<Container>;
  /** Names of the images that it has, as `localhost/hello:scratch`. */
  list(): Promise<string[]>;
  /**
   * Ends and removes what killed runs and builds have left: processes,
   * containers, tags and folders.
   *
   * @returns Names of the containers.
   */
  sweep(): Promise<string[]>;
  /**
   * The untagged images that it keeps of the steps of a context's builds: none
   * where its cache is apart from images.
   *
   * @param options `remove`: remove them, but for those that others build upon.
   * @returns How many there are, or were removed.
   */
  steps(context: string, options: { remove: boolean }): Promise<number>;
  /** Removes a tag, and the image if it was the last one. */
  remove(image: string): Promise<void>;
}

/** An engine that is not there or does not work. */
export class Unusable extends Error {
  override name = "Unusable";
  constructor(
    readonly engine: EngineName,
    reason: string,
    options: ErrorOptions & {
      /** One command that would make it work, where that is plain. */
      next?: string;
    } = {},
  ) {
    super(reason, options);
    this.next = options.next;
  }

  readonly next?: string;
}
