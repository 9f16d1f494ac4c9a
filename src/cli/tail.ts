import { Command } from 'commander';
import { inspect, type Inspected } from '../egress';
import { print } from './output';

export function tailCommand(): Command {
  return new Command('tail')
    .description('say what a model server says of a model: ports, versions, and what it has run; no tensor is sent')
    .argument('<url>', 'triton://host:port/model (tritons:// with TLS, triton+grpc://, tritons+grpc://)')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample: veilbook tail triton://inference.example:8000/face_detection_noisy')
    .action(async (url: string, { json }: { json?: boolean }) => {
      const found = await inspect(url);
      print(json ? { schema: 1, ...found } : describe(found));
    });
}

function describe({ destination, model, platform, versions, inputs, outputs, statistics }: Inspected): string {
  const ports = (each: Inspected['inputs']) =>
    each.map(({ name, datatype, shape }) => `${name} ${datatype} [${shape.join(', ')}]`).join(', ');
  return [
    `server    ${destination}`,
    `model     ${model} (${platform || 'platform unknown'}), version ${versions.join(', ') || 'not named'}`,
    `takes     ${ports(inputs)}`,
    `gives     ${ports(outputs)}`,
    ...statistics.map(ran)
  ].join('\n');
}

function ran({
  version,
  inference_count: samples,
  execution_count: runs,
  inference_stats: spent
}: Inspected['statistics'][number]) {
  const { success, fail, queue, compute_infer: infer } = spent;
  const mean = ({ count, ns }: { count: number; ns: number }) => (count > 0 ? `${(ns / count / 1e6).toFixed(1)} ms` : '-');
  return (
    `version ${version}  ${samples} samples in ${runs} runs, ${success.count} requests answered, ${fail.count} failed; ` +
    `mean of a request: ${mean(success)}, waiting ${mean(queue)}, in the model ${mean(infer)}`
  );
}
