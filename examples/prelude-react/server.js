/** Bundles the page for the application that STEPUP_PRELUDE_DOMAIN names, and serves it. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { build } from 'esbuild';

const { PORT = '5173', STEPUP_PRELUDE_DOMAIN } = process.env;

const { outputFiles } = await build({
  entryPoints: ['app.jsx'],
  bundle: true,
  write: false,
  jsx: 'automatic',
  define: { 'process.env.STEPUP_PRELUDE_DOMAIN': JSON.stringify(STEPUP_PRELUDE_DOMAIN) },
});

createServer(({ url }, response) => {
  const isScript = url === '/app.js';
  response.setHeader('Content-Type', isScript ? 'text/javascript; charset=utf-8' : 'text/html; charset=utf-8');
  response.end(isScript ? outputFiles[0].text : readFileSync('index.html'));
}).listen(Number(PORT), 'localhost', function () {
  console.log(`http://localhost:${this.address().port}`);
});
