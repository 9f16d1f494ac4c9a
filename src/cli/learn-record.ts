import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type LearnReport, type LearnRequest } from '../protocol';

/** Beside the artefact: what was asked for, and what came of it. */
const RECORD = '.learned.json';

interface Record {
  request: LearnRequest;
  report: LearnReport;
}

/** Keep the report of a finished pass. A folder that takes no more files loses the record, not the artefact. */
export async function remember(request: LearnRequest, report: LearnReport): Promise<void> {
  const record: Record = { request: whole(request), report };
  await writeFile(join(request.out, RECORD), JSON.stringify(record)).catch(() => undefined);
}

/** The report of the artefact that is there, if it was learned by the same request and is still the same; else null. */
export async function recall(request: LearnRequest): Promise<LearnReport | null> {
  try {
    const record = JSON.parse(await readFile(join(request.out, RECORD), 'utf8')) as Record;
    const document = await readFile(join(request.out, 'obfuscation.json'));
    const unchanged = createHash('sha256').update(document).digest('hex') === record.report.artefact.sha256;
    return unchanged && isDeepStrictEqual(record.request, whole(request)) ? record.report : null;
  } catch {
    return null;
  }
}

/** The same folder may be named in several ways. */
function whole(request: LearnRequest): LearnRequest {
  return { ...request, images: resolve(request.images), out: resolve(request.out) };
}
