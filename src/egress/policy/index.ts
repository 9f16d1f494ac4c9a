export { destinationOf, parseDestination, type Destination } from './destination';
export { BUILT_IN, loadPolicy, readPolicy, type PolicyFile, type PolicyInForce } from './files';
export { insecure } from './insecure';
export { judge, refusalOf, type CallFlags } from './judge';
export { networkPolicy, type NetworkRules, type NetworkScope } from './network';
export { strictest } from './strictest';
