/**
 * What differs in how two images are run.
 *
 * @module
 */
import type { Image } from "../image/model.ts";
import type { ValueChange } from "./diff_schema.ts";
import { diffValues } from "./diff_values.ts";

/** Compares two configurations, environment and labels name by name. */
export function diffConfig(before: Image, after: Image): ValueChange[] {
  return diffValues(valuesOf(before), valuesOf(after));
}

/** Each setting as one text; what is not set is absent. */
function valuesOf({ architecture, os, config }: Image): Map<string, string> {
  const settings: [string, string | string[]][] = [
    ["architecture", architecture],
    ["os", os],
    ["user", config.user],
    ["entrypoint", config.entrypoint],
    ["cmd", config.cmd],
    ["workingDir", config.workingDir],
    ["exposedPorts", config.exposedPorts],
    ["stopSignal", config.stopSignal],
    ["healthcheck", config.healthcheck],
    ["volumes", config.volumes],
  ];
  const values = new Map<string, string>();
  for (const [name, value] of settings) {
    if (value.length === 0) continue;
    values.set(name, typeof value === "string" ? value : JSON.stringify(value));
  }
  for (const line of config.env) {
    const equals = line.indexOf("=");
    const name = equals < 0 ? line : line.slice(0, equals);
    values.set(`env ${name}`, equals < 0 ? "" : line.slice(equals + 1));
  }
  for (const [name, value] of Object.entries(config.labels)) {
    values.set(`label ${name}`, value);
  }
  return values;
}
