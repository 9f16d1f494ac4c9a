import { Value } from '@sinclair/typebox/value';
import { Command, Option } from 'commander';
import { SweepDocument, VeilError } from '../protocol';
import { jobLines, jobTable, jobWords, resultText, submittedText } from './job-report';
import { requestOf, whole, withRequest, type JobFlags } from './job-request';
import { jobRun, type RunFlags } from './job-run';
import { Notices, print } from './output';
import { openDisplay } from './progress';
import { requireYes } from './workspace-act';

const AFTER = `
veilbook job manifest … | kubectl create -f - makes the Job that submit makes. veilbook rbac --jobs prints the Role for it.
Exit codes: 0 done; 2 wrong use, or no such Job, claim or snapshot; 3 images could not be used (the result is printed all the
same); 5 the cluster does not answer or allow it, or --timeout is over; 6 a quota is full; 130 stopped (the Job goes on); wait:
else what a pod ended with.`;

interface Where {
  namespace?: string;
  json?: boolean;
}

/** `veilbook job`: evaluations and sweeps as Jobs on Kubernetes. */
export function jobCommand(): Command {
  const job = new Command('job')
    .description('evaluate a data set on Kubernetes: in one pod, or in many that each take a part')
    .addHelpText('after', AFTER);
  const add = (name: string, description: string) =>
    job
      .command(name)
      .description(description)
      .option('--namespace <namespace>', 'default: of the kubeconfig’s context')
      .option('--json', 'print one JSON document');

  withRequest(job.command('submit').description('make a Job; the same words again mean the same Job')).action(submit);
  withRequest(job.command('manifest').description('print the Job as YAML for kubectl create -f')).action(manifest);
  add('list', 'list the Jobs, newest first').action(list);
  add('wait', 'follow a Job to its end and print its result')
    .argument('<name>')
    .addOption(new Option('--timeout <seconds>', 'how long at most; the Job goes on').argParser(whole(1)))
    .option('--plot <file>', 'of a sweep: draw accuracy and leakage over ALPHA as SVG')
    .action(wait);
  add('logs', 'print what the pods have printed, the newest of each shard')
    .argument('<name>')
    .addOption(new Option('--shard <n>', 'of this one alone').argParser(whole(0)))
    .addOption(new Option('--follow', 'go on until the Job is over').conflicts('json'))
    .action(logs);
  add('delete', 'remove a Job with its pods; what it wrote to the claim stays')
    .argument('<name>')
    .option('--yes', 'do not ask')
    .action(remove);
  job
    .command('run', { hidden: true })
    .description('in a pod: one shard’s part, and the merge after the last one')
    .requiredOption('--results <folder>')
    .addOption(new Option('--shards <n>').argParser(whole(1)).makeOptionMandatory())
    .argument('<command...>')
    .action((command: string[], flags: RunFlags) => jobRun(command, flags));
  return job;
}

async function manifest(flags: JobFlags): Promise<void> {
  const { objectsFor, openJobs, yamlOf } = await import('../jobs');
  const items = await objectsFor(requestOf(flags), flags.namespace, () => openJobs({ namespace: flags.namespace }));
  print(flags.json ? { apiVersion: 'v1', kind: 'List', items } : yamlOf(items));
}

async function submit(flags: JobFlags): Promise<void> {
  const request = requestOf(flags);
  const { openJobs, submit: make } = await import('../jobs');
  const submitted = await make(openJobs({ namespace: flags.namespace }), request);
  print(flags.json ? { schema: 1, ...submitted } : submittedText(submitted));
}

async function list({ namespace, json }: Where): Promise<void> {
  const { listJobs, openJobs } = await import('../jobs');
  const jobs = await listJobs(openJobs({ namespace }));
  print(json ? { schema: 1, jobs } : jobTable(jobs));
}

async function wait(
  name: string,
  { namespace, timeout, plot, json }: Where & { timeout?: number; plot?: string }
): Promise<void> {
  const { openJobs, waitForJob } = await import('../jobs');
  const [stop, notices] = [stopper(), new Notices()];
  const display = openDisplay(process.stderr, jobWords);
  try {
    const { job, result, exit } = await waitForJob(openJobs({ namespace }), name, {
      seconds: timeout,
      signal: stop,
      seen: seen => display.show(seen),
      trouble: line => notices.show(line)
    });
    display.close();
    jobLines(job, result).forEach(line => notices.show(line));
    if (plot !== undefined && Value.Check(SweepDocument, result?.document)) {
      const { writeSweepPlot } = await import('./evaluation-page');
      await writeSweepPlot(result.document, plot);
    }
    if (json) {
      print({ schema: 1, job, result });
    } else if (result !== null) {
      print(resultText(result));
    }
    process.exitCode = exit;
  } finally {
    display.close();
  }
}

async function logs(name: string, flags: Where & { shard?: number; follow?: boolean }): Promise<void> {
  const { followLogs, logsOf, openJobs } = await import('../jobs');
  const cluster = openJobs({ namespace: flags.namespace });
  const { shard, follow, json } = flags;
  const line = (from: number, text: string) => print(shard === undefined && from > 0 ? `[${from}] ${text}` : text);
  if (follow) {
    return followLogs(cluster, name, { shard, signal: stopper(), seen: line });
  }
  const log = await logsOf(cluster, name, shard);
  if (json) {
    print({ schema: 1, ...log });
  } else {
    log.pods.forEach(({ shard: from, lines }) => lines.forEach(text => line(from, text)));
  }
}

async function remove(name: string, flags: Where & { yes?: boolean }): Promise<void> {
  const { jobOf, openJobs, removeJob } = await import('../jobs');
  const cluster = openJobs({ namespace: flags.namespace });
  await jobOf(cluster, name);
  await requireYes(flags, `Remove Job ${name} with its pods and their logs?`);
  const notes = await removeJob(cluster, name);
  print(flags.json ? { schema: 1, removed: name, notes } : [`Job ${name} was removed.`, ...notes].join('\n'));
}

/** Ctrl-C leaves the Job as it is; a second one ends the process at once. */
function stopper(): AbortSignal {
  const stop = new AbortController();
  const stopped = new VeilError('cancelled', 'Stopped looking. The Job goes on.', '');
  process.once('SIGINT', () => stop.abort(stopped));
  return stop.signal;
}
