/** Bundles the page for the environment that the variables name, and serves it. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { build } from 'esbuild';

const { PORT = '5173', STEPUP_DYNAMIC_ENVIRONMENT_ID, STEPUP_DYNAMIC_API_BASE_URL } = process.env;

const { outputFiles } = await build({
  entryPoints: ['main.js'],
  bundle: true,
  write: false,
  define: {
    'process.env.STEPUP_DYNAMIC_ENVIRONMENT_ID': JSON.stringify(STEPUP_DYNAMIC_ENVIRONMENT_ID),
    'process.env.STEPUP_DYNAMIC_API_BASE_URL': JSON.stringify(STEPUP_DYNAMIC_API_BASE_URL) ?? 'undefined',
  },
});

createServer(({ url }, response) => {
  const isScript = url === '/main.js';
  response.setHeader('Content-Type', isScript ? 'text/javascript; charset=utf-8' : 'text/html; charset=utf-8');
  response.end(isScript ? outputFiles[0].text : readFileSync('index.html'));
}).listen(Number(PORT), 'localhost', function () {
  console.log(`http://localhost:${this.address().port}`);
});
