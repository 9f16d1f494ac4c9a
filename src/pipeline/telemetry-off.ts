/**
 * ONNX Runtime from 1.29 collects usage data by default on Linux and macOS: machine id, command line (with the names
 * of images), model facts; it keeps them in ~/.cache/Microsoft and sends them to Microsoft. Nothing may leave this
 * process but through the one door, so it is switched off before the library starts. Reading a long command line
 * also overflows its stack (vespa-engine/vespa#37786).
 *
 * Only the main thread's process.env is the real environment; a worker thread has a copy. Hence this is called where
 * workers are started as well as where sessions are made.
 */
export function switchTelemetryOff(): void {
  process.env.ORT_DISABLE_TELEMETRY = '1';
}
