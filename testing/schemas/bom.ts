/**
 * Validates bills of materials against the strict schema of CycloneDX 1.6, with
 * the official library: a JSON list on stdin, a list of complaints on stdout.
 *
 * @module
 */
// The validator asks for these by name, and only finds what is imported.
import "ajv";
import "ajv-formats";
import "ajv-formats-draft2019";
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";

const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
const documents: unknown[] = await new Response(Deno.stdin.readable).json();
const complaints = await Promise.all(
  documents.map((document) => validator.validate(JSON.stringify(document))),
);
console.log(JSON.stringify(complaints));
