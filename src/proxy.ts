/** Calls through the proxy that `HTTPS_PROXY` and `HTTP_PROXY` name. Node 20's own fetch ignores them. */
import type { Env, System } from './system.js';

type Fetch = System['fetch'];

const variables = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'];
/** A proxy cannot reach this machine's loopback: emulator and hook are called directly. */
const loopback = /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/;

/**
 * A fetch that goes through the proxy of the environment, `NO_PROXY` honoured, but for loopback addresses; `direct` itself when
 * no proxy is set. undici is loaded by the first call that needs it.
 */
export function fetchFor(env: Env, direct: Fetch): Fetch {
  if (!variables.some((name) => Boolean(env[name]))) return direct;
  let loading: Promise<Fetch> | undefined;
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (loopback.test(url.hostname)) return direct(input, init);
    return (await (loading ??= loadProxied(env)))(input, init);
  };
}

async function loadProxied(env: Env): Promise<Fetch> {
  const { default: undici } = await import('undici');
  const httpProxy = env.http_proxy ?? env.HTTP_PROXY;
  const httpsProxy = env.https_proxy ?? env.HTTPS_PROXY;
  const noProxy = env.no_proxy ?? env.NO_PROXY;
  const dispatcher = new undici.EnvHttpProxyAgent({
    ...(httpProxy ? { httpProxy } : {}),
    ...(httpsProxy ? { httpsProxy } : {}),
    ...(noProxy ? { noProxy } : {}),
  });
  // The two fetches have the same shape, but their types come from two versions of undici.
  return ((input: string, init: object) => undici.fetch(input, { ...init, dispatcher })) as unknown as Fetch;
}
