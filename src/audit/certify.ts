import { createHash } from 'node:crypto';
import { loadModel, writeCertificate } from '../models';
import { requireObfuscation } from '../pipeline/noise';
import { VeilError, type AuditReport } from '../protocol';

/**
 * Write what a full audit found of each ALPHA beside the artefact: from then on the product says it with the ALPHA.
 * @param model name or folder
 * @returns the file
 * @throws VeilError `bad_request` for an audit that is not full, not valid, or of other ALPHAs; `artefact_mismatch` when the
 *   artefact is another than the one that was audited; `output_unwritable`
 */
export async function certify(report: AuditReport, model: string | undefined): Promise<string> {
  const { sha256, document, dir } = requireObfuscation(await loadModel(model));
  const knots = document.knots.map(({ alpha }) => alpha).join();
  if (report.effort !== 'full' || report.verdict !== 'valid' || report.alphas.map(({ alpha }) => alpha).join() !== knots) {
    throw new VeilError(
      'bad_request',
      `This audit is ${report.effort} and ${report.verdict}; a certificate needs a full and valid one of every knot. Nothing was certified.`,
      'Look at what failed first.'
    );
  }
  if (report.artefact.sha256 !== sha256) {
    throw new VeilError(
      'artefact_mismatch',
      'The artefact was replaced while it was audited. Nothing was certified.',
      'Audit the new one.'
    );
  }
  return writeCertificate(dir, {
    schema: 1,
    artefact_sha256: sha256,
    audit_sha256: createHash('sha256').update(JSON.stringify(report)).digest('hex'),
    created: report.created,
    tool: report.tool,
    knots: report.alphas.map(({ alpha, alpha_certified: certified, strongest: { r2, name: attack } }) => ({
      alpha,
      certified,
      r2,
      attack
    }))
  });
}
