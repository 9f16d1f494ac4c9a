import type { BatchJob } from '../protocol';

/** A notebook that follows a Job to its end, shows its table and, of a sweep, its curves; as nbformat 4.5. */
export function notebookOf({ name, namespace, request }: BatchJob): object {
  const sweep = request?.alphas !== undefined;
  const what = sweep ? 'Sweep' : 'Evaluation';
  const about = [
    `# Job ${name}`,
    '',
    ...(request
      ? [`Data set \`${request.dataset}\` of volume \`${request.claim}\`, namespace \`${namespace}\`.`]
      : [`Namespace \`${namespace}\`.`])
  ];
  const wait = [
    'import json, subprocess, sys',
    '',
    `name, namespace = ${JSON.stringify(name)}, ${JSON.stringify(namespace)}`,
    'command = [sys.executable, "-m", "veilbook", "job", "wait", name, "--namespace", namespace, "--json"]',
    ...(sweep ? ['command += ["--plot", f"{name}.svg"]'] : []),
    '# A Job that still runs is followed to its end.',
    'waited = subprocess.run(command, stdout=subprocess.PIPE, text=True)',
    'result = json.loads(waited.stdout)["result"] if waited.stdout else None',
    'print("\\n".join(result["lines"]) if result else f"No result: veilbook ended with exit code {waited.returncode}.")'
  ];
  const read = sweep ? '{"document": document, "notices": [], "figure": ""}' : '{"document": document, "notices": []}';
  const table = [
    `from veilbook.evaluated import ${what}`,
    '',
    '# Without results on the volume a Job has its closing lines alone.',
    'document = result and result["document"]',
    `${what}.read(${read}) if document else None`
  ];
  const curves = [
    'from pathlib import Path',
    '',
    'from IPython.display import SVG',
    '',
    'SVG(filename=f"{name}.svg") if Path(f"{name}.svg").exists() else None'
  ];
  const cells = [markdown(about), code('wait', wait), code('table', table), ...(sweep ? [code('curves', curves)] : [])];
  return {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: { kernelspec: { name: 'python3', display_name: 'Python 3 (ipykernel)', language: 'python' } },
    cells
  };
}

const markdown = (lines: string[]) => ({ id: 'about', cell_type: 'markdown', metadata: {}, source: lines.join('\n') });

const code = (id: string, lines: string[]) => ({
  id,
  cell_type: 'code',
  metadata: {},
  source: lines.join('\n'),
  outputs: [],
  execution_count: null
});
