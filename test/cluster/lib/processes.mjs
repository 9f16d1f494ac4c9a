/** Long-running parts: each has a pid file and a log. A pid file also holds the start time, so a reused pid is never taken for ours. */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { logs, pidFiles } from './places.mjs';

/** Start time of a live process in clock ticks since boot, undefined where there is none (a zombie counts as none). */
export function startTime(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function recorded(name) {
  const path = join(pidFiles, name);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
}

export function isRunning(name) {
  const known = recorded(name);
  return known !== undefined && startTime(known.pid) === known.started;
}

/** Start a part unless it runs. With `namespace` it starts inside that network namespace. */
export function ensure({ name, command, args, environment = {}, namespace }) {
  if (isRunning(name)) {
    return;
  }
  mkdirSync(pidFiles, { recursive: true });
  mkdirSync(logs, { recursive: true });
  const log = openSync(join(logs, `${name}.log`), 'a');
  // nsenter replaces itself by the command, so the pid is the command's. Not `ip netns exec`: that hides the cgroups.
  const line = namespace ? ['nsenter', `--net=${namespace}`, '--', command, ...args] : [command, ...args];
  const child = spawn(line[0], line.slice(1), {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, ...environment }
  });
  closeSync(log);
  child.on('error', error => writeFileSync(join(logs, `${name}.log`), `${error.message}\n`, { flag: 'a' }));
  if (child.pid) {
    writeFileSync(join(pidFiles, name), JSON.stringify({ pid: child.pid, started: startTime(child.pid) }));
    child.unref();
  }
}

/** The last lines of a part's log that say something went wrong, or simply its last lines. */
export function lastWords(name, lines = 5) {
  const path = join(logs, `${name}.log`);
  const all = existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
  const bad = all.filter(line => /^[EF]\d{4}|[Ee]rror|fatal|panic/.test(line));
  return (bad.length ? bad : all).slice(-lines).join('\n');
}

/** End parts in the order given, those not named last. Asks first, then kills after `seconds`. */
export async function endAll(order, seconds = 10) {
  const known = existsSync(pidFiles) ? readdirSync(pidFiles) : [];
  for (const name of [...order.filter(each => known.includes(each)), ...known.filter(each => !order.includes(each))]) {
    if (isRunning(name)) {
      const { pid } = recorded(name);
      process.kill(pid, 'SIGTERM');
      for (let waited = 0; isRunning(name) && waited < seconds * 1000; waited += 50) {
        await new Promise(resolve => setTimeout(resolve, 50));
      }
      if (isRunning(name)) {
        process.kill(pid, 'SIGKILL');
      }
    }
    rmSync(join(pidFiles, name), { force: true });
  }
}

/** Kill a set of processes that `list` finds, again until it finds none: what they start in between dies too. */
export async function killWhile(list) {
  for (let round = 0; round < 50; round++) {
    const pids = list();
    if (pids.length === 0) {
      return;
    }
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended by itself.
      }
    }
    await new Promise(resolve => setTimeout(resolve, 100));
  }
}
