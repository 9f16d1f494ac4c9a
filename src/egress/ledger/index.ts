export { canonical } from './canonical';
export { ledgerFolder } from './files';
export { Ledger, type LedgerOptions } from './ledger';
export { checkReceipt, type ReceiptVerdict } from './receipt';
export { verifyLedger } from './verify';
