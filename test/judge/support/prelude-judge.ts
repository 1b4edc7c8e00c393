/** The SDK in a browser before the emulator, with a hook and a recorder between them: what every judgement of it needs. */
import type { PreludeDriver } from '../pages/prelude.js';
import { launchChromium, type Browser } from './chromium.js';
import { runEmulator, type JudgedEmulator } from './emulator.js';
import { application, type Application } from './prelude-application.js';
import { startHook, type Hook } from './prelude-hook.js';
import { startRecorder, type Recorded, type Recorder } from './recorder.js';
import { openSdkPage, valueOf, type SdkPage } from './sdk-page.js';

export type Page = SdkPage<PreludeDriver>;
export type Sdk = Page['sdk'];

export interface Judge {
  emulator: JudgedEmulator;
  app: Application;
  hook: Hook;
  recorder: Recorder;
  page: Page;
  sdk: Sdk;
  /** A page that keeps nothing, with a new client in it; no calls of the hook and none recorded. Answers with an unused number. */
  begin(): Promise<string>;
  /** Logs a client in by a code to this number. */
  logIn(phone: string, sdk?: Sdk): Promise<void>;
  /** The calls since the last time: `POST /refresh 200`. */
  calls(): string[];
  /** A page in a browser of its own, as on another device. */
  otherDevice(): Promise<Page>;
  close(): Promise<void>;
}

export async function startJudge(): Promise<Judge> {
  const emulator = await runEmulator();
  const app = application(emulator.ready);
  const recorder = await startRecorder(emulator);
  const hook = await startHook(emulator.ready.prelude.jwksUrl);
  const browsers: Browser[] = [];
  const device = async (): Promise<Page> => {
    const browser = await launchChromium();
    browsers.push(browser);
    const page = await openSdkPage<PreludeDriver>(browser.context, 'prelude');
    await page.sdk.open(recorder.domain);
    return page;
  };
  const page = await device();
  const { sdk } = page;
  let users = 0;
  return {
    emulator,
    app,
    hook,
    recorder,
    page,
    sdk,
    async begin() {
      await page.reset();
      await sdk.open(recorder.domain);
      hook.calls.length = 0;
      recorder.take();
      users += 1;
      return `+336120000${String(users).padStart(2, '0')}`;
    },
    async logIn(phone, client = sdk) {
      valueOf(await client.startLogin(phone));
      valueOf(await client.checkLogin(await app.newestCode(phone)));
    },
    calls: () => recorder.take().map(shortly),
    otherDevice: device,
    close: async () => {
      await Promise.all(browsers.map((browser) => browser.close()));
      await hook.close();
      await recorder.close();
      await emulator.stop();
    },
  };
}

function shortly({ method, path, status }: Recorded): string {
  return `${method} ${path.replace('/v1/session', '')} ${status}`;
}
