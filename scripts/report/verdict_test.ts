import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import {
  emptyReport,
  failedReport,
  fixtureReport,
  minimalVariant,
} from "../../testing/report.ts";
import { singleStage } from "../../testing/report_variants.ts";
import { type Inline, isMark, plain } from "./document.ts";
import type { Report } from "./report_schema.ts";
import {
  headline,
  images,
  insight,
  serviceOf,
  verdict,
  verdictOfSmallest,
} from "./verdict.ts";

/** The text with names in brackets. */
function shown(inline: Inline): string {
  if (isMark(inline)) return `[${plain(inline)}]`;
  return Array.isArray(inline) ? inline.map(shown).join("") : plain(inline);
}

const first = (report: Report) => shown(headline(report));
const second = (report: Report) => shown(verdictOfSmallest(report));

Deno.test("headline() names the smallest and compares it with the baseline", () => {
  const report = fixtureReport();
  assertEquals(
    first(report),
    "[scratch] is the smallest: 95.4 MB, 4.5× smaller than [single-stage]",
  );
  assertEquals(
    first({ ...report, baseline: "scratch" }),
    "[scratch] is the smallest: 95.4 MB",
  );
  assertEquals(
    first({ ...report, variants: [report.variants[1]] }),
    "[multi-stage]: 122 MB",
  );
});

Deno.test("headline() says when there is no image", () => {
  assertEquals(first(emptyReport()), "No image was built");
  assertEquals(first(failedReport()), "No image could be built");
});

Deno.test("verdictOfSmallest() never praises what does not work", () => {
  const report = fixtureReport();
  assertEquals(
    second(report),
    "[scratch] breaks its contract; the smallest that holds it is [multi-stage] with 122 MB.",
  );
  const [, , scratch] = report.variants;
  assertEquals(
    second({ ...report, variants: [scratch] }),
    "[scratch] breaks its contract.",
  );
  scratch.contract = [{ name: "GET /", status: "pass" }];
  assertEquals(second(report), "[scratch] holds its contract.");
  scratch.hardening = [{ name: "SIGTERM", status: "fail" }];
  assertEquals(
    second(report),
    "[scratch] holds its contract, and fails 1 further check.",
  );
  scratch.contract = [{ name: "GET /", status: "skip" }];
  assertEquals(second(report), "", "nothing was asked of it");
  assertEquals(second({ ...emptyReport(), variants: [minimalVariant()] }), "");
  assertEquals(second(emptyReport()), "");
});

Deno.test("insight() names the runtime and how little is the code", () => {
  assertEquals(
    shown(insight(fixtureReport())),
    "85.3 % of [scratch] (81.4 MB) is the Deno runtime, 0.6 % your code.",
  );
});

Deno.test("insight() tells packages from the service's own code", () => {
  const report = fixtureReport();
  const { program } = report.variants.find(({ name }) => name === "scratch")!;
  assert(program !== undefined);
  program.applicationBytes = 3_000_000;
  const own = { own: 500_000, assets: 100_000, metadata: 400_000 };
  program.parts = { ...own, npm: 1_500_000, remote: 500_000 };
  assertMatch(
    plain(insight(report)),
    /Deno runtime, 2\.1 % packages, 1 % your code\.$/,
  );
});

Deno.test("insight() names a path where there is no program", () => {
  const variant = singleStage();
  delete variant.program;
  const report = { ...emptyReport(), variants: [variant] };
  assertMatch(shown(insight(report)), / is \[\/usr\/bin\/deno\]\.$/);
});

Deno.test("insight() has nothing to say of an empty image", () => {
  const report = { ...emptyReport(), variants: [minimalVariant()] };
  assertEquals(insight(report), undefined);
  assertEquals(insight(emptyReport()), undefined);
});

/** The lines on images by their word. */
const told = (report: Report) =>
  Object.fromEntries(
    images(report).map(({ word, text }) => [word, plain(text)]),
  );

const passing = () => {
  const report = fixtureReport();
  report.failures = [];
  report.budgets = report.budgets.filter(({ status }) => status !== "fail");
  for (const variant of report.variants) {
    for (const list of ["contract", "hardening", "reproducible"] as const) {
      variant[list] = variant[list]?.filter(({ status }) => status !== "fail");
    }
  }
  return report;
};

Deno.test("verdict() counts what holds", () => {
  const report = passing();
  report.variants = report.variants.slice(0, 1).map((variant) => ({
    ...variant,
    contract: [{ name: "GET /", status: "pass" }],
    hardening: undefined,
    reproducible: undefined,
  }));
  report.budgets = [];
  assertEquals(verdict(report), "PASSED: 1 variant, 1 check");
  assertEquals(verdict(emptyReport()), undefined);
});

Deno.test("verdict() names what failed first, of each sort", () => {
  const report = passing();
  const limits =
    report.budgets.filter(({ status }) => status !== "skip").length;
  report.budgets.push({
    variant: "scratch",
    rule: "size",
    status: "fail",
    unit: "bytes",
    actual: 95_600_000,
    limit: 90_000_000,
  });
  assertEquals(
    verdict(report),
    `FAILED: 1 of ${limits + 1} limits: scratch size 95.6 MB > 90 MB`,
  );
  report.failures = [{
    name: "broken",
    dockerfile: "Dockerfile.broken",
    message: "Cannot build\nall of it",
  }];
  assertEquals(
    verdict(report),
    `FAILED: 1 of 4 builds: broken: Cannot build; 1 of ${
      limits + 1
    } limits: scratch size 95.6 MB > 90 MB`,
  );
});

