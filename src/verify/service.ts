/** Whose tokens a backend believes: issuer and key set, from how the developer names the service. */
import { isLoopback } from '../address.js';
import { refuseUnknown } from './members.js';
import type { DynamicService, Service } from './types.js';

export interface TokenService {
  /** The values that `iss` may have. */
  issuers: ReadonlySet<string>;
  jwksUrl: URL;
  /** Dynamic: where its tokens say the environment, and where the second one comes. */
  dynamic?: { environmentId: string; elevatedHeader: string };
}

const DYNAMIC_API = 'https://app.dynamicauth.com/api/v0';
const DYNAMIC_ELEVATED_HEADER = 'x-dyn-elevated-access-token';
/** The host of Dynamic's tokens, whatever its API is called by (Dynamic: tokens). */
const DYNAMIC_HOST = 'app.dynamic.xyz';
/** RFC 9110 §5.6.2. */
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;

/** Reads what names the service. Throws TypeError for what names none, and for plain http beyond this machine unless `insecure`. */
export function tokenService(service: Service, { insecure = false }: { insecure?: boolean | undefined }): TokenService {
  const { prelude, dynamic } = service;
  if ((prelude === undefined) === (dynamic === undefined)) throw new TypeError('Name one of prelude and dynamic.');
  if (dynamic !== undefined) return dynamicService(dynamic, insecure);
  if (typeof prelude === 'string') {
    const url = addressOf(prelude, 'prelude', insecure);
    return { issuers: spellings(bare(url)), jwksUrl: new URL(`${url.href}.well-known/jwks.json`) };
  }
  refuseUnknown(prelude, ['issuer', 'jwksUrl'], 'The members of prelude');
  const { issuer, jwksUrl } = prelude ?? {};
  if (typeof issuer !== 'string' || issuer === '') throw new TypeError('prelude.issuer is missing.');
  return { issuers: spellings(issuer), jwksUrl: webAddress(jwksUrl, 'prelude.jwksUrl', insecure) };
}

const OF_DYNAMIC = ['environmentId', 'apiUrl', 'issuer', 'elevatedHeader'] satisfies (keyof DynamicService)[];

function dynamicService(dynamic: NonNullable<Service['dynamic']>, insecure: boolean): TokenService {
  refuseUnknown(dynamic, OF_DYNAMIC, 'The members of dynamic');
  const { environmentId, apiUrl = DYNAMIC_API, issuer, elevatedHeader = DYNAMIC_ELEVATED_HEADER } = dynamic;
  if (typeof environmentId !== 'string' || !/^[\w-]+$/.test(environmentId)) {
    throw new TypeError('dynamic.environmentId is no id of an environment.');
  }
  if (!HEADER_NAME.test(elevatedHeader)) throw new TypeError('dynamic.elevatedHeader is no name of a header.');
  const url = addressOf(apiUrl, 'dynamic.apiUrl', insecure);
  const own = `${bare(url).replace(/\/api\/v0$/, '')}/${environmentId}`;
  const isLive = url.hostname.endsWith('.dynamicauth.com');
  const issuers = issuer === undefined ? [own, ...(isLive ? [`${DYNAMIC_HOST}/${environmentId}`] : [])] : [issuer];
  return {
    issuers: new Set(issuers.flatMap((each) => [...spellings(each)])),
    jwksUrl: new URL(`${url.href}sdk/${environmentId}/.well-known/jwks`),
    dynamic: { environmentId, elevatedHeader: elevatedHeader.toLowerCase() },
  };
}

/** An issuer with and without its scheme: Prelude's and Dynamic's tokens leave it out. */
function spellings(issuer: string): Set<string> {
  return new Set([issuer, issuer.startsWith('https://') ? issuer.slice(8) : `https://${issuer}`]);
}

function bare({ host, pathname }: URL): string {
  return `${host}${pathname}`.replace(/\/+$/, '');
}

/** An address under which others are: it ends with a slash. */
function addressOf(text: string, name: string, insecure: boolean): URL {
  const url = webAddress(text, name, insecure);
  if (url.search !== '') throw new TypeError(`${name} has a query.`);
  url.pathname = url.pathname.replace(/\/*$/, '/');
  return url;
}

function webAddress(text: string | undefined, name: string, insecure: boolean): URL {
  const url = typeof text === 'string' && /^https?:\/\//i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  if (!url || url.username !== '' || url.password !== '' || url.hash !== '') {
    throw new TypeError(`${name} is no https address.`);
  }
  // Whoever is on the way could put in a key of their own.
  if (url.protocol === 'http:' && !insecure && !isLoopback(url.hostname)) {
    throw new TypeError(`${name} is plain http, and not on this machine: anybody on the way could sign tokens.`);
  }
  return url;
}
