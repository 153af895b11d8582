/**
 * The `.dockerignore` that goes with the Dockerfiles: everything is denied, and
 * what the build reads is allowed again.
 *
 * @module
 */
import type { Service } from "./service.ts";

/**
 * Fills in this project's own `.dockerignore`.
 *
 * @param template Its text.
 * @param service The service it is for.
 */
export function fillDockerignore(template: string, service: Service): string {
  const head = template.split("\n").filter((line) => !line.startsWith("!"));
  const { files, tests, folders } = service;
  const allowed = [
    ...files,
    ...tests,
    ...folders.map((folder) => `${folder}/`),
    // What cuts the program in two for Dockerfile.layered: there beside it.
    folders.includes("offline") ? "scripts/deno_binary/split.ts" : "split.ts",
  ];
  return head.join("\n") + allowed.map((path) => `!${path}\n`).join("");
}
