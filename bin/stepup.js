#!/usr/bin/env node
import { existsSync } from 'node:fs';

const entry = new URL('../dist/main.js', import.meta.url);
if (existsSync(entry)) {
  const { main, realSystem } = await import(entry.href);
  process.exitCode = await main(await realSystem());
} else {
  process.stderr.write('stepup is not built: run `npm ci` (or `npm run build`) in its folder first.\n');
  process.exitCode = 1;
}
