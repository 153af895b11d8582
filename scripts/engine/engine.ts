/** What an engine must offer to build, run and export images. @module */
import type { ImageConfig } from "../image/model.ts";

/** In the order in which people prefer them. */
export const ENGINES = ["docker", "podman", "buildah"] as const;
export type EngineName = typeof ENGINES[number];

export interface BuildOptions {
  context: string;
  dockerfile: string;
  /** Tag of the result; absent for a build that is only a test. */
  tag?: string;
  /** A tag beside it, which keeps the image when another build takes `tag`. */
  alias?: string;
  target?: string;
  buildArgs?: Record<string, string>;
  platform?: string;
  noCache?: boolean;
  /** Date of the image and of the files in its new layers, in seconds since the epoch. */
  timestamp?: number;
  /** Leave no step behind that a later build could start from. */
  discardSteps?: boolean;
  onLine?: (line: string) => void;
  signal?: AbortSignal;
}

export type PullOptions = Pick<BuildOptions, "platform" | "signal">;

export interface Restrictions {
  readOnly?: boolean;
  dropCapabilities?: boolean;
  noNewPrivileges?: boolean;
  memoryBytes?: number;
  pids?: number;
  /** `uid` or `uid:gid`, in place of the image's user. */
  user?: string;
}

export interface RunOptions extends Restrictions {
  image: string;
  /** Given as `PORT`, but a free one on the host's network; absent: none published. */
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
  /** As `http://127.0.0.1:8080`; absent when no port was asked for. */
  readonly url?: string;
  /** `performance.now()` when the engine was told to start it. */
  readonly startedAt: number;
  /** `performance.now()` when the program was seen to run; absent: another clock. */
  processStartedAt(): Promise<number | undefined>;
  /** Whether it has ended while somebody else holds its port, where that can be. */
  portWasTaken?(): boolean;
  /** Host's id of the main process, where the host can see it. */
  pid(): Promise<number | undefined>;
  /** Runs a command as the image's user; the code is not 0 if it cannot be started. */
  exec(
    command: string[],
    options?: { signal?: AbortSignal },
  ): Promise<{ code: number; output: string }>;
  logs(): Promise<string>;
  kill(signal: "SIGTERM" | "SIGKILL" | "SIGINT"): Promise<void>;
  /** The exit code, once it has ended. */
  readonly exited: Promise<number>;
}

/** What an engine knows of an image without exporting it. */
export interface ImageInfo {
  /** `sha256:<hex>` of its config. */
  id: string;
  architecture: string;
  /** As the engine itself gives it. */
  sizeBytes?: number;
  /** Lowest layer first. */
  diffIds: string[];
  config: ImageConfig;
}

/** What killed runs have left, by name. */
export type Leftovers = Record<
  "process" | "container" | "image" | "folder",
  string[]
>;

export interface Engine {
  readonly name: EngineName;
  readonly version: string;
  /** The command that empties its cache of builds, where that is apart from images. */
  readonly pruneCommand?: string;
  /** For each restriction it cannot apply, the reason why. */
  readonly cannot: Partial<Record<keyof Restrictions, string>>;
  /** Why it cannot date files; `local`: it builds on images that only it has. */
  cannotDate?(local: boolean): Promise<string | undefined>;
  /** @throws {UserError} with the failing step's output. */
  build(options: BuildOptions): Promise<void>;
  /** `undefined` when it has no such image. */
  inspect(image: string): Promise<ImageInfo | undefined>;
  /** @throws {UserError} when the registry does not have it or does not answer. */
  pull(image: string, options?: PullOptions): Promise<void>;
  /** Streams the image as an archive: docker-archive or OCI. */
  export(image: string, signal?: AbortSignal): ReadableStream<Uint8Array>;
  run(options: RunOptions): Promise<Container>;
  /** Names of the images that it has, as `localhost/hello:scratch`. */
  list(): Promise<string[]>;
  /** Finds what killed runs have left, and ends and removes it if told to. */
  sweep(options: { remove: boolean }): Promise<Leftovers>;
  /** Counts or removes the untagged images that it keeps of a context's steps. */
  steps(context: string, options: { remove: boolean }): Promise<number>;
  /** Removes a tag, and the image if it was the last one. */
  remove(image: string): Promise<void>;
}

export class Unusable extends Error {
  override name = "Unusable";

  /** @param next One command that would make it work, where that is plain. */
  constructor(reason: string, readonly next?: string) {
    super(reason);
  }
}
