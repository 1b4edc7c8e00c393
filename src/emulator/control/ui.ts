/** `/ui`: the web page. Its files hold no secret; what it shows it asks of the control API, with the token of its address's fragment. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Hono } from 'hono';
import { Problem } from './problem.js';

/** Name of the page under the control API's prefix. */
export const UI_PATH = '/ui';

/** The page's files, and how each is served. */
const FILES: Record<string, { file: string; type: string }> = {
  '': { file: 'index.html', type: 'text/html; charset=utf-8' },
  'app.js': { file: 'app.js', type: 'text/javascript; charset=utf-8' },
  'app.css': { file: 'app.css', type: 'text/css; charset=utf-8' },
  'icon.svg': { file: 'icon.svg', type: 'image/svg+xml' },
};

/** Where the build puts the files, seen from the bundle's parts and from this source. */
const PLACES = ['./ui/', '../ui/', '../../../dist/ui/'];

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const HEADERS = {
  'Content-Security-Policy': POLICY,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
};

/**
 * Serves the page's files from `folder`, by default where the build puts them. No token is asked for: there is nothing in them. Throws
 * Problem 404 for any other name, and where the page was not built.
 */
export function uiFiles(folder: string | undefined): Hono {
  const kept = new Map<string, Promise<string>>();
  const read = (file: string): Promise<string> => {
    const place = folder ?? builtFolder();
    const text = kept.get(file) ?? readFile(join(place, file), 'utf8');
    kept.set(file, text);
    // A build may have been under way: the next call looks again.
    text.catch(() => kept.delete(file));
    return text;
  };

  const app = new Hono();
  app.get('/:name?', async (c) => {
    const name = c.req.param('name') ?? '';
    const asset = Object.hasOwn(FILES, name) ? FILES[name] : undefined;
    if (!asset) throw new Problem(404, `The page has no file "${name}".`);
    return c.body(await read(asset.file), 200, { ...HEADERS, 'Content-Type': asset.type });
  });
  return app;
}

function builtFolder(): string {
  const built = PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  const found = built.find((place) => existsSync(join(place, 'index.html')));
  if (found === undefined) throw new Problem(404, 'The page was not built: run `npm run build`.');
  return found;
}
