/**
 * The client of the bench, a process of its own: runs a flow so many times at once for a while, and prints
 * `{"flows","seconds","rate"}` as one line.
 *
 *   node client.mjs '{"flow":"phone-sign-in","target":{…},"concurrency":16,"seconds":5}'      or "flows": N in place of seconds
 */
import { Pool } from 'undici';
import { firebaseSignIn } from './flows/firebase.mjs';
import { phoneSignIn, stepUp } from './flows/prelude.mjs';

const flows = { 'firebase-sign-in': firebaseSignIn, 'phone-sign-in': phoneSignIn, 'step-up': stepUp };
const {
  flow,
  target,
  concurrency,
  seconds = Infinity,
  flows: wanted = Infinity,
  first = 0,
} = JSON.parse(process.argv[2]);

const pool = new Pool(new URL(target.url).origin, { connections: concurrency, pipelining: 1 });
const run = flows[flow](target, call);
let number = first;
let done = 0;
const began = performance.now();
const elapsed = () => (performance.now() - began) / 1000;

await Promise.all(
  Array.from({ length: concurrency }, async () => {
    while (elapsed() < seconds && number - first < wanted) {
      await run(number++);
      done += 1;
    }
  }),
);
const took = elapsed();
await pool.close();
console.log(JSON.stringify({ flows: done, seconds: took, rate: done / took }));

/** One request. Throws for any status but those of success: what fails fast must not count as fast. */
async function call(method, path, { headers = {}, body, form } = {}) {
  const response = await pool.request({
    method,
    path,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
      ...headers,
    },
    body: form ?? (body === undefined ? undefined : JSON.stringify(body)),
  });
  const text = await response.body.text();
  if (response.statusCode >= 400) throw new Error(`${method} ${path}: ${response.statusCode} ${text.slice(0, 300)}`);
  return { headers: response.headers, body: text === '' ? {} : JSON.parse(text) };
}