Deno.test("verdict() keeps a cause and its remedy, and cuts what is between", () => {
  const report = passing();
  const remedy = "a service that needs longer states readyTimeoutMs";
  const of = (message: string) => {
    report.failures = [{ name: "a", dockerfile: "Dockerfile.a", message }];
    return verdict(report)?.replace(/^.*? a: /, "");
  };
  const cause = `status 500; its log: ${"x".repeat(120)}. ${remedy}`;
  assertEquals(
    of(`No good answer from / within 30000 ms: ${cause}\nlog`),
    cause,
  );
  assertEquals(of(`Cannot build "Dockerfile.a": ${cause}`), cause);
  assertEquals(
    of('Cannot build "Dockerfile.a"'),
    'Cannot build "Dockerfile.a"',
  );
  const long = of(`status 500: ${"x".repeat(999)}. ${remedy}`) ?? "";
  assertEquals(long.length, 240);
  assertMatch(long, new RegExp(`^status 500: x+…x+\\. ${remedy}$`));
});

Deno.test("verdict() and images() say of what could not run here that it was not checked", () => {
  const report = passing();
  report.engine = { name: "docker", version: "28" };
  for (const variant of report.variants) {
    variant.contract = [{ name: "starts", status: "skip", detail: "no" }];
  }
  const [{ name }] = report.variants;
  assertStringIncludes(
    verdict(report) ?? "",
    `; not run here, so not checked: ${name}`,
  );
  const { run, push } = told(report);
  assertEquals([run, push?.startsWith("docker tag ")], [undefined, true]);
});

Deno.test("images() says how to run and push one, by engine", () => {
  const report = passing();
  const [first] = report.variants;
  report.variants = [{
    ...first,
    image: { ...first.image, reference: "localhost/app:layered" },
    config: {
      ...first.config,
      entrypoint: ["/app"],
      cmd: [],
      exposedPorts: ["80/tcp"],
    },
  }];
  report.engine = { name: "docker", version: "28" };
  assertEquals(told(report), {
    IMAGES: "localhost/app:layered",
    run: "docker run --rm -p 127.0.0.1:80:80 localhost/app:layered",
    push:
      "docker tag localhost/app:layered registry.example/app:layered && docker push registry.example/app:layered",
  });
  const { contract } = report.variants[0];
  report.variants[0].contract = [{ name: "GET /", status: "fail" }];
  assertEquals(told(report), { IMAGES: "localhost/app:layered" });
  report.variants[0].contract = contract;
  report.engine = { name: "buildah", version: "1" };
  assertEquals(
    told(report).run,
    "c=$(buildah from localhost/app:layered); buildah run --isolation chroot $c /app; buildah rm $c",
  );
  report.surroundings = {
    env: { A: "b c", D: "1", DB_PASSWORD: "…" },
    writable: ["/data"],
  };
  assertEquals(
    told(report).run,
    "c=$(buildah from localhost/app:layered); buildah run --isolation chroot -e 'A=b c' -e D=1 -e DB_PASSWORD --mount type=tmpfs,destination=/data $c /app; buildah rm $c",
  );
  report.engine = { name: "docker", version: "28" };
  assertEquals(
    told(report).run,
    "docker run --rm -p 127.0.0.1:80:80 -e 'A=b c' -e D=1 -e DB_PASSWORD -v /data localhost/app:layered",
  );
  delete report.engine;
  assertEquals(images(report), []);
});

Deno.test("serviceOf() is the images' name without registry and tag", () => {
  const report = passing();
  const named = (reference: string) => {
    report.variants[0].image.reference = reference;
    return serviceOf(report);
  };
  assertEquals(named("localhost/main:scratch"), "main");
  assertEquals(named("r.example:5000/team/api"), "api");
  assertEquals(serviceOf(emptyReport()), undefined);
});

Deno.test("verdict() tells a secret whether the run holds or not", () => {
  const report = passing();
  report.variants[0].secrets = [
    { path: "/app/k.txt", kind: "private key", layer: 1 },
    { path: "ENV DB_PASSWORD", kind: "variable" },
  ];
  assertEquals(
    verdict(report)?.replace(/^PASSED: [^;]*/, "PASSED"),
    "PASSED; FOUND: /app/k.txt (private key, layer 2) and 1 more",
  );
  report.failures = [
    { name: "a", dockerfile: "Dockerfile.a", message: "it does not build" },
  ];
  assertStringIncludes(
    verdict(report) ?? "",
    "it does not build; FOUND: /app/k.txt (private key, layer 2) and 1 more",
  );
});

Deno.test("verdict() tells once what a check or a secret breaks as a limit too", () => {
  const report = passing();
  const limit = { variant: "scratch", status: "fail", actual: 1, limit: 0 };
  const [{ name, contract = [] }] = report.variants;
  contract.push({ name: "GET /", status: "fail", detail: "it answers 500" });
  report.variants[0].contract = contract;
  report.budgets.push({ ...limit, rule: "contract" } as never);
  const text = verdict(report) ?? "";
  assertStringIncludes(text, `: ${name}: GET /: it answers 500`);
  assertEquals(/limits/.test(text), false);
  contract.pop();
  report.variants[0].secrets = [{ path: "ENV A_TOKEN", kind: "variable" }];
  report.budgets = [
    { ...limit, rule: "noSecrets", detail: "ENV A_TOKEN" } as never,
  ];
  assertEquals(/FOUND/.test(verdict(report) ?? ""), false);
});
