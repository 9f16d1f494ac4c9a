/** Attacks on what leaves, checks that it is what the artefact declares, and what an audit says of both. */
export { type Attack, type Knowledge, type Pairs, type Reconstructor } from './attack';
export { certify } from './certify';
export { NAMES as ATTACK_NAMES } from './attacks';
export { loadAttack } from './program';
export { productSender } from './product-sender';
export { auditModel, verdictOf, type AuditHooks } from './run';
export { writeReport } from './report';
export { type Sender } from './sender';
export { type Sizes } from './sizes';
