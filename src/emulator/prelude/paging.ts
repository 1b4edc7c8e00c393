/** Pages of a list, as `limit` and `offset` of a query ask for them. */
import type { Context } from 'hono';
import type { Env } from './errors.js';

export interface Page {
  /** 1 to 100; 10 when nothing is said. */
  limit: number;
  offset: number;
}

/** The page that a request asks for, or the name of what is wrong with it. */
export function pageOf(c: Context<Env>): Page | 'limit' | 'offset' {
  const limit = c.req.query('limit') ?? '10';
  const offset = c.req.query('offset') ?? '0';
  if (!/^\d{1,3}$/.test(limit) || Number(limit) < 1 || Number(limit) > 100) return 'limit';
  if (!/^\d{1,9}$/.test(offset)) return 'offset';
  return { limit: Number(limit), offset: Number(offset) };
}

/** The part of a list that is on the page. */
export function cut<T>(list: readonly T[], { limit, offset }: Page): T[] {
  return list.slice(offset, offset + limit);
}
