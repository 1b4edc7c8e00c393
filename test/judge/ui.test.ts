/** The emulator's web page in a real Chromium: what it shows by itself, what it does, and what it must never do. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Client, loggedIn, newKey, startWorld, tokenOf } from '../emulator/prelude/client.js';
import { skipsWithoutChromium } from './support/chromium.js';
import { startUi, type Ui } from './support/ui.js';
import { ADA, playScene, stepUp, type Scene } from './support/ui-scene.js';

const BOB = '+33698765432';
/** Messages to this one are suppressed. */
const SILENT = '+33600000002';
/** A busy machine takes its time. */
const PATIENTLY = { timeout: 10_000 };
const VIEWS = ['Inbox', 'Sessions', 'Hooks', 'Events', 'Controls'];

describe.skipIf(skipsWithoutChromium())('the web page', () => {
  let ui: Ui;
  let scene: Scene | undefined;
  let page: Page;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stepup-judge-seed-'));
    const seed = join(folder, 'seed.yaml');
    await writeFile(seed, `identities:\n  - { identity: '${SILENT}', suppressed: the carrier refused it }\n`);
    ui = await startUi({ seed });
  });
  afterAll(async () => {
    await ui?.close();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    await ui.world.control.clearState();
    page = await ui.open();
    await page.getByText('live', { exact: true }).waitFor();
  });
  afterEach(async () => {
    await page.close();
    await scene?.close();
    scene = undefined;
    const faults = ui.faults();
    if (faults.length > 0) throw new Error(faults.join('; '));
  });

  const view = (name: string) => page.getByRole('navigation').getByRole('link', { name }).click();
  const inbox = () => page.getByRole('region', { name: /^Inbox/ });
  const challenge = (scope: string) => page.getByRole('list', { name: `Progress of ${scope}` });
  const points = (scope: string) => challenge(scope).first().getByRole('listitem').allTextContents();
  const tenants = () => page.getByRole('combobox', { name: /^Tenant/ });
  const clipboard = () => page.evaluate<string>('navigator.clipboard.readText()');

  it('shows a new code by itself, tells it, and copies it with one click', async () => {
    await inbox().getByText('No message yet').waitFor();
    await loggedIn(ui.world, ADA);
    const code = await ui.world.code(ADA);
    const button = inbox().getByRole('button', { name: `Copy the code ${code}` });
    await button.waitFor();
    await page.getByRole('status').getByText(`New code ${code} for ${ADA}`).waitFor({ state: 'attached' });
    await button.click();
    expect(await clipboard()).toBe(code);
    await button.getByText('copied').waitFor();

    await loggedIn(ui.world, BOB);
    const newer = await ui.world.code(BOB);
    await inbox().getByRole('listitem').first().getByText(newer).waitFor();
    expect(await inbox().getByRole('listitem').count()).toBe(2);
  });

  it('shows a message that never arrives, with the reason', async () => {
    await sendCode(SILENT);
    const letter = inbox().getByRole('listitem').filter({ hasText: SILENT });
    await letter.getByText('suppressed: the carrier refused it').waitFor();
    await letter.getByRole('button', { name: `Copy the code ${await ui.world.code(SILENT)}` }).waitFor();
  });

  it('follows a challenge from its opening to the grant', async () => {
    scene = await playScene(ui.world);
    await expect
      .poll(() => points('transfer:write'), PATIENTLY)
      .toEqual(['asked: done', 'verify_sms: under way', 'granted: to come']);
    const checked = await scene.ada.checkCode(scene.openToken, await ui.world.code(ADA));
    await expect
      .poll(() => points('transfer:write'), PATIENTLY)
      .toEqual(['asked: done', 'verify_sms: done', 'exchange: under way']);
    await scene.ada.refreshWith(tokenOf(checked));
    await expect
      .poll(() => points('transfer:write'), PATIENTLY)
      .toEqual(['asked: done', 'verify_sms: done', 'granted: done']);

    expect(await points('payout:write')).toEqual(['asked: done', 'blocked: failed']);
    expect(await points('wallet:sign')).toEqual(['checked: done', 'proof: done', 'granted: done']);
    expect(await challenge('key:export').nth(1).getByRole('listitem').allTextContents()).toEqual([
      'asked: done',
      'verify_sms: failed',
      'kyc_review: to come',
      'too many attempts: failed',
    ]);
    expect(await challenge('key:export').first().locator('[aria-current=step]').innerText()).toContain('kyc_review');
  });

  it('shows sessions with their claims, and how long they last by the emulator’s clock', async () => {
    scene = await playScene(ui.world);
    await view('Sessions');
    const card = page.getByRole('listitem').filter({ has: page.getByText(ADA, { exact: true }) });
    await card.getByText('transfer:write').waitFor();
    await card.getByText('Claims of the newest access token').click();
    await card.getByText('"scope": "transfer:write"').waitFor();
    await card.getByText(/^29 d 23 h left$/).waitFor();
    await card.getByText(/^\d+ s left$/).waitFor();
    await ui.world.control.clock({ advance: 86_400 });
    await card.getByText(/^28 d 23 h left$/).waitFor();
    await card.getByText('over', { exact: true }).waitFor();
    expect(await page.content()).not.toContain(scene.ada.access);
  });

  it('shows a hook call with its request, signature, verdict and time', async () => {
    scene = await playScene(ui.world);
    await view('Hooks');
    const call = page.getByRole('listitem').filter({ hasText: 'payout:write' });
    await call.getByText('block', { exact: true }).waitFor();
    await call.getByText(/^200 · \d+ ms$/).waitFor();
    await call.getByText('payout:write').first().click();
    await call.getByText('"scope_requested": "payout:write"').waitFor();
    await call.getByText('RSASSA-PSS SHA-256').waitFor();
    await call.getByRole('definition').getByText('block', { exact: true }).waitFor();
    const { signature, body } = scene.hookCalls.find((each) => each.body.includes('payout:write'))!;
    await call.getByText(signature, { exact: true }).waitFor();
    await call.getByRole('button', { name: 'Copy the body as it was sent' }).click();
    await expect.poll(clipboard, PATIENTLY).toBe(body);
    await page.getByRole('listitem').filter({ hasText: 'transfer:write' }).first().getByText('review').click();
    await page.getByText('verify_sms within 10 min').waitFor();
    await page.getByRole('definition').getByText('5 min', { exact: true }).waitFor();
  });

  it('filters events', async () => {
    scene = await playScene(ui.world);
    await view('Events');
    const rows = page.locator('ol.events > li');
    const said = () => rows.allInnerTexts();
    await rows.first().waitFor();
    await page.getByLabel('Find').fill('emailVerifications verify');
    await expect.poll(() => rows.count(), PATIENTLY).toBe(1);
    await page.getByLabel('Find').fill('');
    await page.getByLabel('only refused or failed').check();
    await expect
      .poll(async () => (await said()).every((text) => /4\d\d|block|exhausted/.test(text)), PATIENTLY)
      .toBe(true);
    await page.getByLabel('only refused or failed').uncheck();
    for (const type of ['challenge', 'hook', 'message', 'request', 'session', 'state']) {
      await page.getByRole('checkbox', { name: new RegExp(`^${type} `) }).uncheck();
    }
    await expect.poll(async () => (await said()).every((text) => text.includes('token')), PATIENTLY).toBe(true);
    await rows.first().locator('summary').click();
    await rows.first().getByText('"type": "token"').waitFor();
  });

  it('holds the list while somebody reads', async () => {
    await stepOnce();
    await view('Events');
    const rows = page.locator('ol.events > li');
    await rows.first().waitFor();
    await page.getByRole('button', { name: 'Hold' }).click();
    const before = await rows.allInnerTexts();
    await loggedIn(ui.world, BOB);
    const held = page.getByRole('button', { name: /^Held · \d+ newer$/ });
    await expect.poll(() => held.innerText(), PATIENTLY).not.toContain('· 0 newer');
    expect(await rows.allInnerTexts()).toEqual(before);
    await held.click();
    await expect.poll(() => rows.count(), PATIENTLY).toBeGreaterThan(before.length);
  });

  it('moves the clock', async () => {
    await view('Controls');
    const standing = async () =>
      (await (await ui.world.control.call('GET', '/clock')).json()) as { offset: number; frozen: boolean };
    const header = page.getByRole('banner').getByRole('link', { name: /^Clock/ });
    await page.getByRole('button', { name: 'Advance by 5 min' }).click();
    await expect.poll(() => header.getAttribute('aria-label'), PATIENTLY).toBe('Clock: 5 min ahead');
    expect(Math.round((await standing()).offset)).toBe(300);
    await page.getByLabel('By a span of time').fill('1h');
    await page.getByLabel('By a span of time').press('Enter');
    await expect.poll(() => header.getAttribute('aria-label'), PATIENTLY).toBe('Clock: 1 h 5 min ahead');
    await page.getByRole('button', { name: 'Freeze' }).click();
    await page.getByRole('button', { name: 'Resume' }).waitFor();
    expect((await standing()).frozen).toBe(true);
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByRole('button', { name: 'Freeze' }).waitFor();
    await page.getByLabel('By a span of time').fill('-90s');
    await page.getByRole('button', { name: 'Set offset' }).click();
    await expect.poll(() => header.getAttribute('aria-label'), PATIENTLY).toBe('Clock: 1 min 30 s behind');
    await page.getByRole('button', { name: 'Back to real time' }).click();
    await expect.poll(() => header.getAttribute('aria-label'), PATIENTLY).toBe('Clock: real time');
    await page.getByLabel('By a span of time').fill('soon');
    await page.getByLabel('By a span of time').press('Enter');
    await page.getByRole('alert').getByText('takes a span of time').waitFor();
  });

  it('adds faults, counts what they do, and removes them', async () => {
    await view('Controls');
    await page.getByLabel('Path').fill('/v1/session/otp');
    await page.getByRole('button', { name: 'Add the fault' }).click();
    await page.getByText('answers 500').waitFor();
    const answer = await fetch(`${ui.world.url}/v1/session/otp`, { method: 'POST' });
    expect(answer.status).toBe(500);
    await page.getByText('any method /v1/session/otp · once · happened 1 of 1 met, used up').waitFor();

    await page.getByLabel('What happens').selectOption({ label: 'wait before the work' });
    await page.getByLabel('How long').fill('1s');
    await page.getByLabel('Path').fill('no path');
    await page.getByRole('button', { name: 'Add the fault' }).click();
    await page.getByRole('alert').getByText('match.path').waitFor();
    await page.getByLabel('Path').fill('/api/*');
    await page.getByRole('button', { name: 'Add the fault' }).click();
    await page.getByText('waits 1000 ms').waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);

    await page.getByRole('button', { name: /^Remove: answers 500/ }).click();
    await expect.poll(() => page.getByText('answers 500').count(), PATIENTLY).toBe(0);
    await ui.world.control.clearFaults();
    await page.getByText('Nothing goes wrong').waitFor();
  });

  it('goes back to the start when it is told twice, and takes and restores snapshots', async () => {
    await stepOnce();
    await view('Controls');
    await page.getByLabel('Name of a snapshot').fill('not a name');
    await page.getByRole('button', { name: 'Take' }).click();
    await page.getByRole('alert').getByText('expected up to 64 letters').waitFor();
    await page.getByLabel('Name of a snapshot').fill('stepped-up');
    await page.getByRole('button', { name: 'Take' }).click();
    const restore = page.getByRole('button', { name: 'Restore stepped-up' });
    await restore.waitFor();

    await page.getByRole('button', { name: 'Back to the start' }).click();
    expect(await ui.world.control.messages()).not.toEqual([]);
    await page.getByRole('button', { name: 'Sure? Back to the start' }).click();
    await page.getByRole('button', { name: 'Back to the start', exact: true }).waitFor();
    await view('Inbox');
    await inbox().getByText('No message yet').waitFor();
    await page.getByText('No challenge yet').waitFor();
    await view('Sessions');
    await page.getByText('Nobody is logged in.').waitFor();
    await view('Hooks');
    await page.getByText('No hook was called yet.').waitFor();

    await view('Controls');
    await restore.click();
    await view('Sessions');
    await page.getByText(ADA, { exact: true }).waitFor();
    await view('Controls');
    await page.getByRole('button', { name: 'Remove stepped-up' }).click();
    await expect.poll(() => restore.count(), PATIENTLY).toBe(0);
  });

  it('chooses the tenant when there are several', async () => {
    expect(await tenants().count()).toBe(0);
    await stepOnce();
    await inbox().getByText(ADA).first().waitFor();
    await ui.world.control.call('POST', '/tenants', { id: 'worker-1' });
    await page.reload();
    await tenants().selectOption('worker-1');
    await inbox().getByText('No message yet').waitFor();
    expect(page.url()).toBe(`${ui.address}#now@worker-1`);
    await view('Events');
    await page.reload();
    await expect.poll(() => tenants().inputValue(), PATIENTLY).toBe('worker-1');
    expect(page.url()).toBe(`${ui.address}#events@worker-1`);
    await view('Inbox');
    await inbox().getByText('No message yet').waitFor();
    await ui.world.control.call('DELETE', '/tenants/worker-1');
    await page.getByText('There is no tenant “worker-1” any more.').waitFor();
    await inbox().getByText(ADA).first().waitFor();
    expect(page.url()).toBe(`${ui.address}#now`);
    await expect.poll(() => tenants().count(), PATIENTLY).toBe(0);
  });

  it('can be walked with the keyboard alone', async () => {
    await stepOnce();
    const code = await ui.world.code(ADA);
    await inbox().getByText(code).first().waitFor();
    await page.evaluate("navigator.clipboard.writeText('')");
    const focused = () => page.evaluate<string>('probes.focusedText()');
    const outlined = () => page.evaluate<boolean>('probes.hasOutline()');

    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Skip to the content');
    expect((await page.locator('a.skip').boundingBox())?.y).toBe(0);
    await page.keyboard.press('Enter');
    expect(await focused()).toBe('Inbox and challenges');
    await page.keyboard.press('Tab');
    expect(await focused()).toContain(code);
    expect(await outlined()).toBe(true);
    await page.keyboard.press('Enter');
    await expect.poll(clipboard, PATIENTLY).toBe(code);

    // Back to the navigation, on to the events.
    const seen: string[] = [];
    while (seen.at(-1) !== 'Events') {
      await page.keyboard.press('Shift+Tab');
      seen.push(await focused());
      expect(await outlined()).toBe(true);
      expect(seen.length).toBeLessThan(10);
    }
    await page.keyboard.press('Enter');
    await expect.poll(focused, PATIENTLY).toBe('Events');
    await page.getByRole('heading', { name: 'Events', level: 1 }).waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.type('otp');
    await expect.poll(() => page.getByLabel('Find').inputValue(), PATIENTLY).toBe('otp');

    // Through all that there is and out again: nothing keeps the focus.
    await page.getByLabel('Find').fill('no such thing');
    const stops = new Set<string>();
    for (let presses = 0; presses < 30; presses++) {
      await page.keyboard.press('Tab');
      stops.add(await page.evaluate<string>('probes.focusedTag()'));
    }
    expect([...stops].some((stop) => stop === 'body')).toBe(true);
    expect([...stops].some((stop) => stop === 'a.skip')).toBe(true);
  });

  it('shows what others have named as text, and nothing else of it', async () => {
    const hostile = '<img src=x onerror=alert(1)>\u202e';
    const hook = `http://127.0.0.1:9/<b>hook</b>/${'x'.repeat(200)}`;
    let alerts = 0;
    page.on('dialog', (dialog) => ((alerts += 1), void dialog.dismiss()));
    await ui.world.configure([{ scope: 'transfer:write', mode: 'delegated', delegated: { delegation_hook: hook } }]);
    const eve = new Client(ui.world, await newKey());
    const send = eve.call.bind(eve);
    eve.call = (path, call) => send(path, { ...call, headers: { 'user-agent': '<b>eve</b>', ...call?.headers } });
    await eve.logIn(ADA);
    await eve.request('transfer:write', { metadata: { note: hostile } });
    await fetch(`${ui.world.url}/v1/session/<script>alert(1)</script>`);
    await view('Sessions');
    await page.getByText('<b>eve</b>', { exact: true }).waitFor();
    await view('Hooks');
    await page.getByText('failed', { exact: true }).click();
    await page.getByText(hostile.slice(0, 20)).waitFor();
    await view('Events');
    await page.getByLabel('Find').fill('script');
    await page.getByText('alert(1)').first().waitFor();
    expect(await page.locator('main').locator('b, img, script').count()).toBe(0);
    expect(alerts).toBe(0);
    await page.setViewportSize({ width: 380, height: 800 });
    await view('Hooks');
    await page.getByText('failed', { exact: true }).click();
    expect(await page.evaluate<number>('probes.widthOfPage()')).toBe(380);
  });

  it('has landmarks, one main heading, and a name for every control', async () => {
    await playAll();
    for (const name of VIEWS) {
      await view(name);
      await page.evaluate('probes.openAll()');
      for (const role of ['banner', 'navigation', 'main'] as const) expect(await page.getByRole(role).count()).toBe(1);
      expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1);
      const nameless = await page.evaluate<string[]>('probes.namelessControls()');
      expect(nameless).toEqual([]);
    }
  });

  it.each(['light', 'dark'] as const)('can be read in %s, wide and narrow', async (colorScheme) => {
    await playAll();
    await page.emulateMedia({ colorScheme });
    for (const width of [1240, 360]) {
      await page.setViewportSize({ width, height: 800 });
      for (const name of VIEWS) {
        await view(name);
        await page.evaluate('probes.openAll()');
        expect(await page.evaluate<number>('probes.widthOfPage()')).toBeLessThanOrEqual(width);
        expect(await page.evaluate<string[]>('probes.tooPale()')).toEqual([]);
        expect(await page.evaluate<string[]>('probes.tooFaint()')).toEqual([]);
      }
    }
    await page.getByRole('button', { name: 'Back to the start' }).click();
    await page.getByRole('button', { name: 'Advance by 1 min' }).click();
    await page.getByLabel('By a span of time').fill('soon');
    await page.getByLabel('By a span of time').press('Enter');
    await page.getByRole('alert').waitFor();
    expect(await page.evaluate<string[]>('probes.tooPale()')).toEqual([]);
    const ground = await page.evaluate<string>('probes.groundColour()');
    expect(ground).toBe(colorScheme === 'light' ? 'rgb(246, 246, 243)' : 'rgb(18, 20, 22)');
  });

  describe('and its token', () => {
    it('takes it out of the address at once, and works on after a reload', async () => {
      expect(page.url()).toBe(`${ui.address}#now`);
      await loggedIn(ui.world, ADA);
      await inbox().getByText(ADA).waitFor();
      await page.reload();
      await inbox().getByText(ADA).waitFor();
      await view('Events');
      await page.reload();
      await page.getByRole('heading', { name: 'Events', level: 1 }).waitFor();
      expect(await page.evaluate<[string, number]>('probes.keptElsewhere()')).toEqual(['', 0]);
    });

    it('says that there is none, in a window of its own, and takes a pasted address', async () => {
      const other = await ui.open(ui.address);
      await other.getByRole('heading', { name: 'This page needs the emulator’s token' }).waitFor();
      await other.getByLabel('Address or token').fill('http://127.0.0.1:4780/');
      await other.getByRole('button', { name: 'Open' }).click();
      await other.getByRole('alert').getByText('There is no token in it').waitFor();
      await other.getByLabel('Address or token').fill(ui.addressWithToken);
      await other.keyboard.press('Enter');
      await other.getByText('live', { exact: true }).waitFor();
      await other.close();
    });

    it('says that it is wrong', async () => {
      const other = await ui.open(`${ui.address}#token=wrong`);
      await other.getByRole('heading', { name: 'This token is not the emulator’s' }).waitFor();
      for (const colorScheme of ['light', 'dark'] as const) {
        await other.emulateMedia({ colorScheme });
        expect(await other.evaluate<string[]>('probes.tooPale()')).toEqual([]);
      }
      await other.reload();
      await other.getByRole('heading', { name: 'This page needs the emulator’s token' }).waitFor();
      await other.goto(ui.addressWithToken);
      await other.getByText('live', { exact: true }).waitFor();
      await other.close();
    });
  });

  it('is not shown in another page, and answers none', async () => {
    const elsewhere = await ui.browser.context.newPage();
    await elsewhere.goto('about:blank');
    const { controlUrl, controlToken } = ui.world.emulator.ready;
    await elsewhere.setContent(`<iframe src="${ui.address}"></iframe>`);
    // Where it is not let in, the browser puts a page of its own, which nobody may look into.
    await expect.poll(() => elsewhere.frames()[1]?.url(), PATIENTLY).toMatch(/^chrome-error:/);
    const called = await elsewhere.evaluate(
      ([url, token]) =>
        fetch(`${url}/messages`, { headers: { authorization: `Bearer ${token}` } }).then(
          () => 'answered',
          () => 'refused',
        ),
      [controlUrl, controlToken] as const,
    );
    expect(called).toBe('refused');
    await elsewhere.close();
  });

  it('outlives the emulator, and says when another one is there that does not know its token', async () => {
    const start = (port: number, controlToken: string) =>
      startWorld({ uiFolder: ui.folder, port, controlToken, onEvent: undefined });
    const first = await start(0, 'same');
    const { controlUrl } = first.emulator.ready;
    const port = Number(new URL(controlUrl).port);
    const other = await ui.open(`${controlUrl}/ui#token=same`);
    await sendCode(ADA, first.url);
    const code = other.getByRole('button', { name: /^Copy the code/ });
    await code.waitFor();
    await first.stop();
    await other.getByText('away, trying again …').waitFor();
    await other.getByText('The emulator cannot be reached.').waitFor();
    expect(await code.count()).toBe(1);
    expect(await other.evaluate<string[]>('probes.tooPale()')).toEqual([]);

    const second = await start(port, 'same');
    await other.getByText('live', { exact: true }).waitFor();
    await other.getByText('No message yet').waitFor();
    await sendCode(BOB, second.url);
    await other
      .getByRole('status')
      .getByText(/^New code \d+ for \+33698765432$/)
      .waitFor({ state: 'attached' });
    await second.stop();

    const third = await start(port, 'another');
    await other.getByRole('heading', { name: 'This token is not the emulator’s' }).waitFor();
    await other.close();
    await third.stop();
  });

  it('stays fast, and small, with 10,000 events and 500 messages', async () => {
    const { url } = ui.world;
    await fetch(`${url}/v1/session/nothing`);
    const begun = (await ui.world.control.exportState()) as {
      state: { logs: { events: { last: number; entries: { seq: number; value: unknown }[] } } };
    };
    const { events } = begun.state.logs;
    const value = events.entries.at(-1)?.value;
    events.entries = Array.from({ length: 9000 }, (_, at) => ({ seq: at + 1, value }));
    events.last = 9000;
    await view('Events');
    await page.evaluate('probes.watchBusy()');
    await ui.world.control.importState(begun);
    await page.getByText(/^\d+ of 900\d events$|^900\d events$/).waitFor();
    for (let batch = 0; batch < 15; batch++) {
      await Promise.all(Array.from({ length: 100 }, () => fetch(`${url}/v1/session/nothing`, { method: 'DELETE' })));
    }
    for (let batch = 0; batch < 10; batch++) {
      await Promise.all(Array.from({ length: 50 }, (_, at) => sendCode(`+336${10_000_000 + batch * 50 + at}`)));
    }
    // It has kept up with all of them; nothing held it for long, and it draws no more than it must.
    await page.getByText('message', { exact: true }).first().waitFor();
    expect(await page.evaluate<number>('probes.longestBusy()')).toBeLessThan(1000);
    expect(await page.locator('ol.events > li').count()).toBe(200);
    expect(await page.evaluate<number>("probes.busyFinding('nothing')")).toBeLessThan(1000);
    expect(await page.evaluate<number>("probes.busyFinding('no')")).toBeLessThan(1000);
    expect(await page.evaluate<number>("probes.busyFinding('')")).toBeLessThan(1000);
    await page.reload();
    await page.getByText(/^\d+ of 10000 events$/).waitFor();

    await view('Inbox');
    const letters = inbox().getByRole('listitem');
    await inbox().getByText('500', { exact: true }).waitFor();
    expect(await letters.count()).toBe(50);
    await page.getByRole('button', { name: 'Show more (450 older)' }).click();
    expect(await letters.count()).toBe(100);
    await loggedIn(ui.world, ADA);
    await letters.first().getByText(ADA).waitFor();
  });

  async function sendCode(to: string, url = ui.world.url): Promise<void> {
    const { status } = await fetch(`${url}/v1/session/otp`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ identifier: { type: 'phone_number', value: to } }),
    });
    expect(status).toBeLessThan(300);
  }

  /** Ada logs in and steps up. */
  async function stepOnce(): Promise<void> {
    scene = await playScene(ui.world);
    await stepUp(ui.world, scene.ada, ADA, 'transfer:write');
  }

  async function playAll(): Promise<void> {
    scene = await playScene(ui.world);
    await ui.world.control.fault({ match: { path: '/nowhere' }, do: { status: 500 } });
    await inbox().getByText(ADA).first().waitFor();
  }
});
