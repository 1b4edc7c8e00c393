/** What the emulator answers to calls about tenants. */
import * as v from 'valibot';

export const tenantSchema = v.object({
  id: v.string(),
  prelude: v.object({
    appId: v.string(),
    sessionDomain: v.string(),
    managementUrl: v.string(),
    managementKey: v.string(),
    issuer: v.string(),
    jwksUrl: v.string(),
  }),
  dynamic: v.object({
    environmentId: v.string(),
    apiBaseUrl: v.string(),
    issuer: v.string(),
    jwksUrl: v.string(),
  }),
});
