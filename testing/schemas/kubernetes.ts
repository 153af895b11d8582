/**
 * Validates Kubernetes manifests against the schemas of Kubernetes' own API: a
 * JSON list on stdin, a list of complaints on stdout, `null` for a valid one.
 *
 * @module
 */
import {
  apps,
  autoscaling,
  networkingK8sIo,
  policy,
  v1,
} from "kubernetes-models";

// deno-lint-ignore no-explicit-any -- a manifest has any shape until validated
type Model = new (manifest: any) => { validate(): void };

const MODELS: Record<string, Model> = {
  Deployment: apps.v1.Deployment,
  Service: v1.Service,
  HorizontalPodAutoscaler: autoscaling.v2.HorizontalPodAutoscaler,
  PodDisruptionBudget: policy.v1.PodDisruptionBudget,
  NetworkPolicy: networkingK8sIo.v1.NetworkPolicy,
};

function complaint(manifest: { kind: string }): string | null {
  const Model = MODELS[manifest.kind];
  if (Model === undefined) return `no schema for the kind "${manifest.kind}"`;
  try {
    new Model(manifest).validate();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const manifests: { kind: string }[] = await new Response(Deno.stdin.readable)
  .json();
console.log(JSON.stringify(manifests.map(complaint)));
