/**
 * Stands in for `@std/http/status` where jsr.io cannot be reached: the codes
 * that the service uses. @module
 */

/** HTTP status codes by name. */
export const STATUS_CODE = { OK: 200, NotFound: 404 } as const;
