import { assertEquals, assertStringIncludes } from "@std/assert";
import { cannotDate } from "./cannot_date.ts";

Deno.test("cannotDate() knows builders that take the option and do nothing", () => {
  const builder = (driver: string, version: string) =>
    `Name:   b\nDriver: ${driver}\n\nNodes:\nName:   b0\n${version}\nPlatforms: linux/amd64\n`;
  const says = (inspected?: string) => cannotDate(inspected) ?? "";
  assertEquals(
    cannotDate(builder("docker-container", "BuildKit version: v0.13.2")),
    undefined,
  );
  assertEquals(cannotDate(builder("remote", "BuildKit:  v1.0.0")), undefined);
  assertStringIncludes(says(), "buildx");
  assertStringIncludes(
    says(builder("docker", "BuildKit version: v0.20.0")),
    "docker's own BuildKit",
  );
  assertStringIncludes(
    says(builder("docker-container", "Buildkit:  v0.12.5")),
    "BuildKit 0.12.5 does not",
  );
  assertStringIncludes(
    says(builder("docker-container", "Status: inactive")),
    "does not",
  );
  assertStringIncludes(says(""), "docker's own BuildKit");
});
