import { Value } from '@sinclair/typebox/value';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EvaluationDocument, EvaluationMessage, SweepDocument } from '../../src/protocol';
import { root } from '../cli/cli';
import { smallFddb } from './small-fddb';

jest.setTimeout(120_000);

let folder: string;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'veilbook-as-job-'));
  await smallFddb(at('FDDB'), 6);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What the command tells its parent, which asks it to stop or goes away at the first progress. */
function job(args: string[], atFirst?: 'stop' | 'leave'): Promise<{ code: number | null; messages: EvaluationMessage[] }> {
  return new Promise(settle => {
    const child = spawn(process.execPath, [join(root, 'veilbook/node/cli.mjs'), ...args, '--device=cpu', '--as-job'], {
      env: { ...process.env, ORT_DISABLE_TELEMETRY: undefined, VEILBOOK_STATE_DIR: at('state') },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      cwd: '/'
    });
    const messages: EvaluationMessage[] = [];
    child.on('message', message => {
      messages.push(message as EvaluationMessage);
      if (messages.length === 1 && atFirst === 'stop') {
        child.kill('SIGINT');
      } else if (messages.length === 1 && atFirst === 'leave') {
        child.disconnect();
      }
    });
    // A channel that was closed on this side never tells of its close.
    child.once(atFirst === 'leave' ? 'exit' : 'close', code => settle({ code, messages }));
  });
}

const invalid = (messages: readonly unknown[]) => messages.filter(message => !Value.Check(EvaluationMessage, message));

describe('--as-job', () => {
  it('tells how far an evaluation is, and its document with every bad record', async () => {
    const { code, messages } = await job(['evaluate', `--dataset=${at('FDDB')}`, '--workers=1']);
    expect(invalid(messages)).toEqual([]);
    expect(code).toBe(0);
    const told = messages.flatMap(message => (message.type === 'progress' ? [message.progress] : []));
    expect(told.map(({ images }) => images)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(told.at(-1)).toMatchObject({ of: 8, done: 1, seconds_left: 0 });
    const last = messages.at(-1)!;
    expect(last).toMatchObject({ type: 'report', report: { figure: null, document: { mode: 'clean', images: 6, bad: 2 } } });
    const { document } = (last as Extract<EvaluationMessage, { type: 'report' }>).report;
    expect(Value.Check(EvaluationDocument, document)).toBe(true);
    expect(document.bad_records).toHaveLength(2);
  });

  it('stops when it is told to, and the same request goes on', async () => {
    const stopped = await job(['sweep', `--dataset=${at('FDDB')}`, '--alphas=0.4,0.8', '--workers=1'], 'stop');
    expect(stopped.messages.at(-1)).toMatchObject({ type: 'error', error: { code: 'cancelled' } });
    expect(stopped.code).toBe(130);
    const { messages } = await job(['sweep', `--dataset=${at('FDDB')}`, '--alphas=0.4,0.8', '--workers=1']);
    expect(invalid(messages)).toEqual([]);
    expect(messages[0]).toMatchObject({ type: 'progress' });
    expect((messages[0] as Extract<EvaluationMessage, { type: 'progress' }>).progress.images).toBeGreaterThan(1);
    const { document, figure, notices } = (messages.at(-1) as Extract<EvaluationMessage, { type: 'report' }>).report;
    expect(Value.Check(SweepDocument, document)).toBe(true);
    expect(document).toMatchObject({ images: 6, bad: 2 });
    expect(figure).toMatch(/^<svg [^]*recovered by the strongest attacker/);
    expect(notices.at(-1)).toContain('2 looks at it');
  });

  it('ends when the process that started it goes away', async () => {
    const { code, messages } = await job(['evaluate', `--dataset=${at('FDDB')}`, '--workers=1'], 'leave');
    expect(code).not.toBe(0);
    expect(messages.every(({ type }) => type === 'progress')).toBe(true);
  });

  it('tells what it refuses', async () => {
    const { code, messages } = await job(['evaluate', `--dataset=${at('nowhere')}`]);
    expect(messages).toMatchObject([{ type: 'error', error: { code: 'not_found' } }]);
    expect(code).toBe(2);
  });
});
