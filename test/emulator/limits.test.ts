import { describe, expect, it } from 'vitest';
import { loggedIn, startWorld } from './prelude/client.js';
import { startTestEmulator } from '../support/emulator.js';

describe('an emulator that is never reset', () => {
  it('lets the oldest users and sessions go, and goes on', async () => {
    const world = await startWorld({ maxRecords: 100 });
    try {
      const first = await loggedIn(world, '+33600000001');
      for (let user = 1; user <= 120; user++) {
        for (const provider of ['prelude', 'dynamic']) {
          const wish = { provider, identifiers: [`user${user}@example.com`] };
          expect((await world.control.call('POST', '/users', wish)).status).toBe(201);
        }
      }
      const { users } = (await (await world.control.call('GET', '/users')).json()) as {
        users: { provider: string; identifiers: string[] }[];
      };
      for (const provider of ['prelude', 'dynamic']) {
        const kept = users.filter((user) => user.provider === provider);
        expect(kept.length).toBeGreaterThan(90);
        expect(kept.length).toBeLessThanOrEqual(100);
        expect(kept.at(-1)?.identifiers).toEqual(['user120@example.com']);
      }
      // Who has gone can come again, as somebody new.
      const again = await world.control.call('POST', '/users', {
        provider: 'prelude',
        identifiers: ['user1@example.com'],
      });
      expect(again.status).toBe(201);
      await loggedIn(world, '+33600000001');

      for (let user = 2; user <= 103; user++) await loggedIn(world, `+336${String(user).padStart(8, '0')}`);
      const refused = await first.refreshWith();
      expect(refused.status).toBe(401);
      const last = await loggedIn(world, '+33600000999');
      expect((await last.refreshWith()).status).toBe(200);
    } finally {
      await world.stop();
    }
  });

  it.each([0, 99, 1.5, -1, Number.NaN])('takes no limit of %d', async (maxRecords) => {
    await expect(startTestEmulator({ maxRecords })).rejects.toMatchObject({
      code: 'FLAG_INVALID',
      field: '--max-records',
    });
  });
});
