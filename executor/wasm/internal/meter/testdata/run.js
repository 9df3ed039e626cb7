// Runs the rewritten modules of a folder under V8: node run.js FOLDER FUEL.
'use strict';
const fs = require('fs'), path = require('path'), crypto = require('crypto');
const [dir, fuel] = process.argv.slice(2);
const outcomes = [];
for (const name of fs.readdirSync(dir).filter((n) => n.endsWith('.wasm')).sort()) {
  const module = new WebAssembly.Module(fs.readFileSync(path.join(dir, name)));
  const empty = {};
  const { exports } = new WebAssembly.Instance(module, { 'theta:host': { refill() { throw empty; } } });
  exports['theta:fuel'].value = BigInt(fuel);
  const traces = ['theta:trace-0', 'theta:trace-1'].map((name) => exports[name]);
  traces.forEach((trace, i) => { trace.value = BigInt(i + 1); });
  let end = 'returned';
  try {
    exports._start();
    exports['theta:trace-globals']();
  } catch (e) {
    if (e === empty) end = 'empty';
    else if (e instanceof WebAssembly.RuntimeError) end = 'trapped';
    else throw e;
  }
  const memory = crypto.createHash('sha256').update(new Uint8Array(exports.memory.buffer)).digest('hex');
  outcomes.push({ end, fuel: Number(exports['theta:fuel'].value), memory, traces: traces.map((t) => BigInt.asUintN(64, t.value).toString()) });
}
process.stdout.write(JSON.stringify(outcomes));
