import { describe, expect, it } from 'vitest';
import { ZwireError } from '../../bytes/zwire-error.ts';
import { exitCodeForError, renderError } from './error-text.ts';

const plain = { colour: false, debug: false };

describe('errors in words', () => {
  it('are a message with its code, and what to do, indented', () => {
    const error = new ZwireError('PRIVILEGE_MISSING', 'cannot open a packet socket on eth0', {
      hint: 'Grant it:\nsudo setcap cap_net_raw+ep "$(command -v node)"',
    });
    expect(renderError(error, plain)).toBe(
      'zwire: cannot open a packet socket on eth0 (PRIVILEGE_MISSING)\n' +
        '  Grant it:\n  sudo setcap cap_net_raw+ep "$(command -v node)"',
    );
  });

  it('carry nothing that moves the cursor, whoever wrote the message', () => {
    const text = renderError(new ZwireError('REFUSED', 'no\x1b[2J\nway', { hint: '\x07' }), plain);
    expect(text).toBe('zwire: no?[2J way (REFUSED)\n  ?');
  });

  it('show causes and stacks under --debug, to a bound', () => {
    let error = new Error('the root of it');
    for (let depth = 0; depth < 50; depth += 1) error = new Error(`level ${depth}`, { cause: error });
    const text = renderError(new ZwireError('SINK_FAILED', 'x', { cause: error }), { ...plain, debug: true });
    expect(text).toContain('caused by: Error: level 49');
    expect(text.match(/caused by/g)?.length).toBe(7);
  });

  it('say so when they are a fault of ours', () => {
    expect(renderError(new TypeError('x is undefined'), plain)).toMatch(
      /^zwire: unexpected error: x is undefined\n {2}This is a fault in zwire/,
    );
    expect(renderError('text', plain)).toContain('unexpected error: text');
    expect(renderError(undefined, plain)).toContain('unexpected error');
  });

  it.each([
    [new ZwireError('USAGE', ''), 2],
    [new ZwireError('NO_RECEIVER', ''), 3],
    [new ZwireError('REFUSED', ''), 4],
    [new ZwireError('PRIVILEGE_MISSING', ''), 5],
    [new ZwireError('SINK_FAILED', ''), 1],
    [new ZwireError('INTERRUPTED', 'on the receiver'), 1],
    [Object.assign(new Error('of another class'), { code: 'PEER_LOST' }), 3],
    [Object.assign(new Error('from the system'), { code: 'ENOENT' }), 1],
    [Object.assign(new Error('no code of ours'), { code: 'toString' }), 1],
    [undefined, 1],
  ])('%s ends with exit code %d', (error, exitCode) => {
    expect(exitCodeForError(error)).toBe(exitCode);
  });
});
