import { expect, test } from 'vitest';
import { readAnswer } from '../../src/http/answer.js';

test.each([
  [
    'a web page',
    '<html>Bad gateway</html>',
    'x.example is failing: it answered with status 502 and an error page that is not JSON.',
  ],
  ['JSON', '{"code":"internal"}', 'x.example is failing: it answered with status 502.'],
  ['nothing', '', 'x.example is failing: it answered with status 502.'],
])('a 5xx with %s', async (_what, body, message) => {
  const { failure } = await readAnswer(new Response(body, { status: 502 }), 'x.example', 0);
  expect(failure).toMatchObject({ code: 'SERVICE_FAILING', status: 502, message });
});
