/** A login that goes through a browser: it is opened, and comes back to a listener of ours on this machine. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { InputNeededError, InterruptedError } from '../errors.js';
import type { Context } from './context.js';

export interface BrowserLogin {
  /** Where the browser is to come back to. */
  redirectUri: string;
  /** Opens the address, or prints it, and waits. Answers with the address that the browser came back to. */
  visit(url: string): Promise<string>;
  close(): Promise<void>;
}

/** How long a person may take in the browser. Milliseconds. */
const WAIT_MS = 300_000;

const PAGE =
  '<!doctype html><meta charset="utf-8"><title>stepup</title><body style="font:1rem system-ui;margin:3rem">You can close this page and go back to the terminal.';

/** Starts the listener on a free port. `open` false only prints the address. */
export async function startBrowserLogin({ terminal, system }: Context, open: boolean): Promise<BrowserLogin> {
  let arrived: (url: string) => void;
  const back = new Promise<string>((resolve) => (arrived = resolve));
  const server = createServer((request, response) => {
    const url = outcomeIn(request, redirectUri);
    response.writeHead(url === undefined ? 404 : 200, {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'",
      'Cache-Control': 'no-store',
      'Referrer-Policy': 'no-referrer',
      Connection: 'close',
    });
    // The page is on its way before the listener closes.
    response.once('close', () => url !== undefined && arrived(url));
    response.end(url === undefined ? 'Not found' : PAGE);
  });
  const redirectUri = `http://127.0.0.1:${await listen(server)}/callback`;

  return {
    redirectUri,
    async visit(url) {
      terminal.warn(`Log in at: ${url}`);
      if (open) await tryToOpen(url);
      return terminal.progress('Waiting for the browser', () => first(back, system));
    },
    close: () => closed(server),
  };
}

/**
 * The address that a request came back to, if it is one that ends a login. Anything else on this machine can reach the listener too:
 * what has neither a token nor an error is passed over, and so is a page that has made its own name point here (DNS rebinding).
 */
function outcomeIn({ method, url = '', headers }: IncomingMessage, redirectUri: string): string | undefined {
  const { host, origin, pathname } = new URL(redirectUri);
  if (method !== 'GET' || headers.host !== host || !url.startsWith('/') || !URL.canParse(origin + url))
    return undefined;
  const { pathname: path, searchParams, href } = new URL(origin + url);
  const ends = searchParams.has('challenge_token') || searchParams.has('error');
  return path === pathname && ends ? href : undefined;
}

/** RFC 8252 §7.3: the loopback address, any port. */
function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

/** A machine without a browser has the address on its screen all the same. */
async function tryToOpen(url: string): Promise<void> {
  const { default: open } = await import('open');
  const child = await open(url).catch(() => undefined);
  child?.on('error', () => undefined);
}

async function first(back: Promise<string>, { sleep, signal }: Context['system']): Promise<string> {
  const done = new AbortController();
  const late = sleep(WAIT_MS, AbortSignal.any([signal, done.signal])).then(
    () => undefined,
    () => undefined, // interrupted, or the browser was quicker
  );
  const url = await Promise.race([back, late]);
  done.abort();
  if (url !== undefined) return url;
  if (signal.aborted) throw new InterruptedError();
  throw new InputNeededError('INPUT_NEEDED', 'The browser has not come back within five minutes.', {
    field: '--oauth',
    hint: 'Start again with: stepup login --oauth PROVIDER',
  });
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
