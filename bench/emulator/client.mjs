/**
 * The client of the bench, a process of its own: runs a flow so many times at once for a while, and prints
 * `{"flows","seconds","rate"}` as one line. As light as undici can be, since it shares the machine with what it measures.
 *
 *   node client.mjs '{"flow":"phone-sign-in","target":{…},"concurrency":16,"seconds":5}'      or "flows": N in place of seconds
 *
 * `warmUp` seconds go before and are not counted: a client that has just started is slower than any server.
 */
import { Client } from 'undici';
import { firebaseSignIn } from './flows/firebase.mjs';
import { phoneSignIn, stepUp } from './flows/prelude.mjs';

const flows = { 'firebase-sign-in': firebaseSignIn, 'phone-sign-in': phoneSignIn, 'step-up': stepUp };
const {
  flow,
  target,
  concurrency,
  seconds = Infinity,
  flows: wanted = Infinity,
  warmUp = 0,
  first = 0,
} = JSON.parse(process.argv[2]);

const clients = Array.from({ length: concurrency }, () => new Client(new URL(target.url).origin));
let number = first;

if (warmUp > 0) await repeat(warmUp, Infinity);
const result = await repeat(seconds, wanted);
await Promise.all(clients.map((client) => client.close()));
console.log(JSON.stringify(result));

/** Runs the flow over each connection at once, for so long or so often. */
async function repeat(forSeconds, atMost) {
  const began = performance.now();
  const elapsed = () => (performance.now() - began) / 1000;
  let left = atMost;
  let done = 0;
  await Promise.all(
    clients.map(async (client) => {
      const run = flows[flow](target, (...request) => call(client, ...request));
      while (elapsed() < forSeconds && left-- > 0) {
        await run(number++);
        done += 1;
      }
    }),
  );
  const took = elapsed();
  return { flows: done, seconds: took, rate: done / took };
}

/** One request. Fails for any status but those of success: what fails fast must not count as fast. */
function call(client, method, path, { headers = {}, body, form } = {}) {
  const type = form === undefined ? 'application/json' : 'application/x-www-form-urlencoded';
  const sent = form ?? (body === undefined ? undefined : JSON.stringify(body));
  const request = {
    method,
    path,
    headers: sent === undefined ? headers : { 'content-type': type, ...headers },
    body: sent,
  };
  return new Promise((resolve, reject) => {
    let status;
    let answered;
    const chunks = [];
    client.dispatch(request, {
      onRequestStart: () => undefined,
      onResponseStart: (_controller, code, names) => {
        status = code;
        answered = names;
      },
      onResponseData: (_controller, chunk) => void chunks.push(chunk),
      onResponseEnd: () => {
        const text = Buffer.concat(chunks).toString();
        if (status >= 400) reject(new Error(`${method} ${path}: ${status} ${text.slice(0, 300)}`));
        else resolve({ headers: answered, body: text === '' ? {} : JSON.parse(text) });
      },
      onResponseError: (_controller, error) => reject(error),
    });
  });
}
