import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fillDockerfile } from "./fill_dockerfile.ts";
import { fillDockerignore } from "./fill_dockerignore.ts";
import type { Service } from "./service.ts";

const PROJECT = `${import.meta.dirname}/../..`;
const read = (name: string) => Deno.readTextFile(`${PROJECT}/${name}`);
const NAMES = [
  "Dockerfile",
  "Dockerfile.multistage",
  "Dockerfile.scratch",
  "Dockerfile.layered",
];

/** This project's own service. */
const OWN: Service = {
  name: "hello",
  description: "A small Deno service",
  license: "MIT",
  entry: "main.ts",
  flags: ["-P=serve"],
  includes: [],
  locked: true,
  files: ["deno.json", "deno.lock", "main.ts"],
  folders: ["offline"],
  tests: ["main_test.ts"],
  port: 8080,
  healthcheck: true,
  healthPath: "/health",
};

/** One that differs from it in everything. */
const OTHER: Service = {
  name: "shop",
  description: 'Sells "things" for $1',
  entry: "src/server.ts",
  flags: ["--allow-net", "--allow-env=PORT"],
  includes: ["static/", "rates.json"],
  locked: false,
  files: ["deno.json", "rates.json"],
  folders: ["src", "static"],
  tests: [],
  port: 3000,
  healthcheck: false,
  healthPath: "/",
};

for (const name of NAMES) {
  Deno.test(`${name} filled in for this project's service is itself`, async () => {
    const template = await read(name);
    assertEquals(fillDockerfile(template, OWN), template);
  });

  Deno.test(`${name} for another service keeps nothing of this one`, async () => {
    const filled = fillDockerfile(await read(name), OTHER);
    for (const own of ["hello", "main", "offline", "serve ", "MIT", "8080"]) {
      assert(!filled.includes(own), `${own} in ${filled}`);
    }
    assert(!filled.includes("HEALTHCHECK") && !filled.includes("--frozen"));
    assertStringIncludes(
      filled,
      "COPY deno.json rates.json ./\nCOPY src/ src/\nCOPY static/ static/\nARG",
    );
    assertStringIncludes(
      filled,
      " --no-prompt --allow-net --allow-env=PORT --include static/ --include rates.json --v8-flags=",
    );
    assertStringIncludes(
      filled,
      " -o /shop src/server.ts &&",
    );
    assertStringIncludes(
      filled,
      'image.description="Sells \\"things\\" for \\$1"\n',
    );
    assertStringIncludes(filled, "EXPOSE 3000\n");
    assertStringIncludes(filled, 'ENTRYPOINT ["/shop"]\n');
    assert(!/AS \S*test/.test(filled));
  });
}

Deno.test("all tests are run with the service's permissions", async () => {
  const filled = fillDockerfile(await read("Dockerfile.multistage"), {
    ...OTHER,
    tests: ["a_test.ts", "b_test.ts"],
  });
  assertStringIncludes(filled, "COPY a_test.ts b_test.ts ./\n");
  assertStringIncludes(
    filled,
    "--allow-net --allow-env=PORT a_test.ts b_test.ts\n",
  );
});

Deno.test("without files of its own beside folders nothing is copied from there", async () => {
  const filled = fillDockerfile(await read("Dockerfile"), {
    ...OTHER,
    files: [],
  });
  assertStringIncludes(filled, "WORKDIR /app\nCOPY src/ src/\n");
});

Deno.test(".dockerignore allows what the Dockerfiles copy", async () => {
  const own = await read(".dockerignore");
  assertEquals(fillDockerignore(own, OWN), own);
  assertEquals(
    fillDockerignore(own, OTHER),
    "# Deny all, then allow what the build reads.\n*\n" +
      "!deno.json\n!rates.json\n!src/\n!static/\n!split.ts\n",
  );
});
