/**
 * Holds the lock file to `deno.json`. jsr.io cannot be asked everywhere, so a
 * lock that lost its jsr part would go unnoticed until someone can. @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";

interface Lock {
  version: string;
  specifiers: Record<string, string>;
  jsr: Record<string, { integrity: string; dependencies?: string[] }>;
  npm: Record<string, { integrity: string }>;
  workspace: { dependencies: string[] };
}

const project = `${import.meta.dirname}/..`;
const lock: Lock = JSON.parse(await Deno.readTextFile(`${project}/deno.lock`));
const { imports }: { imports: Record<string, string> } = JSON.parse(
  await Deno.readTextFile(`${project}/deno.json`),
);

/** `jsr:@std/assert@^1.0.19` -> `jsr:@std/assert` */
function nameOf(specifier: string): string {
  return specifier.slice(0, specifier.lastIndexOf("@"));
}

Deno.test("every jsr: import of deno.json is locked to a version that fits", () => {
  const wanted = Object.values(imports).filter((target) =>
    target.startsWith("jsr:")
  );
  assertEquals(wanted.length, 3);
  for (const specifier of wanted) {
    const version = lock.specifiers[specifier];
    assert(version, `${specifier} is not locked`);
    assert(lock.jsr[`${nameOf(specifier).slice(4)}@${version}`], specifier);
    assert(lock.workspace.dependencies.includes(specifier), specifier);
  }
});

Deno.test("every jsr package has a hash, and its dependencies are locked", () => {
  for (const [name, entry] of Object.entries(lock.jsr)) {
    assertMatch(entry.integrity, /^[0-9a-f]{64}$/, name);
    for (const dependency of entry.dependencies ?? []) {
      // Deno leaves the range out where only one is asked for.
      const specifiers = Object.keys(lock.specifiers).filter((specifier) =>
        specifier === dependency || nameOf(specifier) === dependency
      );
      assertEquals(specifiers.length, 1, `${name} needs ${dependency}`);
      const version = lock.specifiers[specifiers[0]];
      const resolved = `${nameOf(specifiers[0]).slice(4)}@${version}`;
      assert(lock.jsr[resolved], `${name} needs ${resolved}`);
    }
  }
});

Deno.test("every jsr package and specifier is needed", () => {
  const specifiers = Object.keys(lock.specifiers)
    .filter((specifier) => specifier.startsWith("jsr:"));
  const needed = specifiers.map((specifier) =>
    `${nameOf(specifier).slice(4)}@${lock.specifiers[specifier]}`
  );
  assertEquals(
    Object.keys(lock.jsr).toSorted(),
    [...new Set(needed)].toSorted(),
  );
});

Deno.test("Deno takes the lock as it is", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--frozen", "-A", "scripts/lib/errors.ts"],
    cwd: project,
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
});
