/**
 * Whether docker can date the files that it builds: for images that are the same
 * at every build, BuildKit has to rewrite the times in their layers.
 *
 * @module
 */

/** The first BuildKit whose exporter dates the files of layers. */
const DATES_FROM = [0, 13];

/**
 * Why docker cannot date the files that it builds, if it cannot. Docker's own
 * BuildKit takes the option and does nothing, so the driver counts too.
 *
 * @param inspected What `docker buildx inspect` printed; absent when it fails.
 */
export function cannotDate(inspected: string | undefined): string | undefined {
  if (inspected === undefined) {
    return "docker needs buildx to date the files that it builds";
  }
  const field = (name: RegExp) => name.exec(inspected)?.[1];
  const driver = field(/^Driver: *(\S+)$/m);
  if (driver === undefined || driver === "docker") {
    return "docker's own BuildKit does not date the files that it builds; a builder made by docker buildx create does";
  }
  const version = field(/^BuildKit(?: version)?: *v?(\d\S*)$/im);
  const [major, minor] = (version ?? "0.0").split(".").map(Number);
  return major > DATES_FROM[0] || minor >= DATES_FROM[1]
    ? undefined
    : `BuildKit ${
      version ?? "of this builder"
    } does not date the files that it builds; 0.13 does`;
}
