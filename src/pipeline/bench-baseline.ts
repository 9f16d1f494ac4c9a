import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Round } from './bench';

/** The answers of test/bench/baseline.py, one JSON line for each line sent. */
interface Ready {
  versions: Record<string, string>;
  faces: number;
}

/** cv2 and torch on the same graphs and the same frame, in a Python process that runs a round when it is told to. */
export class Baseline {
  private constructor(
    private readonly child: ChildProcessWithoutNullStreams,
    private readonly lines: AsyncIterator<string>,
    readonly ready: Ready
  ) {}

  /** Null with the reason where the script, Python, cv2 or torch are not there. */
  static async open(modelDir: string, jpeg: Buffer, alpha: number): Promise<{ baseline: Baseline | null; reason: string }> {
    const script = [process.cwd(), join(__dirname, '..', '..')]
      .map(root => join(root, 'test/bench/baseline.py'))
      .find(existsSync);
    if (!script) {
      return { baseline: null, reason: 'no baseline: test/bench/baseline.py comes with the repository only' };
    }
    const python = process.env.VEILBOOK_BASELINE_PYTHON ?? '/usr/bin/python3';
    const child = spawn(python, [script, modelDir, String(alpha)], { stdio: 'pipe' });
    let complaint = '';
    child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
    child.on('error', error => (complaint += error.message));
    // A process that could not start closes its end; its complaint is what is reported.
    child.stdin.on('error', () => undefined);
    child.stdin.write(`${jpeg.toString('base64')}\n`);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const first = await lines.next();
    if (first.done) {
      return { baseline: null, reason: `no baseline: ${complaint.trim().split('\n').at(-1) || `${python} said nothing`}` };
    }
    return { baseline: new Baseline(child, lines, JSON.parse(first.value)), reason: '' };
  }

  async round(threads: number): Promise<Round> {
    this.child.stdin.write(`${JSON.stringify({ threads })}\n`);
    const line = await this.lines.next();
    if (line.done) {
      throw new Error('The baseline process ended in the middle of the benchmark.');
    }
    return JSON.parse(line.value) as Round;
  }

  close(): void {
    this.child.stdin.end();
  }
}
