/** What happens in the emulator, in words for a person. */
import { printable } from '../../terminal/printable.js';
import type { EmulatorEvent } from '../../../emulator/emulator.js';
import type { Style } from '../../terminal/style.js';

/** One event as a line. `code` is that of a message, where it is to be shown. */
export function eventInWords(event: EmulatorEvent, code: string | undefined, style: Style): string {
  return `${style.dim(event.at.slice(11, 19))} ${told(event, code, style)}`;
}

function told(event: EmulatorEvent, code: string | undefined, style: Style): string {
  const field = (name: string): string => textOf(event[name]);
  switch (event.type) {
    case 'request': {
      const status = event.status === null ? 'dropped' : field('status');
      const shown = Number(event.status) >= 400 || event.status === null ? style.bad(status) : style.good(status);
      const why = [event.refusal, event.fault && `fault ${field('fault')}`].filter(Boolean).map(textOf).join('; ');
      return `${field('method')} ${field('path')} ${shown}${why === '' ? '' : `  ${why}`}`;
    }
    case 'message': {
      const suppressed = event.suppressed === true ? ', suppressed' : '';
      return `${style.mark(field('channel'))} to ${field('to')} (${field('purpose')}${suppressed})${code === undefined ? '' : `: ${style.bold(code)}`}`;
    }
    case 'hook': {
      const verdict = event.verdict === null ? style.bad(`failed: ${field('words')}`) : style.mark(field('verdict'));
      return `hook ${field('url')} for ${field('scope')}: ${verdict} (${field('ms')} ms)`;
    }
    case 'warning':
      return style.bad(`${field('url')}: ${field('words')}`);
    case 'token': {
      const { sub, scope, current_step: step } = (event.claims ?? {}) as Record<string, unknown>;
      const facts = [sub && `for ${textOf(sub)}`, scope && `scope ${textOf(scope)}`, step && `step ${textOf(step)}`];
      return `${field('kind')} token ${facts.filter(Boolean).join(', ')}`;
    }
    default: {
      const { id: _id, type, at: _at, tenant: _tenant, ...fields } = event;
      return [type, ...Object.entries(fields).map(([name, value]) => `${name}=${textOf(value)}`)].join(' ');
    }
  }
}

function textOf(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return printable(text);
}
