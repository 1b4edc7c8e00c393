/** A real redis-server of a test's own: free port, temporary folder, nothing kept. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface RedisServer {
  port: number;
  /** A URL under which nobody else keeps anything. */
  url(): string;
  /** Freezes it: connections stay open and nothing is answered. */
  pause(): void;
  resume(): void;
  /** Ends it at once; what it held is gone. */
  kill(): Promise<void>;
  /** Starts it again on the same port after `kill`. */
  start(): Promise<void>;
  /** What a client types, as in `command('client', 'kill', 'type', 'pubsub')`. */
  command(...words: string[]): string;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** Why no test can have one; undefined when it is installed. */
export const NO_REDIS: string | undefined = spawnSync('redis-server', ['--version']).error
  ? 'redis-server is not installed: apt-get install redis-server'
  : undefined;

let names = 0;

export async function startRedis(...options: string[]): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'stepup-redis-'));
  const port = await freePort();
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    const own = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'];
    const started = spawn('redis-server', [...own, ...options], { stdio: ['ignore', 'pipe', 'ignore'] });
    child = started;
    let log = '';
    await new Promise<void>((resolve, reject) => {
      started.stdout.setEncoding('utf8').on('data', (text: string) => {
        log += text;
        if (log.includes('Ready to accept connections')) resolve();
      });
      started.once('exit', () => reject(new Error(`redis-server ended:\n${log}`)));
    });
  }
  async function kill(): Promise<void> {
    const ending = child;
    child = undefined;
    if (!ending || ending.exitCode !== null) return;
    ending.kill('SIGKILL');
    await once(ending, 'exit');
  }

  await start();
  return {
    port,
    url: () => `redis://127.0.0.1:${port}/0?namespace=test-${++names}`,
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    kill,
    start,
    command: (...words) => {
      const { stdout } = spawnSync('redis-cli', ['-p', String(port), ...words], { encoding: 'utf8', timeout: 5000 });
      return stdout.trim();
    },
    async stop() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
