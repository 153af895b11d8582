/**
 * Why a registry gave no answer that can be used.
 *
 * @module
 */

/** An answer that cannot be used; the message goes on from the registry's name. */
export class RegistryError extends Error {
  override name = "RegistryError";
}
