/** What happens in the emulator, in words for a person. */
import { printable } from '../../terminal/printable.js';
import type { EmulatorEvent } from '../../../emulator/emulator.js';
import type { Style } from '../../terminal/style.js';

/** One event as a line. `code` is that of a message, where it is to be shown. */
export function eventInWords(event: EmulatorEvent, code: string | undefined, style: Style): string {
  return `${style.dim(event.at.slice(11, 19))} ${told(event, code, style)}`;
}

/** True for what the line of the request says as well: why it was refused, which fault happened to it. */
export function isToldByRequest({ type, change }: EmulatorEvent): boolean {
  return type === 'refusal' || (type === 'fault' && change === 'happened');
}

function told(event: EmulatorEvent, code: string | undefined, style: Style): string {
  const field = (name: string): string => textOf(event[name]);
  switch (event.type) {
    case 'request': {
      const why = [event.refusal, event.fault && `fault ${field('fault')}`].filter(Boolean).map(textOf).join('; ');
      return `${field('method')} ${field('path')} ${statusOf(event, style)}${why === '' ? '' : `  ${why}`}`;
    }
    case 'refusal': {
      const by = event.code === null ? '' : ` ${field('code')}`;
      return `refused ${field('method')} ${field('path')} ${statusOf(event, style)}${by}: ${field('reason')}`;
    }
    case 'message': {
      const suppressed = event.suppressed === true ? ', suppressed' : '';
      return `${style.mark(field('channel'))} to ${field('to')} (${field('purpose')}${suppressed})${code === undefined ? '' : `: ${style.bold(code)}`}`;
    }
    case 'hook': {
      const verdict = event.verdict === null ? style.bad(`failed: ${field('words')}`) : style.mark(field('verdict'));
      return `hook ${field('url')} for ${field('scope')}: ${verdict} (${field('ms')} ms)`;
    }
    case 'challenge': {
      const step = event.step === null ? '' : `, now ${field('step')}`;
      const which = event.challengeId === null ? '' : ` ${field('challengeId')}`;
      return `challenge${which} for ${field('scope')}: ${style.mark(field('transition'))}${step}`;
    }
    case 'warning':
      return style.bad(`${field('url')}: ${field('words')}`);
    case 'token': {
      const { sub, scope, current_step: step } = (event.claims ?? {}) as Record<string, unknown>;
      const facts = [sub && `for ${textOf(sub)}`, scope && `scope ${textOf(scope)}`, step && `step ${textOf(step)}`];
      return `${field('kind')} token ${facts.filter(Boolean).join(', ')}`;
    }
    case 'session': {
      const why = event.reason === undefined ? '' : ` (${field('reason')})`;
      return `session ${field('sessionId')} of ${field('userId')} ${field('change')}${why}`;
    }
    case 'clock':
      return `clock at ${field('ageNow')}${event.frozen === true ? ', frozen' : ''}`;
    case 'fault': {
      const done = event.do === undefined ? '' : ` ${field('do')}`;
      return `fault${event.fault === undefined ? 's' : ` ${field('fault')}`} ${field('change')}${done}`;
    }
    default: {
      const { id: _id, type, at: _at, tenant: _tenant, ...fields } = event;
      return [type, ...Object.entries(fields).map(([name, value]) => `${name}=${textOf(value)}`)].join(' ');
    }
  }
}

function statusOf({ status }: EmulatorEvent, style: Style): string {
  if (status === null) return style.bad('dropped');
  return Number(status) >= 400 ? style.bad(textOf(status)) : style.good(textOf(status));
}

function textOf(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return printable(text);
}
