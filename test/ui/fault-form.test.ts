import { describe, expect, it } from 'vitest';
import { faultOf, type FaultForm } from '../../src/ui/fault-form.js';

const BLANK: FaultForm = { kind: 'status', value: '500', method: '', path: '', identity: '', times: '', everyNth: '' };

describe('a new fault', () => {
  it.each([
    [{}, { do: { status: 500 } }],
    [
      { times: '1', path: ' /v1/* ' },
      { match: { path: '/v1/*' }, times: 1, do: { status: 500 } },
    ],
    [
      { method: 'POST', identity: '+1', everyNth: '3', kind: 'truncate', value: '0' },
      { match: { method: 'POST', identity: '+1' }, everyNth: 3, do: { truncate: 0 } },
    ],
    [{ kind: 'latencyMs', value: '1.5s' }, { do: { latencyMs: 1500 } }],
    [{ kind: 'skewDateSeconds', value: '-5m' }, { do: { skewDateSeconds: -300 } }],
    [{ kind: 'dropBefore', value: '' }, { do: { drop: 'before' } }],
    [{ kind: 'dropAfter', value: '' }, { do: { drop: 'after' } }],
    [{ kind: 'hookTimeout', value: '' }, { do: { hookTimeout: true } }],
    [{ times: 'often' }, { times: 'often', do: { status: 500 } }],
    [{ value: '' }, { do: { status: '' } }],
  ] as [Partial<FaultForm>, object][])('%j', (given, body) => {
    expect(faultOf({ ...BLANK, ...given })).toEqual(body);
  });

  it('says what a span of time looks like', () => {
    expect(() => faultOf({ ...BLANK, kind: 'latencyMs', value: 'soon' })).toThrow('How long takes a span of time');
  });
});
