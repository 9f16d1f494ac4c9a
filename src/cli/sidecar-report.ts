import type { DeviceInfo, ModelSummary, RunSummary, SidecarStatus } from '../protocol';

/** The lines of `veilbook sidecar status`. */
export function describeStatus(status: SidecarStatus, now: Date): string[] {
  const { hello, clients, started, devices, active_device, model, defaults, notices, runs } = status;
  const up = duration(now.getTime() - new Date(started).getTime());
  return [
    row('sidecar', `running, pid ${hello.pid}, ${count(clients, 'client')}, up ${up}, version ${hello.version}`),
    row('devices', `${devices.map(describeDevice).join(' · ')}   auto is ${active_device}`),
    row('model', describeModel(model)),
    row('defaults', `ALPHA ${defaults.alpha}, device ${defaults.device}`),
    ...runs.slice(0, 1).map(run => row('last run', describeRun(run))),
    ...notices.map(notice => row('note', notice))
  ];
}

export function row(name: string, text: string): string {
  return `${name.padEnd(10)}${text}`.trimEnd();
}

function describeDevice({ id, name, memory_used_mib: used, memory_total_mib: total, usable, reason }: DeviceInfo): string {
  if (!usable) {
    return `${id} not usable: ${reason}`;
  }
  const memory = used !== null && total !== null ? ` (${gib(used)} of ${gib(total)} GiB)` : '';
  return `${id} ${name}${memory}`;
}

function describeModel({ name, bundled, parameters, artefact }: ModelSummary): string {
  const origin = bundled ? 'bundled, ' : '';
  const about = `${name} (${origin}${(parameters / 1e6).toFixed(1)} M parameters)`;
  if (!artefact) {
    return `${about}   no artefact: noisy runs are refused`;
  }
  const state = artefact.calibrated ? 'calibrated' : 'uncalibrated';
  return `${about}   artefact ${state}, ALPHA ${artefact.alpha_min} … ${artefact.alpha_max}`;
}

function describeRun({ image, mode, alpha, calibrated, faces, total_ms, device, error }: RunSummary): string {
  const how = alpha === null ? mode : `${mode}, ALPHA ${alpha}${calibrated === false ? ' (uncalibrated)' : ''}`;
  return error
    ? `${image}: ${how}: ${error}`
    : `${image}: ${how}, ${count(faces ?? 0, 'face')}, ${total_ms.toFixed(0)} ms on ${device}`;
}

function count(n: number, thing: string): string {
  return `${n} ${thing}${n === 1 ? '' : 's'}`;
}

function gib(mib: number): string {
  return (mib / 1024).toFixed(1);
}

function duration(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) {
    return `${Math.max(0, Math.floor(ms / 1000))} s`;
  }
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
