/**
 * How buildah, and podman with it, are told to build for another platform.
 *
 * @module
 */
import { HOST } from "../lib/platform.ts";

/**
 * Arguments of a build for a platform. Versions that Debian ships (buildah 1.28,
 * podman 4.3) leave `BUILDPLATFORM` empty, by which `FROM --platform` names this
 * machine; given as an argument it is what BuildKit makes it.
 *
 * @param platform As `linux/arm64`; nothing is added when absent.
 */
export function platformArgs(platform: string | undefined): string[] {
  return platform === undefined ? [] : [
    ...["--platform", platform],
    ...["--build-arg", `BUILDPLATFORM=linux/${HOST}`],
  ];
}
