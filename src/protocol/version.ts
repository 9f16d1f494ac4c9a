/**
 * The number that sidecar and clients compare. It changes only when an old client
 * would misread a new sidecar; a package version never blocks anybody.
 */
export const PROTOCOL = 1;

/** Version of this package, filled in by the build from package.json. */
declare const VEILBOOK_VERSION: string | undefined;
export const VERSION = typeof VEILBOOK_VERSION === 'undefined' ? '0.0.0-source' : VEILBOOK_VERSION;
