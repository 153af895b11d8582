/**
 * What `deploy/` says about the service: valid by Kubernetes' own schemas, and
 * the same as the Dockerfiles, the contract, the budget and the last report say.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parse, parseAllDocuments } from "yaml";
import { parseReport } from "../scripts/report/write_reports.ts";
import { validate } from "../testing/validate.ts";

const PROJECT = `${import.meta.dirname}/..`;
const MIB = 1 << 20;

const read = (name: string) => Deno.readTextFile(`${PROJECT}/${name}`);

/** Everything in the manifest that this test looks at. */
const manifests = new Map(
  parseAllDocuments(await read("deploy/kubernetes.yaml"))
    .map((document) => document.toJS())
    .map((manifest) => [manifest.kind as string, manifest]),
);
const dockerfile = await read("Dockerfile.layered");
const contract = JSON.parse(await read("contract.json"));
const compose = parse(await read("deploy/compose.yaml")).services.hello;

const deployment = manifests.get("Deployment");
const pod = deployment.spec.template.spec;
const [container] = pod.containers;

/** What follows an instruction of the Dockerfile. */
function instruction(name: string): string {
  const found = dockerfile.match(new RegExp(`^${name} (.*)$`, "m"));
  assert(found, `the Dockerfile has no ${name}`);
  return found[1];
}

/** Bytes of a Kubernetes quantity in MiB. */
function quantity(text: string): number {
  const found = text.match(/^(\d+)Mi$/);
  assert(found, `expected a quantity in Mi, got ${text}`);
  return Number(found[1]) * MIB;
}

Deno.test("every manifest is one of those a service needs, once", () => {
  assertEquals([...manifests.keys()], [
    "Deployment",
    "Service",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
    "NetworkPolicy",
  ]);
});

Deno.test("the manifests are valid, and would not be without their structure", async () => {
  const documents = [...manifests.values()];
  assertEquals(
    await validate("kubernetes", documents),
    documents.map(() => null),
  );
  const broken = documents.map((each) => ({ ...each, spec: [each.spec] }));
  for (const complaint of await validate("kubernetes", broken)) {
    assertStringIncludes(String(complaint), "spec");
  }
  const slip = structuredClone(deployment);
  slip.spec.template.spec.containers[0].lifecycle.preStop.sleep.seconds = "5s";
  const [complaint] = await validate("kubernetes", [slip]);
  assertStringIncludes(String(complaint), "seconds");
});

Deno.test("kustomize finds the manifest, and the image to replace", async () => {
  const { resources, images } = parse(await read("deploy/kustomization.yaml"));
  assertEquals(resources, ["kubernetes.yaml"]);
  assertEquals(images[0].name, container.image.replace(/:.*/, ""));
  assertEquals(container.image, compose.image);
});

Deno.test("all select the pods that the Deployment makes", () => {
  const { labels } = deployment.spec.template.metadata;
  assertEquals(deployment.spec.selector.matchLabels, labels);
  assertEquals(manifests.get("Service").spec.selector, labels);
  for (const kind of ["PodDisruptionBudget", "NetworkPolicy"]) {
    const { selector, podSelector } = manifests.get(kind).spec;
    assertEquals((selector ?? podSelector).matchLabels, labels);
  }
  const { scaleTargetRef } = manifests.get("HorizontalPodAutoscaler").spec;
  assertEquals(scaleTargetRef.name, deployment.metadata.name);
});

Deno.test("port, user and probes are those of the image", () => {
  const port = Number(instruction("EXPOSE"));
  const [{ name, containerPort }] = container.ports;
  assertEquals(containerPort, port);
  assertEquals(compose.ports[0].split(":").at(-1), String(port));
  assertEquals(manifests.get("Service").spec.ports[0].targetPort, name);
  const { ingress } = manifests.get("NetworkPolicy").spec;
  assertEquals(ingress[0].ports[0].port, name);

  const { runAsUser, runAsGroup, runAsNonRoot } = pod.securityContext;
  assertEquals(`${runAsUser}:${runAsGroup}`, instruction("USER"));
  assertEquals(runAsNonRoot, true);

  for (const probe of ["startupProbe", "readinessProbe", "livenessProbe"]) {
    const { path, port } = container[probe].httpGet;
    assertEquals([path, port], [contract.healthPath, name]);
  }
});

Deno.test("nothing is allowed that the image was seen to do without", () => {
  const { securityContext } = container;
  assertEquals(securityContext.allowPrivilegeEscalation, false);
  assertEquals(securityContext.readOnlyRootFilesystem, true);
  assertEquals(securityContext.capabilities, { drop: ["ALL"] });
  assertEquals(pod.securityContext.seccompProfile.type, "RuntimeDefault");
  assertEquals(compose.read_only, true);
  assertEquals(compose.cap_drop, ["ALL"]);
  assertEquals(compose.security_opt, ["no-new-privileges:true"]);
});

Deno.test("it calls nobody, by policy and by permission", async () => {
  const { policyTypes, egress } = manifests.get("NetworkPolicy").spec;
  assert(policyTypes.includes("Egress"));
  assertEquals(egress, []);
  const { permissions } = JSON.parse(await read("deno.json"));
  assertEquals(permissions.serve.net, ["0.0.0.0", "127.0.0.1"]);
});

Deno.test("a pod goes after its last request: sleep, then the service's own grace", async () => {
  const grace = (await read("main.ts")).match(/^const GRACE_MS = ([\d_]+);/m);
  assert(grace);
  const seconds = Number(grace[1].replaceAll("_", "")) / 1000;
  const { sleep } = container.lifecycle.preStop;
  assert(sleep.seconds > 0);
  assert(pod.terminationGracePeriodSeconds > sleep.seconds + seconds);
  assert(Number.parseInt(compose.stop_grace_period) > seconds);
  assertEquals(deployment.spec.strategy.rollingUpdate.maxUnavailable, 0);
});

const report = await read("report/report.json").catch(() => undefined);
if (report === undefined) {
  console.error(
    "skipped: memory limits against the report: none; run deno task image",
  );
}

Deno.test({
  name: "memory is what the last report measured, and CI guards",
  ignore: report === undefined,
  fn() {
    const limit = quantity(container.resources.limits.memory);
    const request = quantity(container.resources.requests.memory);
    assertEquals(Number.parseInt(compose.mem_limit) * MIB, limit);
    const { variants } = parseReport(report ?? "", "report/report.json");
    const layered = variants.find(({ name }) => name === "layered");
    assert(layered, "the report has the variant that is deployed");
    const { memoryBytes, memoryFloorBytes = 0, hardening = [] } = layered;
    assert(request <= limit);
    assert(memoryFloorBytes <= request, `floor ${memoryFloorBytes}`);
    assert((memoryBytes?.idle ?? 0) <= request, `idle ${memoryBytes?.idle}`);
    assert((memoryBytes?.loaded ?? 0) <= limit, `load ${memoryBytes?.loaded}`);
    const check = hardening.find((each) =>
      each.name === `${limit / MIB} MiB of memory`
    );
    assert(hardening.length === 0 || check, "no run checks that limit");
    assert(check?.status !== "fail", check?.detail);
  },
});
