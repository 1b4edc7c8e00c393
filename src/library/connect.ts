/** An emulator that runs somewhere, steered over its control API. */
import { nodeWorld } from '../node-world.js';
import { callControl, EmulatorError, type ControlPlace } from './call.js';
import { tenantControl } from './control.js';
import type { ConnectedEmulator, Tenant, TenantInfo, Tenants } from './types.js';

/** Where an emulator is: its ready line says all of it, the control API is enough. */
export interface EmulatorPlace extends ControlPlace {
  httpsUrl?: string | undefined;
  caCert?: string | undefined;
}

/**
 * The emulator at a place, or the one that this process's variables name, as `stepup emulator exec` sets them
 * (`STEPUP_EMULATOR_CONTROL_URL` and `…_TOKEN`). Sends nothing yet. Throws EmulatorError when there is neither.
 */
export function connectEmulator(place?: EmulatorPlace): ConnectedEmulator {
  const found = place ?? placeOfVariables();
  if (!found) {
    throw new EmulatorError(
      'No emulator is named: run this under `stepup emulator exec`, or give its controlUrl and controlToken.',
    );
  }
  const { controlUrl, controlToken, httpsUrl = '', caCert = '' } = found;
  return {
    url: new URL('.', controlUrl).href.replace(/\/$/, ''),
    httpsUrl,
    caCert,
    controlUrl,
    controlToken,
    ...tenantControl(found, undefined),
    tenants: tenantsAt(found),
  };
}

/** The place that this process's variables name; undefined when they name none. */
export function placeOfVariables(): EmulatorPlace | undefined {
  const { env } = nodeWorld;
  const { STEPUP_EMULATOR_CONTROL_URL: controlUrl, STEPUP_EMULATOR_CONTROL_TOKEN: controlToken } = env;
  if (!controlUrl || !controlToken) return undefined;
  const httpsUrl = env.STEPUP_EMULATOR_HTTPS_URL;
  return { controlUrl, controlToken, httpsUrl, caCert: httpsUrl ? env.NODE_EXTRA_CA_CERTS : undefined };
}

/** The tenants of an emulator. */
function tenantsAt(place: ControlPlace): Tenants {
  const remove = async (id: string): Promise<void> => {
    try {
      await callControl(place, { method: 'DELETE', path: `/tenants/${encodeURIComponent(id)}` });
    } catch (error) {
      if (!(error instanceof EmulatorError && error.status === 404)) throw error;
    }
  };
  return {
    list: async () => (await callControl<{ tenants: TenantInfo[] }>(place, { path: '/tenants' })).tenants,
    async create({ id } = {}) {
      const body = id === undefined ? {} : { id };
      const info = await callControl<TenantInfo>(place, { method: 'POST', path: '/tenants', body });
      const gone = (): Promise<void> => remove(info.id);
      return { ...info, ...tenantControl(place, info.id), delete: gone, [disposal]: gone } satisfies Tenant;
    },
    delete: remove,
  };
}

/** Node 20.0 to 20.3 have no `Symbol.asyncDispose` yet; what compiles `await using` for them makes it under this name. */
export const disposal: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose');
