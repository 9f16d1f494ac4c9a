export { canonical } from './canonical';
export { ledgerFolder } from './files';
export { Ledger, type LedgerOptions } from './ledger';
export { checkReceipt, receiptOf, type ReceiptVerdict } from './receipt';
export { verifyLedger } from './verify';
export { viewLedger } from './view';
