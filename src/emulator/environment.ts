/** The variables by which a program finds an emulator: part of the public contract. */
import type { Ready } from './emulator.js';

/** Variables of the emulator of a ready object, but `NODE_EXTRA_CA_CERTS`, which depends on the caller's own. */
export function emulatorVariables(ready: Ready): Record<string, string> {
  const { url, httpsUrl, controlUrl, controlToken, prelude, dynamic } = ready;
  return {
    STEPUP_EMULATOR_URL: url,
    STEPUP_EMULATOR_HTTPS_URL: httpsUrl,
    STEPUP_EMULATOR_CONTROL_URL: controlUrl,
    STEPUP_EMULATOR_CONTROL_TOKEN: controlToken,
    STEPUP_PRELUDE_APP_ID: prelude.appId,
    STEPUP_PRELUDE_DOMAIN: prelude.sessionDomain,
    STEPUP_PRELUDE_MANAGEMENT_URL: prelude.managementUrl,
    STEPUP_PRELUDE_MANAGEMENT_KEY: prelude.managementKey,
    STEPUP_PRELUDE_ISSUER: prelude.issuer,
    STEPUP_PRELUDE_JWKS_URL: prelude.jwksUrl,
    STEPUP_DYNAMIC_ENVIRONMENT_ID: dynamic.environmentId,
    STEPUP_DYNAMIC_API_BASE_URL: dynamic.apiBaseUrl,
    STEPUP_DYNAMIC_ISSUER: dynamic.issuer,
    STEPUP_DYNAMIC_JWKS_URL: dynamic.jwksUrl,
  };
}
