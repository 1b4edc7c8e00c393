declare const STEPUP_VERSION: string | undefined;

/** The package's version; the build writes it in. */
export const version: string = typeof STEPUP_VERSION === 'string' ? STEPUP_VERSION : '0.0.0-source';
