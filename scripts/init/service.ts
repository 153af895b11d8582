/**
 * What `init` has to know about a service to write its Dockerfiles.
 *
 * @module
 */

/** A Deno service, as the templates ask for it; paths are relative to its folder. */
export interface Service {
  /** Name of the binary, and the image's title. */
  name: string;
  description: string;
  /** An SPDX expression, if the configuration states one. */
  license?: string;
  /** Module that serves when it is run. */
  entry: string;
  /** What it is run with: permissions and unstable features. */
  flags: string[];
  /** Files and folders that are embedded in the binary. */
  includes: string[];
  /** Whether `deno.lock` is there, so that the build can insist on it. */
  locked: boolean;
  /** Files that go to the build: configuration first, then modules. */
  files: string[];
  /** Folders that go to the build, without a slash at the end. */
  folders: string[];
  /** Test files beside the entry; without any there is no test stage. */
  tests: string[];
  port: number;
  /** Whether `<binary> healthcheck` asks the running service. */
  healthcheck: boolean;
  /** Path that tells whether it is well. */
  healthPath: string;
}
