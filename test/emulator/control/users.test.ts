import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loggedIn, startWorld, type World } from '../prelude/client.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

async function call(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
  const response = await world.control.call(method, path, body);
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
}

describe('users over the control API', () => {
  it('are made, listed by side and deleted with their sessions', async () => {
    const ada = { provider: 'prelude', id: 'usr_ada', identifiers: ['+33612345678', 'ada@example.com'] };
    const made = await call('POST', '/users', { ...ada, password: 'correct horse' });
    expect(made).toEqual({ status: 201, body: { ...ada, createdAt: expect.any(String) as string } });
    const bob = { provider: 'dynamic', identifiers: ['bob@example.com'] };
    const other = await call('POST', '/users', { ...bob, totp: { secret: 'GEZDGNBVGY3TQOJQ' } });
    expect(other).toMatchObject({ status: 201, body: bob });
    expect(JSON.stringify(other)).not.toContain('GEZDGNBVGY3TQOJQ');
    expect(await call('GET', '/users')).toEqual({ status: 200, body: { users: [made.body, other.body] } });
    expect((await call('GET', '/users?provider=dynamic')).body).toEqual({ users: [other.body] });
    expect((await call('GET', '/users?provider=prelude')).body).toEqual({ users: [made.body] });

    const client = await loggedIn(world, '+33612345678');
    expect((await call('DELETE', '/users/usr_ada?provider=dynamic')).status).toBe(404);
    expect((await call('DELETE', '/users/usr_ada')).status).toBe(204);
    expect((await client.refreshWith()).status).toBe(401);
    const { id } = other.body as { id: string };
    expect((await call('DELETE', `/users/${id}`)).status).toBe(204);
    expect((await call('GET', '/users')).body).toEqual({ users: [] });
    expect((await call('DELETE', `/users/${id}`)).status).toBe(404);
  });

  it('have identifiers of their own', async () => {
    for (const provider of ['prelude', 'dynamic']) {
      const wish = { provider, identifiers: [`${provider}@example.com`] };
      expect((await call('POST', '/users', wish)).status).toBe(201);
      expect(await call('POST', '/users', wish)).toMatchObject({ status: 409, body: { title: 'Conflict' } });
    }
  });

  it.each([
    [{ identifiers: ['a@b.co'] }, 'provider'],
    [{ provider: 'prelude' }, 'identifiers'],
    [{ provider: 'prelude', identifiers: ['ada'] }, 'identifiers.0'],
    [{ provider: 'prelude', identifiers: ['a@b.co'], totp: { secret: 'GEZDGNBVGY3TQOJQ' } }, 'totp'],
    [{ provider: 'dynamic' }, 'identifiers'],
    [{ provider: 'dynamic', identifiers: ['a@b.co'], totp: { secret: 'x' } }, 'totp.secret'],
  ])('are refused as %j, which names the field', async (wish, field) => {
    expect(await call('POST', '/users', wish)).toMatchObject({ status: 400, body: { field } });
  });
});
