/**
 * As much of @playwright/test as `playwright.ts` uses. The real types weigh more than the rest of our development dependencies may: they
 * are installed with the judges, who check the same file against them.
 */
declare module '@playwright/test' {
  export interface LaunchOptions {
    args?: string[];
  }
  export interface PlaywrightTestArgs {
    context: object;
    page: object;
    request: object;
  }
  export interface PlaywrightTestOptions {
    baseURL: string | undefined;
    ignoreHTTPSErrors: boolean;
  }
  export interface PlaywrightWorkerArgs {
    browser: object;
  }
  export interface PlaywrightWorkerOptions {
    browserName: 'chromium' | 'firefox' | 'webkit';
    launchOptions: LaunchOptions;
  }

  type Fixture<R, Args> = (args: Args, use: (value: R) => Promise<void>) => Promise<void>;

  type Fixtures<T, W, PT, PW> = {
    [K in keyof PW]?: [Fixture<PW[K], W & PW>, { scope: 'worker' }];
  } & {
    [K in keyof PT]?: Fixture<PT[K], T & W & PT & PW>;
  } & {
    [K in keyof W]: [W[K] | Fixture<W[K], W & PW>, { scope: 'worker'; option?: boolean }];
  } & {
    [K in keyof T]: Fixture<T[K], T & W & PT & PW>;
  };

  export interface TestType<TestArgs extends object, WorkerArgs extends object> {
    extend<T extends object, W extends object = object>(
      fixtures: Fixtures<T, W, TestArgs, WorkerArgs>,
    ): TestType<TestArgs & T, WorkerArgs & W>;
  }

  export const test: TestType<
    PlaywrightTestArgs & PlaywrightTestOptions,
    PlaywrightWorkerArgs & PlaywrightWorkerOptions
  >;
  export const expect: object;
}
