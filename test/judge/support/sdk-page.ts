/** A page with an SDK in it, served on http://localhost as a developer's own front end is. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { BrowserContext, Page } from 'playwright-core';

/** What `pages/*.ts` put into the page. */
interface PageGlobals {
  call(name: string, args: unknown[]): Promise<unknown>;
}

/** What came of a call: its value, or the name of the error class that the SDK threw. */
export type Result<T> = { value: T } | { error: string; message: string };

type Functions = Record<string, (...args: never[]) => unknown>;

/** The page's driver as seen from here: the same methods, each answering with a Result. */
export type Remote<Driver extends Functions> = {
  [Name in keyof Driver]: (...args: Parameters<Driver[Name]>) => Promise<Result<Awaited<ReturnType<Driver[Name]>>>>;
};

export interface SdkPage<Driver extends Functions> {
  sdk: Remote<Driver>;
  page: Page;
  /** Opens the same page once more, in a tab beside it that shares what it keeps. */
  openTab(): Promise<Pick<SdkPage<Driver>, 'sdk' | 'page'>>;
  /** Forgets everything that the page keeps: cookies and storage. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

/** Bundles `pages/NAME.ts` with its SDK, serves it, and opens it in the browser. */
export async function openSdkPage<Driver extends Functions>(
  context: BrowserContext,
  name: string,
): Promise<SdkPage<Driver>> {
  const bundle = await build({
    entryPoints: [fileURLToPath(new URL(`../pages/${name}.ts`, import.meta.url))],
    bundle: true,
    format: 'iife',
    platform: 'browser',
    write: false,
    logLevel: 'error',
  });
  const site = await serve(bundle.outputFiles[0]?.text ?? '');
  const page = await context.newPage();
  await page.goto(site.url);
  return {
    page,
    sdk: remoteOf<Driver>(page),
    openTab: async () => {
      const tab = await context.newPage();
      await tab.goto(site.url);
      return { page: tab, sdk: remoteOf<Driver>(tab) };
    },
    reset: async () => {
      await context.clearCookies();
      const devtools = await context.newCDPSession(page);
      await devtools.send('Storage.clearDataForOrigin', { origin: new URL(site.url).origin, storageTypes: 'all' });
      await devtools.detach();
      await page.goto(site.url);
    },
    close: async () => {
      await page.close();
      await site.close();
    },
  };
}

/** The driver in a page that is open. */
function remoteOf<Driver extends Functions>(page: Page): Remote<Driver> {
  const call = (method: string, args: unknown[]): Promise<unknown> =>
    page.evaluate(([called, values]) => (globalThis as unknown as PageGlobals).call(called, values), [
      method,
      args,
    ] as const);
  return new Proxy({} as Remote<Driver>, {
    get:
      (_target, method) =>
      (...args: unknown[]) =>
        call(String(method), args),
  });
}

/** The value of a call that must have worked. */
export function valueOf<T>(result: Result<T>): T {
  if ('error' in result) throw new Error(`The SDK threw ${result.error}: ${result.message}`);
  return result.value;
}

async function serve(script: string): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const isScript = request.url === '/sdk.js';
    response.setHeader('content-type', isScript ? 'text/javascript; charset=utf-8' : 'text/html; charset=utf-8');
    response.end(isScript ? script : '<!doctype html><title>judge</title><script src="/sdk.js"></script>');
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}
