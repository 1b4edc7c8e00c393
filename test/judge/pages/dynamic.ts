/** Runs in the page: the official client, unmodified, with what a browser gives it, and every outcome as plain data. */
import { createDynamicClient } from '@dynamic-labs-sdk/client';
import { drive, type DynamicDriver, type OfficialClient } from '../support/dynamic-driver.js';

let driver: DynamicDriver;

/** `open` starts the client from whatever the browser has kept. The rest is the driver's. */
export type DynamicPageDriver = DynamicDriver & { open: typeof open };

function open(apiBaseUrl: string, environmentId: string): Promise<void> {
  const client: OfficialClient = createDynamicClient({
    environmentId,
    autoInitialize: false,
    instrumentation: { enabled: false },
    coreConfig: { apiBaseUrl },
  });
  driver = drive(client);
  return driver.initialize();
}

async function call(name: keyof DynamicPageDriver, args: unknown[]): Promise<unknown> {
  try {
    const method = (name === 'open' ? open : driver[name]) as (...values: unknown[]) => unknown;
    return { value: (await method(...args)) ?? null };
  } catch (error) {
    if (!(error instanceof Error)) return { error: String(error), message: '' };
    return { error: error.name, message: error.message, ...('code' in error ? { code: error.code } : {}) };
  }
}

Object.assign(globalThis, { call });
