/**
 * Licences as CycloneDX wants them: by SPDX id where the text is one, as an
 * expression where it is made of them, else by the name that was stated.
 *
 * @module
 */
import deprecated from "spdx-license-ids/deprecated.json" with { type: "json" };
import current from "spdx-license-ids/index.json" with { type: "json" };
import type { LicenseChoice } from "./cyclonedx.ts";

/** SPDX ids by their lower case. */
const IDS = new Map(
  [...deprecated, ...current].map((id) => [id.toLowerCase(), id]),
);

/** What Debian calls differently; its names are those of DEP-5. */
const DEBIAN: Record<string, string> = {
  "apache-2": "Apache-2.0",
  "artistic": "Artistic-1.0-Perl",
  "bsd-2-clauses": "BSD-2-Clause",
  "bsd-3-clauses": "BSD-3-Clause",
  "expat": "MIT",
};

/**
 * The licences of one component without doubles, from texts such as those of a
 * package.json. The schema has one expression alone; beside others it is a name.
 */
export function licenses(stated: string[]): { licenses?: LicenseChoice[] } {
  const found = stated.map((text): [string, LicenseChoice] => {
    const expression = spdxExpression(text);
    if (expression === undefined) return [text, { license: { name: text } }];
    if (!/[ (]/.test(expression)) {
      return [expression, { license: { id: expression } }];
    }
    return stated.length === 1
      ? [expression, { expression }]
      : [expression, { license: { name: expression } }];
  });
  return found.length > 0 ? { licenses: [...new Map(found).values()] } : {};
}

/** The text as an SPDX expression, if all of it is made of ids that SPDX has. */
export function spdxExpression(text: string): string | undefined {
  const words = text.trim().replace(/([()])/g, " $1 ").trim().split(/\s+/);
  if (words.length > 200) return undefined; // No licence; a hostile text.
  const parts: string[] = [];
  let depth = 0;
  let wantsId = true;
  for (const word of words) {
    const operator = word.toUpperCase();
    if (word === "(" && wantsId) depth++;
    else if (word === ")" && !wantsId && depth > 0) depth--;
    else if (/^(?:AND|OR)$/.test(operator) && !wantsId) wantsId = true;
    else if (wantsId && spdxId(word) !== undefined) wantsId = false;
    else return undefined;
    parts.push(spdxId(word) ?? operator);
  }
  if (wantsId || depth !== 0) return undefined;
  return parts.join(" ").replaceAll("( ", "(").replaceAll(" )", ")");
}

/** The SPDX id of a licence by its name, `GPL-2+` and `LGPL-2.1` of Debian too. */
function spdxId(name: string): string | undefined {
  const find = (id: string) => IDS.get(id.toLowerCase());
  const known = find(DEBIAN[name.toLowerCase()] ?? name);
  // SPDX gave up `GPL-2.0` and `GPL-2.0+` for names that cannot be mistaken.
  const [, family, version, later] =
    name.match(/^([AL]?GPL|GFDL)-(\d+(?:\.\d+)?)(\+)?$/i) ?? [];
  if (family === undefined) return known;
  const full = version.includes(".") ? version : `${version}.0`;
  return find(`${family}-${full}-${later ? "or-later" : "only"}`) ?? known;
}
