const { TestEnvironment } = require('jest-environment-node');

/**
 * jest runs tests in a realm of its own, whose typed arrays native modules do not recognise
 * ("tensor's data must be type of Float32Array"). Give the realm the outer ones.
 */
module.exports = class NodeEnvironment extends TestEnvironment {
  async setup() {
    await super.setup();
    Object.assign(this.global, {
      Float32Array,
      Float64Array,
      Uint8Array,
      Uint8ClampedArray,
      Int16Array,
      Uint16Array,
      Int32Array,
      Uint32Array,
      BigInt64Array,
      BigUint64Array,
      ArrayBuffer,
      SharedArrayBuffer
    });
    // Node 22 adds these to its own realm only; the HTTP client under the Kubernetes client relies on them.
    for (const name of ['dispose', 'asyncDispose'].filter(each => !(each in this.global.Symbol))) {
      Object.defineProperty(this.global.Symbol, name, { value: Symbol[name] });
    }
  }
};
